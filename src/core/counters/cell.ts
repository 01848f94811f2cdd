/**
 * A cell holds the counts of one flag, variant, arm, generation and stage. Cells are plain data: they add up, travel
 * as JSON and are stored in SQLite unchanged.
 */
import { type Arm, type Decision, EXCLUDED, type Placement } from '../decision/decide.ts'
import { FAILURE_KINDS, type FailureKind, type Outcome, type PairedAs } from '../outcome/outcome.ts'
import { type Histogram, merge as mergeHistogram, record as recordLatency } from './histogram.ts'
import {
  failureMark,
  mergeNetworks,
  type NetworkCounts,
  NO_NETWORK,
  networkAt,
  noteLatency,
} from './networks.ts'
import { countPaired, countQuestion, mergePairing, type Pairing } from './pairing.ts'
import {
  addSlot,
  type ClientErrors,
  countClientError,
  countWatched,
  mergeClientErrors,
  mergeWatched,
} from './slots.ts'
import { mergeSlices, mergeVisitors, noteSlice, type Slices, type VisitorMark } from './visitors.ts'

export type CellKey = {
  flag: string
  variant: string
  arm: Arm
  generation: number
  stage: number
  /** Only in arm `other`: a rule serves these visitors, unlike page affinity or an override. */
  isByRule?: boolean
}

export type Cell = CellKey & {
  requests: number
  errors: Record<FailureKind, number>
  latency: Histogram
  /** Distinct visitor slots (the upper 16 bits of a visitor's position) that met an error. */
  erroredBuckets: number[]
  /** What these errors prove; left out where there are none, and by senders of protocol 1. */
  pairing?: Pairing
  /** Answers that turned visitors away; left out where there are none. */
  clientErrors?: ClientErrors
  /** The canary's answers that its stage sets a limit for, by id; left out where there are none. */
  watched?: Record<string, ClientErrors>
  /** The strongest networks, of those that are compared. */
  networks?: NetworkCounts[]
  /** Distinct visitors that this sender has not told of before. */
  visitors?: VisitorMark[]
  /** Of control: latencies by who becomes canary next; of protocol 3. */
  slices?: Slices
  /** Documents that visitors asked for and got. */
  journeys: number
  /** Failed requests that the fallback answered: the visitor saw no failure. */
  rescued: number
  /** Durations that the app reported. */
  timings: Histogram
  /** Web vitals by name; the guard ignores them. Left out when there are none. */
  vitals?: Partial<Record<VitalName, Histogram>>
}

/** In milliseconds, except CLS: a ratio, counted in thousandths. */
export const VITAL_NAMES = ['LCP', 'INP', 'FCP', 'TTFB', 'CLS'] as const
export type VitalName = (typeof VITAL_NAMES)[number]

/** The cell in which the outcomes of a decision count. */
export function cellKeyOf({ flag, variant, placement, generation, stage, rule }: Decision): CellKey {
  const { arm } = placement
  return {
    flag,
    variant,
    arm,
    generation,
    stage,
    isByRule: arm === 'other' && rule !== undefined && placement !== EXCLUDED,
  }
}

export function emptyCell(key: CellKey): Cell {
  return {
    ...(key.isByRule === true && { isByRule: true }),
    flag: key.flag,
    variant: key.variant,
    arm: key.arm,
    generation: key.generation,
    stage: key.stage,
    requests: 0,
    errors: { status: 0, timeout: 0, connect: 0, 'aborted-by-origin': 0, reported: 0 },
    latency: {},
    erroredBuckets: [],
    journeys: 0,
    rescued: 0,
    timings: {},
  }
}

/** A text per key; no part can contain the separator. */
export function cellId(key: CellKey): string {
  const id = `${key.flag} ${key.variant} ${key.arm} ${key.generation} ${key.stage}`
  return key.isByRule === true ? `${id} rule` : id
}

