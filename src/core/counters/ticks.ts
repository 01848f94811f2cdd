/**
 * The counts of one flag between two looks of the guard: canary, control, and visitors whom a rule serves without
 * comparing them. Only the current generation and stage are judged; late counts of others are in the totals alone.
 */
import { type Cell, errorsOf } from './cell.ts'
import { type Histogram, merge as mergeHistogram } from './histogram.ts'
import { mergeNetworks, type NetworkCounts } from './networks.ts'
import { type Pairing, pairingOf } from './pairing.ts'
import { type ClientErrors, MOST_ERRORED_SLOTS, mergeWatched } from './slots.ts'
import { mergeSlices, mergeVisitors, type Slices, type VisitorMark } from './visitors.ts'

/** What one arm did since the look before. */
export type ArmTick = {
  requests: number
  /** Raw count; a request that times out is an error, one past its deadline is slow. */
  errors: number
  latency: Histogram
  /** Distinct visitor slots (0 … 65535) with at least one error. */
  erroredSlots: readonly number[]
  /** Whether a cell was full, so that there may be more errored slots. */
  slotsCut: boolean
  /** What the errors prove. */
  pairing: Readonly<Pairing>
  /** Answers that turned visitors away. */
  clientErrors: Readonly<{ requests: number; marks: readonly number[] }>
  /** The strongest networks of each sender. */
  networks: readonly NetworkCounts[]
  /** Distinct visitors that were not told of before. */
  visitors: readonly VisitorMark[]
  /** Of control: latencies by who becomes canary next. */
  slices: Readonly<Slices>
  /** Documents that visitors asked for and got. */
  journeys: number
  /** Durations that the app reported. */
  timings: Histogram
  /** Answers that a stage sets a limit for, by id; left out where there are none. */
  watched?: Readonly<Record<string, ClientErrors>>
}

export type ArmPair = {
  canary: ArmTick
  control: ArmTick
  /** Served by a rule but not compared, such as visitors listed by name. */
  others: ArmTick
  /** Of the generation's other stages; missing where none came late. */
  late?: { canary: ArmTick; control: ArmTick }
}

export const EMPTY_ARM: ArmTick = {
  requests: 0,
  errors: 0,
  latency: {},
  erroredSlots: [],
  slotsCut: false,
  pairing: pairingOf({ erroredBuckets: [] }),
  clientErrors: { requests: 0, marks: [] },
  networks: [],
  visitors: [],
  slices: {},
  journeys: 0,
  timings: {},
}

/** Sums a flag's cells of one generation and stage by arm; `off` is the flag's variant when off. */
export function armPair(cells: readonly Cell[], generation: number, stage: number, off: string): ArmPair {
  const current = cells.filter((cell) => cell.generation === generation && cell.stage === stage)
  const of = (arm: Cell['arm']) => current.filter((cell) => cell.arm === arm)
  const late = cells.filter((cell) => cell.generation === generation && cell.stage !== stage)
  const lateOf = (arm: Cell['arm']) => sum(late.filter((cell) => cell.arm === arm))
  return {
    canary: sum(of('canary')),
    control: sum(of('control')),
    others: sum(of('other').filter((cell) => cell.isByRule === true && cell.variant !== off)),
    ...(late.length > 0 && { late: { canary: lateOf('canary'), control: lateOf('control') } }),
  }
}

function sum(cells: readonly Cell[]): ArmTick {
  const latency: Histogram = {}
  const timings: Histogram = {}
  const networks: NetworkCounts[] = []
  const visitors: VisitorMark[] = []
  const slices: Slices = {}
  let requests = 0
  let errors = 0
  let journeys = 0
  let slotsCut = false
  for (const cell of cells) {
    requests += cell.requests
    errors += errorsOf(cell)
    journeys += cell.journeys
    mergeHistogram(latency, cell.latency)
    mergeHistogram(timings, cell.timings)
    slotsCut ||= cell.erroredBuckets.length >= MOST_ERRORED_SLOTS
    mergeNetworks(networks, cell.networks ?? [])
    mergeVisitors(visitors, cell.visitors ?? [])
    mergeSlices(slices, cell.slices ?? {})
  }
  return {
    requests,
    errors,
    latency,
    erroredSlots: distinct(cells.map(({ erroredBuckets }) => erroredBuckets)),
    slotsCut,
    pairing: sumOfPairings(cells.map(pairingOf)),
    clientErrors: sumOfClientErrors(cells.flatMap(({ clientErrors }) => clientErrors ?? [])),
    networks,
    visitors,
    slices,
    journeys,
    timings,
    ...watchedIn(cells),
  }
}

function watchedIn(cells: readonly Cell[]): Pick<ArmTick, 'watched'> {
  const watched: Record<string, ClientErrors> = {}
  for (const cell of cells) mergeWatched(watched, cell.watched)
  return Object.keys(watched).length === 0 ? {} : { watched }
}

function sumOfPairings(pairings: readonly Pairing[]): Pairing {
  const total = (count: (pairing: Pairing) => number) => pairings.reduce((sum, each) => sum + count(each), 0)
  return {
    discordant: distinct(pairings.map(({ discordant }) => discordant)),
    unpaired: distinct(pairings.map(({ unpaired }) => unpaired)),
    unasked: distinct(pairings.map(({ unasked }) => unasked)),
    sharedFailures: total(({ sharedFailures }) => sharedFailures),
    unaskedFailures: total(({ unaskedFailures }) => unaskedFailures),
    questions: total(({ questions }) => questions),
  }
}

function sumOfClientErrors(all: readonly ClientErrors[]): ClientErrors {
  return {
    requests: all.reduce((sum, { requests }) => sum + requests, 0),
    marks: distinct(all.map(({ marks }) => marks)),
  }
}

function distinct(lists: readonly (readonly number[])[]): number[] {
  return [...new Set(lists.flat())]
}
