/**
 * The visitors whose exposure this isolate has told of: once each, as far as it remembers. With a new document it tells of them
 * again, since the ledger may begin anew.
 */
import type { Measures } from '../../core/metrics/spec.ts'

/** Positions of all flags together, about 3 MB; then it begins anew, and repeats what does no harm. */
const MOST_KNOWN = 50_000

/** Of one flag, its latest attempt and stage. */
type OfFlag = Omit<Place, 'flag'> & { byVariant: Map<string, Set<number>> }

export class ExposedVisitors {
  readonly #flags = new Map<string, OfFlag>()
  #size = 0

  /** Whether a visitor was told of as exposed to this variant. */
  has(place: Place, variant: string, position: number): boolean {
    const known = this.#flags.get(place.flag)
    return known !== undefined && isAt(known, place) && known.byVariant.get(variant)?.has(position) === true
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

  #at(place: Place): OfFlag {
    const { flag, generation, stage, measures } = place
    const known = this.#flags.get(flag)
    if (known !== undefined && isAt(known, place)) return known
    for (const { size } of known?.byVariant.values() ?? []) this.#size -= size
    const begun = { generation, stage, measures, byVariant: new Map() }
    this.#flags.set(flag, begun)
    return begun
  }
}

/** Where a flag's rollout stands; `measures`: of one compiled document. */
type Place = { flag: string; generation: number; stage: number; measures: Measures }

function isAt(known: OfFlag, { generation, stage, measures }: Place): boolean {
  return known.generation === generation && known.stage === stage && known.measures === measures
}