/** Whether a key of the same flag is this cell's. */
function isOf(cell: Cell, key: CellKey): boolean {
  return (
    cell.arm === key.arm &&
    cell.stage === key.stage &&
    cell.generation === key.generation &&
    cell.variant === key.variant &&
    (cell.isByRule === true) === (key.isByRule === true)
  )
}

export function errorsOf(cell: Cell): number {
  return FAILURE_KINDS.reduce((sum, kind) => sum + cell.errors[kind], 0)
}

/** What is known of a failure besides its kind. */
export type FailureSource = { pairedAs: PairedAs; network: number }

/** The counts of a visitor's network; undefined where they have none, are not compared, or the table is full. */
function networkOf(cell: Cell, network: number, failed?: { hasFailed: true }): NetworkCounts | undefined {
  if (network === NO_NETWORK || cell.arm === 'other') return undefined
  cell.networks ??= []
  return networkAt(cell.networks, network, failed)
}

function countRequest(cell: Cell, latencyMs: number | undefined, network: number): void {
  cell.requests++
  const own = networkOf(cell, network)
  if (own !== undefined) own.requests++
  if (latencyMs === undefined) return
  recordLatency(cell.latency, latencyMs)
  if (own !== undefined) noteLatency(own, latencyMs)
}

/**
 * Counts one outcome, in place. A failed answer's latency is left out: it already counts as an error, once per
 * visitor, while one visitor's retries of a slowly failing page would make the whole variant look slow. A timeout is
 * slow by nature.
 */
export function countOutcome(cell: Cell, outcome: Outcome, network = NO_NETWORK): void {
  const isSlownessItsOwn = outcome.failure === undefined || outcome.failure === 'timeout'
  const latencyMs = isSlownessItsOwn ? outcome.latencyMs : undefined
  countRequest(cell, latencyMs, network)
  if (latencyMs !== undefined) noteSlice(cell, outcome.decision.placement, network, latencyMs)
  countEndOfOverdue(cell, outcome, network)
}

/** Counts a request in flight as slow once its deadline passes, in place. */
export function countOverdue(cell: Cell, ageMs: number, network = NO_NETWORK): void {
  countRequest(cell, ageMs, network)
}

/** Counts the outcome of a request whose number and latency are counted already, in place. */
export function countEndOfOverdue(cell: Cell, outcome: Outcome, network = NO_NETWORK): void {
  if (outcome.journey) countJourney(cell, network)
  if (outcome.rescued) cell.rescued++
  if (outcome.questioned) countQuestion(cell)
  if (outcome.watched !== undefined) noteWatched(cell, outcome.watched, outcome.decision.placement, network)
  if (outcome.isClientError) noteClientError(cell, outcome.decision.placement, network)
  if (outcome.failure === undefined) return
  const { pairedAs = 'unpaired' } = outcome
  countFailure(cell, outcome.failure, outcome.decision.placement, { pairedAs, network })
}

/** Counts a document that the visitor got, in place. */
export function countJourney(cell: Cell, network = NO_NETWORK): void {
  cell.journeys++
  const own = networkOf(cell, network)
  if (own !== undefined) own.journeys++
}

/** Counts a failure of a request that is counted already, such as a body that broke off, in place. */
export function countFailure(
  cell: Cell,
  kind: FailureKind,
  placement: Placement,
  { pairedAs, network }: FailureSource = UNPAIRED,
): void {
  cell.errors[kind]++
  if (placement.arm === 'other') return
  const slot = placement.position >>> 16
  const isNewAsSuch = countPaired(cell, pairedAs, failureMark(slot, network))
  const isNew = addSlot(cell.erroredBuckets, slot)
  const own = networkOf(cell, network, FAILED)
  if (own === undefined) return
  own.errors++
  if (isNew) own.errored++
  if (isNewAsSuch && pairedAs !== 'shared') own[pairedAs]++
}

const FAILED = { hasFailed: true } as const
const UNPAIRED: FailureSource = { pairedAs: 'unpaired', network: NO_NETWORK }

