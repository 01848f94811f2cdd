/**
 * Networks: who the visitors behind a cell's counts are, as far as one network weighs. A verdict must hold without the
 * two strongest, so each cell says what its strongest have done.
 *
 * A network is 32 bits of a keyed hash of a client's /24 or /48 (gate/request/network.ts).
 */
import { type Histogram, merge as mergeHistogram, record } from './histogram.ts'

/** Loopback, private addresses, development: never a strong network. */
export const NO_NETWORK = 0
/** All unknown addresses of production together. */
export const UNKNOWN_NETWORK = 1

export type NetworkCounts = {
  network: number
  requests: number
  /** Every failure, however often one visitor repeats it. */
  errors: number
  /** Visitor slots that this network was the first to add to the cell's list of that name. */
  errored: number
  discordant: number
  unpaired: number
  unasked: number
  journeys: number
  /** Answers that turned its visitors away. */
  clientErrors?: number | undefined
  latency?: Histogram | undefined
  /** Durations that the app reported. */
  timings?: Histogram | undefined
  /** How many earlier requests may be missing here, as the network came late to a full table; only while open. */
  missed?: number
  /** Latencies in milliseconds, only while open: most networks have few, and a histogram costs as much as twenty. */
  latenciesMs?: number[]
}

/** Networks that a flush tells of, per cell. */
export const MOST_NETWORKS = 8
/** Half of them are those with the most failures, the others those with the most requests. */
const BY_FAILURES = MOST_NETWORKS / 2
/** Networks that an open cell tells apart: each with more than a 32nd of its requests is among them. */
const MOST_OPEN = 32

/**
 * The counts of a network, made on first use; undefined where the table is full and has no place for it. As in
 * Space-Saving (Metwally, Agrawal & El Abbadi, 2005), a network takes the place of the one with the fewest requests, and
 * inherits its rank, not its counts. One that failed finds a place and keeps it; any other finds one the less often, the
 * higher the rank (Ben Basat et al., "Randomized admission policy", 2017): most visitors then cost one pass of the table.
 */
export function networkAt(
  networks: NetworkCounts[],
  network: number,
  { hasFailed }: { hasFailed: boolean } = COUNTED,
): NetworkCounts | undefined {
  let weakest = -1
  let fewest = Number.POSITIVE_INFINITY
  for (let index = 0; index < networks.length; index++) {
    const each = networks[index] as NetworkCounts
    if (each.network === network) return each
    const rank = each.requests + (each.missed ?? 0)
    if (rank >= fewest || each.errors > 0) continue
    fewest = rank
    weakest = index
  }
  if (networks.length < MOST_OPEN) {
    const counts = noCounts(network, 0)
    networks.push(counts)
    return counts
  }
  if (weakest < 0 || !(hasFailed || isAdmitted(fewest))) return undefined
  const counts = noCounts(network, fewest)
  networks[weakest] = counts
  return counts
}

const COUNTED = { hasFailed: false } as const

/** True for one in `rank` + 1 calls (a linear congruential generator; its higher bits are the better ones). */
function isAdmitted(rank: number): boolean {
  drawn = (Math.imul(drawn, 1_664_525) + 1_013_904_223) >>> 0
  return drawn * (rank + 1) < TWO_TO_32
}
let drawn = 1
const TWO_TO_32 = 4_294_967_296

function noCounts(network: number, missed: number): NetworkCounts {
  return {
    network,
    requests: 0,
    errors: 0,
    errored: 0,
    discordant: 0,
    unpaired: 0,
    unasked: 0,
    journeys: 0,
    missed,
  }
}

/** Counts the latency of a request, in place. */
export function noteLatency(counts: NetworkCounts, latencyMs: number): void {
  if (counts.latenciesMs === undefined) counts.latenciesMs = [latencyMs]
  else counts.latenciesMs.push(latencyMs)
}

/** What a sender tells of is among its strongest. */
const MERGED = { hasFailed: true } as const

/** Adds the counts of `source` to those of `target`, in place. */
export function mergeNetworks(target: NetworkCounts[], source: readonly NetworkCounts[]): void {
  for (const each of source) {
    const counts = networkAt(target, each.network, MERGED)
    if (counts === undefined) continue
    counts.requests += each.requests
    counts.errors += each.errors
    counts.errored += each.errored
    counts.discordant += each.discordant
    counts.unpaired += each.unpaired
    counts.unasked += each.unasked
    counts.journeys += each.journeys
    if (each.clientErrors !== undefined) counts.clientErrors = (counts.clientErrors ?? 0) + each.clientErrors
    counts.latency = sumOf(counts.latency, each.latency)
    counts.timings = sumOf(counts.timings, each.timings)
  }
}

function sumOf(target: Histogram | undefined, source: Histogram | undefined): Histogram | undefined {
  if (source === undefined) return target
  const sum = target ?? {}
  mergeHistogram(sum, source)
  return sum
}

/** The strongest networks, by failures and by requests: what a flush tells of. */
export function strongest(networks: readonly NetworkCounts[]): NetworkCounts[] {
  const byFailures = networks
    .filter(({ errors }) => errors > 0)
    .sort((a, b) => b.errors - a.errors || b.requests - a.requests)
    .slice(0, BY_FAILURES)
  const rest = networks
    .filter((each) => !byFailures.includes(each))
    .sort((a, b) => b.requests - a.requests || b.errors - a.errors)
  return [...byFailures, ...rest].slice(0, MOST_NETWORKS).map(closed)
}

/** The counts as they travel. */
function closed({ missed: _, latenciesMs, ...counts }: NetworkCounts): NetworkCounts {
  if (latenciesMs === undefined) return counts
  const latency = { ...counts.latency }
  for (const each of latenciesMs) record(latency, each)
  return { ...counts, latency }
}

/** Groups 1 to 30; group 0 is no network. */
export const NETWORK_GROUPS = 30
const SLOTS = 65_536

/** The group of a network, 0 to 30. */
export function groupOf(network: number): number {
  return network === NO_NETWORK ? 0 : 1 + ((network >>> 0) % NETWORK_GROUPS)
}

/**
 * A failing visitor as one number: the slot (16 bits), and above it the group of the visitor's network. The guard keeps
 * its sums by group and can leave any two groups out of a verdict, so it needs to store no network.
 *
 * @param slot the upper 16 bits of the visitor's position
 */
export function failureMark(slot: number, network: number): number {
  return slot + SLOTS * groupOf(network)
}

export function slotOf(mark: number): number {
  return mark % SLOTS
}

export function groupOfMark(mark: number): number {
  return Math.floor(mark / SLOTS)
}
