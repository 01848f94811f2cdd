/** The visitors whose exposure this isolate has told of: once each, as far as it remembers. */

/** Positions of all flags together, about 3 MB; then it begins anew, and repeats what does no harm. */
const MOST_KNOWN = 50_000

/** Of one flag, its latest attempt and stage. */
type OfFlag = { generation: number; stage: number; byVariant: Map<string, Set<number>> }

export class ExposedVisitors {
  readonly #flags = new Map<string, OfFlag>()
  #size = 0

  /** Whether a visitor was told of as exposed to this variant. */
  has({ flag, generation, stage }: Place, variant: string, position: number): boolean {
    const known = this.#flags.get(flag)
    if (known === undefined || known.generation !== generation || known.stage !== stage) return false
    return known.byVariant.get(variant)?.has(position) === true
  }

  add(place: Place, variant: string, position: number): void {
    if (this.#size >= MOST_KNOWN) {
      this.#flags.clear()
      this.#size = 0
    }
    const { byVariant } = this.#at(place)
    const known = byVariant.get(variant)
    if (known === undefined) byVariant.set(variant, new Set([position]))
    else known.add(position)
    this.#size++
  }

  #at({ flag, generation, stage }: Place): OfFlag {
    const known = this.#flags.get(flag)
    if (known?.generation === generation && known.stage === stage) return known
    for (const { size } of known?.byVariant.values() ?? []) this.#size -= size
    const begun = { generation, stage, byVariant: new Map() }
    this.#flags.set(flag, begun)
    return begun
  }
}

/** Where a flag's rollout stands. */
type Place = { readonly flag: string; readonly generation: number; readonly stage: number }
