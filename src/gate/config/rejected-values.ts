/** Values in KV that are not valid: the status reports them, and none is parsed twice. */
import type { Problem } from '../../core/config/parse/problems.ts'

export type RejectedValue = {
  key: 'config' | 'kill' | 'state'
  hash: string
  seenAtMs: number
  problems: readonly Problem[]
}

export class RejectedValues {
  /** By key, what identifies the rejected value: a fingerprint, or the text itself. */
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

  /** The newest value of the key is valid. */
  lift(key: RejectedValue['key']): void {
    if (this.#list.length === 0) return
    this.#known.delete(key)
    this.#list = this.#list.filter((each) => each.key !== key)
  }
}
