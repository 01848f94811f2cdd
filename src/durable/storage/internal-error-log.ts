/** Exceptions that the gate's parts have survived, by place: one row, written with the books (books.ts). */
import { type InternalError, InternalErrors } from '../../core/counters/internal-errors.ts'
import type { TextStore } from './text-store.ts'

const ROW = 'internal errors'

export class InternalErrorLog {
  readonly #texts: TextStore
  readonly #errors: InternalErrors
  #isChanged = false

  constructor(texts: TextStore) {
    this.#texts = texts
    this.#errors = new InternalErrors(texts.getJson<InternalError[]>(ROW))
  }

  add(errors: readonly InternalError[] = []): void {
    if (errors.length === 0) return
    this.#errors.add(errors)
    this.#isChanged = true
  }

  get isChanged(): boolean {
    return this.#isChanged
  }

  save(): void {
    if (!this.#isChanged) return
    this.#isChanged = false
    this.#texts.putJson(ROW, this.#errors.toList())
  }

  all(): InternalError[] {
    return this.#errors.toList()
  }
}
