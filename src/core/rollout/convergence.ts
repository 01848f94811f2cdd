/** How far a new control state has come: which isolates decide by it, and how long the slowest took. */
import { coloOf, flushIntervalMsFor } from '../counters/back-pressure.ts'
import type { IsolateSighting } from '../counters/protocol.ts'

/** An isolate counts while it has been seen within this. */
export const ISOLATE_ACTIVE_MS = 60_000
/** Beyond a flush interval: the way through the shard, and what the clocks of two machines differ by. */
const GRACE_MS = 4_000

export type ColoConvergence = {
  colo: string
  /** Isolates that decide by the epoch or a later one. */
  converged: number
  /** Isolates that serve requests and don't have it yet. */
  behind: number
  /** Isolates that have been silent since the change: they serve nobody, and learn of it when they do. */
  idle: number
  slowestMs: number | null
}

export type Convergence = {
  converged: boolean
  slowestMs: number | null
  isolates: { converged: number; behind: number; idle: number }
  colos: ColoConvergence[]
}

type Shard = { shard: string; isolates: readonly IsolateSighting[] }

/** What isolates are asked for: whether one has it, and how long it took to get it where that is known. */
type Asked = {
  has(isolate: IsolateSighting): boolean
  delayMs?(isolate: IsolateSighting): number | undefined
}

/** Where the state of an epoch, made at `sinceMs`, has arrived by now. */
export function convergenceOf(
  epoch: number,
  sinceMs: number,
  shards: readonly Shard[],
  nowMs: number,
): Convergence {
  return converge(shards, nowMs, {
    has: (isolate) => isolate.epoch >= epoch,
    delayMs: (isolate) => (isolate.epoch === epoch ? Math.max(0, isolate.epochAtMs - sinceMs) : undefined),
  })
}

/** Where the document of this hash has arrived. Isolates don't say since when they have one. */
export function documentConvergenceOf(hash: string, shards: readonly Shard[], nowMs: number): Convergence {
  return converge(shards, nowMs, { has: (isolate) => isolate.usedHash === hash })
}

function converge(shards: readonly Shard[], nowMs: number, asked: Asked): Convergence {
  const byColo = Map.groupBy(shards, ({ shard }) => coloOf(shard))
  const colos = [...byColo]
    .map(([colo, members]) => ofColo(colo, isolatesOf(members), nowMs, asked))
    .filter(({ converged, behind, idle }) => converged + behind + idle > 0)
  const sum = (part: 'converged' | 'behind' | 'idle') => colos.reduce((total, colo) => total + colo[part], 0)
  const isolates = { converged: sum('converged'), behind: sum('behind'), idle: sum('idle') }
  return { converged: isolates.behind === 0, slowestMs: slowest(colos), isolates, colos }
}

function ofColo(
  name: string,
  isolates: readonly IsolateSighting[],
  nowMs: number,
  { has, delayMs }: Asked,
): ColoConvergence {
  const colo: ColoConvergence = { colo: name, converged: 0, behind: 0, idle: 0, slowestMs: null }
  const active = isolates.filter(({ seenAtMs }) => nowMs - seenAtMs < ISOLATE_ACTIVE_MS)
  const silentAfterMs = flushIntervalMsFor(active.length) + GRACE_MS
  for (const isolate of active) {
    if (has(isolate)) {
      colo.converged++
      const delay = delayMs?.(isolate)
      if (delay !== undefined) colo.slowestMs = Math.max(colo.slowestMs ?? 0, delay)
    } else if (nowMs - isolate.seenAtMs > silentAfterMs) colo.idle++
    else colo.behind++
  }
  return colo
}

/** The isolates of a colo's shards. One that has moved from shard to shard is known to both. */
export function isolatesOf(shards: readonly Pick<Shard, 'isolates'>[]): IsolateSighting[] {
  const latest = new Map<string, IsolateSighting>()
  for (const sighting of shards.flatMap(({ isolates }) => isolates)) {
    const known = latest.get(sighting.isolate)
    if (known === undefined || known.seenAtMs < sighting.seenAtMs) latest.set(sighting.isolate, sighting)
  }
  return [...latest.values()]
}

function slowest(colos: readonly ColoConvergence[]): number | null {
  const known = colos.flatMap(({ slowestMs }) => (slowestMs === null ? [] : [slowestMs]))
  return known.length === 0 ? null : Math.max(...known)
}
