/** Texts in KV that could not be taken: people are told of them, and none is parsed again while it stands there. */
import type { Problem } from '../../core/config/parse/problems.ts'

export type RejectedValue = {
  key: 'config' | 'kill' | 'state'
  hash: string
  seenAtMs: number
  problems: readonly Problem[]
}

export class RejectedValues {
  /** What was refused, by what it is known again by: a fingerprint, or the text itself. */
  readonly #known = new Map<RejectedValue['key'], string | null>()
  #list: readonly RejectedValue[] = []

  get list(): readonly RejectedValue[] {
    return this.#list
  }

  has(key: RejectedValue['key'], known: string | null): boolean {
    return this.#known.get(key) === known
  }

  add(key: RejectedValue['key'], known: string | null, each: Omit<RejectedValue, 'key'>): void {
    this.lift(key)
    this.#known.set(key, known)
    this.#list = [...this.#list, { key, ...each }]
  }

  /** The newest text of the key is a good one. */
  lift(key: RejectedValue['key']): void {
    if (this.#list.length === 0) return
    this.#known.delete(key)
    this.#list = this.#list.filter((each) => each.key !== key)
  }
}
