/**
 * `guard.traffic` and `guard.metrics` of a flag without a split: an ops toggle, a feature that is on for everybody. There is no
 * control, so journeys, or events of a metric per journey, are compared with the weeks before (run.ts says what that proves, and
 * what it doesn't). Pure.
 */
import { BLOCK_MS, HOUR_BLOCKS, HOUR_MS, type Hours, WEEK_HOURS, withHour } from './hours.ts'
import { afterBlocks, beginRun, isOutlived, type Limits, type Run, rebased } from './run.ts'

/** What was counted of a flag since the tick before, of all its visitors. */
export type FlagTraffic = {
  requests: number
  /** What is compared: journeys, or events of a metric. */
  journeys: number
  /** Requests that got another variant than `off`. */
  served: number
  /** Of a metric: the journeys in which its events came. */
  per?: number | undefined
}

export type BeforeAfterTick = FlagTraffic & {
  atMs: number
  /** Local time − UTC: weekday and hour are those of a place. */
  offsetMs: number
  generation: number
  /** Whether the flag may serve anything but `off`: enabled, neither killed nor rolled back. */
  isOpen: boolean
}

/** In storage, a few kilobytes. */
export type BeforeAfterState = {
  version: 1
  offsetMs: number
  hours: Hours
  /** Journeys of the hour `hours.until` so far; null where it has not been counted from its beginning. */
  hour: number | null
  /** `per` of that hour. */
  hourPer?: number | undefined
  /** The block that is being counted. */
  open: FlagTraffic & { block: number }
  /** The first block that no test has seen, and the journeys of it and those after it. */
  waiting: { from: number; journeys: number; per?: number | undefined }
  /** Null until the flag has served anyone. */
  run: Run | null
  /** Final for its generation. */
  decision: { generation: number; sentence: string } | null
}

export function initialBeforeAfter({
  atMs,
  offsetMs,
  per,
}: Pick<BeforeAfterTick, 'atMs' | 'offsetMs' | 'per'>): BeforeAfterState {
  const block = blockAt(atMs + offsetMs)
  return {
    version: 1,
    offsetMs,
    hours: { until: hourOf(block), values: [], ...(per !== undefined && { per: [] }) },
    hour: null,
    open: { block, ...NO_TRAFFIC },
    waiting: { from: block + 1, journeys: 0 },
    run: null,
    decision: null,
  }
}

/** A stored state; undefined where another release wrote it: the weeks are then learned anew. */
export function restoreBeforeAfter(stored: BeforeAfterState | undefined): BeforeAfterState | undefined {
  return stored?.version === 1 ? stored : undefined
}

const NO_TRAFFIC: FlagTraffic = { requests: 0, journeys: 0, served: 0 }
const blockAt = (localMs: number) => Math.floor(localMs / BLOCK_MS)
const hourOf = (block: number) => Math.floor(block / HOUR_BLOCKS)

/** A clock that moves further is that of another place, whose weeks are others. */
const MOST_SHIFT_MS = 2 * HOUR_MS
/** After a longer silence nothing is known of the weeks. */
const LONGEST_SILENCE = 2 * WEEK_HOURS
/** After a longer silence, or time off, what comes is compared anew with the hours before it. */
const MOST_WAITING_BLOCKS = 2 * HOUR_BLOCKS

/** State after a tick. Blocks are tested, and hours kept, as they end. */
export function stepBeforeAfter(
  limits: Limits,
  before: BeforeAfterState,
  tick: BeforeAfterTick,
): BeforeAfterState {
  const block = blockAt(tick.atMs + tick.offsetMs)
  const isElsewhere =
    Math.abs(tick.offsetMs - before.offsetMs) > MOST_SHIFT_MS ||
    Math.abs(hourOf(block) - before.hours.until) > LONGEST_SILENCE
  if (isElsewhere) return initialBeforeAfter(tick)
  const state = block === before.open.block ? before : atBlock(limits, before, tick, block)
  const { open, hour } = state
  return {
    ...state,
    hour: hour === null ? null : hour + tick.journeys,
    hourPer: (state.hourPer ?? 0) + (tick.per ?? 0),
    open: {
      block: open.block,
      requests: open.requests + tick.requests,
      journeys: open.journeys + tick.journeys,
      served: open.served + tick.served,
      per: (open.per ?? 0) + (tick.per ?? 0),
    },
  }
}

/** Another block begins. Where summer time begins or ends, an hour is missing or comes twice: such hours are not known. */
function atBlock(limits: Limits, before: BeforeAfterState, tick: BeforeAfterTick, block: number) {
  const isShifted = tick.offsetMs !== before.offsetMs
  const next = before.open.block + 1
  let state = closeBlocks(limits, before, tick, isShifted ? next : Math.max(block, next))
  if (isShifted) state = { ...state, offsetMs: tick.offsetMs, hour: null }
  while (state.hours.until < hourOf(block)) {
    state = closeHour(limits, state, tick)
    if (isShifted) state = { ...state, hour: null }
  }
  const waiting = isShifted ? { from: block + 1, journeys: 0 } : state.waiting
  return { ...state, waiting, open: { block, ...NO_TRAFFIC } }
}

/** Keeps the hour that is over. An hour without a request had none: no one tells of a silence. */
function closeHour(
  limits: Limits,
  state: BeforeAfterState,
  { generation }: BeforeAfterTick,
): BeforeAfterState {
  const { hour, hourPer = 0, run } = state
  const isBeforeAll = hour === null && state.hours.values.length === 0
  const hours = isBeforeAll
    ? { ...state.hours, until: state.hours.until + 1 }
    : withHour(state.hours, hour, hourPer)
  const next: BeforeAfterState = { ...state, hours, hour: 0, hourPer: 0 }
  if (run === null) return next
  const at = { generation, block: hours.until * HOUR_BLOCKS }
  switch (isOutlived(run, hours.until, limits)) {
    case 'no':
      return next
    case 'yes':
      return { ...next, run: rebased(run, hours, limits, at.block) }
    case 'begin-anew':
      return { ...next, run: beginRun(hours, limits, at) }
  }
}

/**
 * Tests the block that was counted, with those since, in which nothing came, up to before `to`, and with those before it
 * that served no visitor.
 */
function closeBlocks(
  limits: Limits,
  state: BeforeAfterState,
  tick: BeforeAfterTick,
  to: number,
): BeforeAfterState {
  const { open, hours, run, waiting } = state
  const journeys = waiting.journeys + open.journeys
  const per = (waiting.per ?? 0) + (open.per ?? 0)
  if (!tick.isOpen || open.served === 0) return { ...state, waiting: { from: waiting.from, journeys, per } }
  const next = { ...state, waiting: { from: to, journeys: 0 } }
  const { generation } = tick
  // The block in which the flag came on is of both kinds.
  if (run?.generation !== generation)
    return { ...next, run: beginRun(hours, limits, { generation, block: to }) }
  if (to - waiting.from > MOST_WAITING_BLOCKS) return { ...next, run: rebased(run, hours, limits, to) }
  return { ...next, run: afterBlocks(run, hours, limits, { from: waiting.from, to, journeys, per }) }
}
