/** Exceptions that the gate's parts have survived, by place: one row, written with each batch that tells of any. */
import { type InternalError, InternalErrors } from '../../core/counters/internal-errors.ts'
import type { TextStore } from './text-store.ts'

const ROW = 'internal errors'

export class InternalErrorLog {
  readonly #texts: TextStore
  readonly #errors: InternalErrors

  constructor(texts: TextStore) {
    this.#texts = texts
    this.#errors = new InternalErrors(texts.getJson<InternalError[]>(ROW))
  }

  add(errors: readonly InternalError[] = []): void {
    if (errors.length === 0) return
    this.#errors.add(errors)
    this.#texts.putJson(ROW, this.#errors.toList())
  }

  all(): InternalError[] {
    return this.#errors.toList()
  }
}