function noteClientError(cell: Cell, placement: Placement, network: number): void {
  if (placement.arm === 'other') {
    countClientError(cell)
    return
  }
  countClientError(cell, failureMark(placement.position >>> 16, network))
  const own = networkOf(cell, network)
  if (own !== undefined) own.clientErrors = (own.clientErrors ?? 0) + 1
}

function noteWatched(cell: Cell, ids: readonly string[], placement: Placement, network: number): void {
  if (placement.arm !== 'canary') return
  for (const id of ids) countWatched(cell, id, failureMark(placement.position >>> 16, network))
}

/** Counts a duration that the app reported, in place. */
export function countTiming(cell: Cell, durationMs: number, network = NO_NETWORK): void {
  recordLatency(cell.timings, durationMs)
  const own = networkOf(cell, network)
  if (own === undefined) return
  own.timings ??= {}
  recordLatency(own.timings, durationMs)
}

/** Counts a web vital, in place. */
export function countVital(cell: Cell, name: VitalName, value: number): void {
  cell.vitals ??= {}
  const histogram = cell.vitals[name] ?? {}
  recordLatency(histogram, value)
  cell.vitals[name] = histogram
}

/**
 * Adds `source` to `target`, in place; both must have the same key. While a deployment is under way, isolates of the
 * old version send cells without the new fields.
 */
export function mergeCell(target: Cell, source: Cell): void {
  target.requests += source.requests
  target.journeys += source.journeys
  target.rescued = (target.rescued ?? 0) + (source.rescued ?? 0)
  for (const kind of FAILURE_KINDS) target.errors[kind] += source.errors[kind] ?? 0
  mergeHistogram(target.latency, source.latency)
  mergeHistogram(target.timings, source.timings ?? {})
  for (const name of VITAL_NAMES) {
    const histogram = source.vitals?.[name]
    if (histogram === undefined) continue
    target.vitals ??= {}
    target.vitals[name] ??= {}
    mergeHistogram(target.vitals[name], histogram)
  }
  mergePairing(target, source)
  mergeClientErrors(target, source)
  if (source.watched !== undefined) {
    target.watched ??= {}
    mergeWatched(target.watched, source.watched)
  }
  for (const slot of source.erroredBuckets) addSlot(target.erroredBuckets, slot)
  if (source.networks !== undefined) {
    target.networks ??= []
    mergeNetworks(target.networks, source.networks)
  }
  if (source.visitors !== undefined) {
    target.visitors ??= []
    mergeVisitors(target.visitors, source.visitors)
  }
  if (source.slices !== undefined) {
    target.slices ??= {}
    mergeSlices(target.slices, source.slices)
  }
}

/** The counts alone: who is behind them is for the guard, and is not kept. */
export function withoutPeople({
  networks: _,
  visitors: __,
  slices: ___,
  watched: ____,
  ...counts
}: Cell): Cell {
  return counts
}

/** Cells by key; adding a cell with a known key sums the two. */
export class CellTable {
  readonly #cells: Cell[] = []
  /** A flag has few cells: comparing keys costs less than building a text. */
  readonly #byFlag = new Map<string, Cell[]>()

  constructor(cells: Iterable<Cell> = []) {
    this.add(cells)
  }

  get isEmpty(): boolean {
    return this.#cells.length === 0
  }

  /** The cell of a key, created on first use. */
  at(key: CellKey): Cell {
    const ofFlag = this.#byFlag.get(key.flag)
    if (ofFlag !== undefined) for (const cell of ofFlag) if (isOf(cell, key)) return cell
    const cell = emptyCell(key)
    this.#cells.push(cell)
    if (ofFlag === undefined) this.#byFlag.set(key.flag, [cell])
    else ofFlag.push(cell)
    return cell
  }

  add(cells: Iterable<Cell>): void {
    for (const cell of cells) mergeCell(this.at(cell), cell)
  }

  toList(): Cell[] {
    return [...this.#cells]
  }
}
