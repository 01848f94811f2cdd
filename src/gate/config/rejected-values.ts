/** Texts in KV that could not be taken: people are told of them, and none is parsed again while it stands there. */
import type { Problem } from '../../core/config/parse/problems.ts'

export type Refusal = {
  key: 'config' | 'kill' | 'state'
  hash: string
  seenAtMs: number
  problems: readonly Problem[]
}

export class Refusals {
  /** What was refused, by what it is known again by: a fingerprint, or the text itself. */
  readonly #known = new Map<Refusal['key'], string | null>()
  #list: readonly Refusal[] = []

  get list(): readonly Refusal[] {
    return this.#list
  }

  has(key: Refusal['key'], known: string | null): boolean {
    return this.#known.get(key) === known
  }

  add(key: Refusal['key'], known: string | null, refusal: Omit<Refusal, 'key'>): void {
    this.lift(key)
    this.#known.set(key, known)
    this.#list = [...this.#list, { key, ...refusal }]
  }

  /** The newest text of the key is a good one. */
  lift(key: Refusal['key']): void {
    if (this.#list.length === 0) return
    this.#known.delete(key)
    this.#list = this.#list.filter((refusal) => refusal.key !== key)
  }
}
