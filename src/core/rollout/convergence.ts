/** Convergence: which isolates decide by a new control state, and how long the slowest took. */

import { coloOf, flushIntervalMsFor } from '../counters/load/back-pressure.ts'
import type { IsolateSighting } from '../counters/protocol.ts'
import { grouped } from '../grouped.ts'

/** An isolate counts while seen within this time. */
export const ISOLATE_ACTIVE_MS = 60_000
/** Allowed beyond a flush interval: the way through the shard, and clock skew. */
const GRACE_MS = 4_000

export type ColoConvergence = {
  colo: string
  /** On the epoch or a later one. */
  converged: number
  /** Serving requests, but not there yet. */
  behind: number
  /** Silent since the change: they serve no traffic, and hear of it with their next request. */
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

/** Whether an isolate has it, and how long it took, where known. */
type Asked = {
  /** How long an isolate's flush may wait to be forwarded. */
  unreportedMs?: number | undefined
  has(isolate: IsolateSighting): boolean
  delayMs?(isolate: IsolateSighting): number | undefined
}

/**
 * Convergence on an epoch whose state was made at `sinceMs` (ms since 1970). `unreportedMs`: how long a flush may have
 * waited to be forwarded; the isolate may have come while the Controller has not heard of it.
 */
export function convergenceOf(
  epoch: number,
  sinceMs: number,
  shards: readonly Shard[],
  nowMs: number,
  unreportedMs?: number,
): Convergence {
  return converge(shards, nowMs, {
    unreportedMs,
    has: (isolate) => isolate.epoch >= epoch,
    delayMs: (isolate) => (isolate.epoch === epoch ? Math.max(0, isolate.epochAtMs - sinceMs) : undefined),
  })
}

/** Convergence on the document with this hash. Isolates don't report since when they have one. */
export function documentConvergenceOf(
  hash: string,
  shards: readonly Shard[],
  nowMs: number,
  unreportedMs?: number,
): Convergence {
  return converge(shards, nowMs, { unreportedMs, has: (isolate) => isolate.usedHash === hash })
}

function converge(shards: readonly Shard[], nowMs: number, asked: Asked): Convergence {
  const byColo = grouped(shards, ({ shard }) => coloOf(shard))
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
  { has, delayMs, unreportedMs = 0 }: Asked,
): ColoConvergence {
  const colo: ColoConvergence = { colo: name, converged: 0, behind: 0, idle: 0, slowestMs: null }
  const active = isolates.filter(({ seenAtMs }) => nowMs - seenAtMs < ISOLATE_ACTIVE_MS)
  const silentAfterMs = flushIntervalMsFor(active.length) + GRACE_MS + unreportedMs
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

/** The isolates of a colo's shards; one that moved between shards is in both. */
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
