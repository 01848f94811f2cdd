/** Texts in KV that could not be taken: people are told of them, and none is parsed again while it stands there. */
import type { Problem } from '../core/config/problems.ts'
import { sha256Hex } from '../crypto.ts'

export type Refusal = {
  key: 'config' | 'kill' | 'state'
  hash: string
  seenAtMs: number
  problems: readonly Problem[]
}

export class Refusals {
  readonly #texts = new Map<Refusal['key'], string | null>()
  #list: readonly Refusal[] = []

  get list(): readonly Refusal[] {
    return this.#list
  }

  has(key: Refusal['key'], text: string | null): boolean {
    return this.#texts.get(key) === text
  }

  async add(key: Refusal['key'], text: string | null, problems: readonly Problem[], seenAtMs: number) {
    this.lift(key)
    this.#texts.set(key, text)
    const hash = await sha256Hex(text ?? '')
    this.#list = [...this.#list, { key, hash, seenAtMs, problems }]
  }

  /** The newest text of the key is a good one. */
  lift(key: Refusal['key']): void {
    if (this.#list.length === 0) return
    this.#texts.delete(key)
    this.#list = this.#list.filter((refusal) => refusal.key !== key)
  }
}
