/**
 * Distinct visitors, as a bottom-k sketch (Bar-Yossef et al., 2002): of the visitors' positions, mixed so that they are
 * spread evenly and no visitor can choose their own, the smallest `k`. A visitor counts once, however many requests they
 * make; the share of canary in the union of two sketches estimates the split.
 */
import type { Placement } from '../decision/decide.ts'
import { finalMix } from '../flags/murmur3.ts'
import { type Histogram, merge, record } from './histogram.ts'
import { groupOf, NETWORK_GROUPS, UNKNOWN_NETWORK } from './networks.ts'

/** A visitor: the mixed position, and the network that they came from first; 32 bits each. */
export type VisitorMark = [mixed: number, network: number]

/** Visitors that a sketch keeps: k. */
export const MOST_VISITORS = 64

/** Adds `source` to the sketch `target`, in place. */
export function mergeVisitors(target: VisitorMark[], source: readonly VisitorMark[]): void {
  for (const mark of source) if (!target.some(([mixed]) => mixed === mark[0])) target.push(mark)
  if (target.length <= MOST_VISITORS) return
  target.sort(([a], [b]) => a - b)
  target.length = MOST_VISITORS
}

/** The position of a visitor, mixed with a number that only the gate knows. */
export function mixed(position: number, seed: number): number {
  return finalMix(position ^ seed)
}

/** The visitors that a sender has told of. */
export class VisitorSketch {
  /** Ascending. */
  readonly #told: number[] = []

  /** Whether a visitor belongs to the sketch and is new there; from now on they are not. */
  take(mark: number): boolean {
    const told = this.#told
    if (told.length >= MOST_VISITORS && mark >= (told[MOST_VISITORS - 1] as number)) return false
    let [low, high] = [0, told.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((told[middle] as number) < mark) low = middle + 1
      else high = middle
    }
    if (told[low] === mark) return false
    told.splice(low, 0, mark)
    if (told.length > MOST_VISITORS) told.pop()
    return true
  }
}

/** Attempts and stages of one flag that are remembered: canary and control of the latest, and of the one before. */
const MOST_PER_FLAG = 4
const MOST_FLAGS = 500

/** A cell, as far as its visitors are concerned. */
type SeenCell = { flag: string; arm: string; generation: number; stage: number; visitors?: VisitorMark[] }
type Known = Pick<SeenCell, 'arm' | 'generation' | 'stage'> & { sketch: VisitorSketch }

/** The visitors that an isolate has told of, by flag, arm, generation and stage. */
export class Sketches {
  readonly #byFlag = new Map<string, Known[]>()

  /** Adds a visitor of canary or control to what the cell tells, where that is news. */
  see(cell: SeenCell, position: number, seed: number, network: number): void {
    const mark = mixed(position, seed)
    if (!this.#of(cell).take(mark)) return
    cell.visitors ??= []
    cell.visitors.push([mark, network])
  }

  #of({ flag, arm, generation, stage }: SeenCell): VisitorSketch {
    let known = this.#byFlag.get(flag)
    if (known === undefined) {
      if (this.#byFlag.size >= MOST_FLAGS) this.#byFlag.clear()
      known = []
      this.#byFlag.set(flag, known)
    }
    for (const each of known)
      if (each.arm === arm && each.stage === stage && each.generation === generation) return each.sketch
    const sketch = new VisitorSketch()
    if (known.length >= MOST_PER_FLAG) known.shift()
    known.push({ arm, generation, stage, sketch })
    return sketch
  }
}

/**
 * Control's latencies by slice: who becomes canary with the next stage (*coming*), who stays (*rest*), and of each, by
 * group of networks. Those who come next are seen here as control, so their latencies say how much of a difference
 * between the arms is the visitors' own (guard/latency/population.ts).
 *
 * Histogram by slice: 1 to 30 are the rest's groups, 31 to 60 those of the coming. Sparse.
 */
export type Slices = Record<number, Histogram>

/** Slices of each of the two. */
export const SLICES = NETWORK_GROUPS

/** A visitor's slice. Where networks are unknown, visitors are spread by their hash. */
function sliceOf({ position, isComing }: Extract<Placement, { arm: 'control' }>, network: number): number {
  const group = network > UNKNOWN_NETWORK ? groupOf(network) : 1 + (finalMix(position) % SLICES)
  return isComing === true ? SLICES + group : group
}

/** Counts a latency of control, in place. */
export function noteSlice(
  cell: { slices?: Slices },
  placement: Placement,
  network: number,
  latencyMs: number,
): void {
  if (placement.arm !== 'control' || placement.isComing === undefined) return
  cell.slices ??= {}
  const slice = sliceOf(placement, network)
  let histogram = cell.slices[slice]
  if (histogram === undefined) {
    histogram = {}
    cell.slices[slice] = histogram
  }
  record(histogram, latencyMs)
}

/** Adds `source` to `target`, in place. */
export function mergeSlices(target: Slices, source: Slices): void {
  for (const key in source) {
    const slice = Number(key)
    const own = target[slice] ?? {}
    merge(own, source[slice] ?? {})
    target[slice] = own
  }
}
