/**
 * The control state: what operators and the Controller decided about a validated document. It can close flags and
 * pick stages, nothing else. Two KV keys hold it: `kill` (operators) and `state` (the Controller).
 */
import * as v from 'valibot'
import { type Parsed, parseJson } from './parse/parse.ts'
import { problemsOfIssue } from './parse/problems.ts'

const flagControlSchema = v.object({
  /** Number of the rollout attempt; counts of different generations never mix. */
  generation: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** Index of the current stage: the largest that is not above the percentage. */
  stage: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** The rollout's place. Without stages: what holds the rule's own percentage down. */
  percentage: v.optional(v.number()),
  /** What the holdback leaves, in percent; missing where there is none. An unconfirmed document takes none away. */
  most: v.optional(v.number()),
  /** Its split came by a document that no person confirmed. */
  unconfirmed: v.optional(v.boolean()),
  /** Digest of the split that this generation is about (split.ts): documents with another one serve control. */
  split: v.optional(v.string()),
  /** Digest of the same split as the document before spells it: isolates have one of the two documents. */
  formerSplit: v.optional(v.string()),
  /** Digest of what the split of this generation means, of a rollout that left the document; from releases before, as it was written. */
  lastSplit: v.optional(v.string()),
  /** Rolled back by the guard or an operator. Latched: only `resume` opens the flag, with a new generation. */
  rolledBack: v.optional(v.object({ atMs: v.number(), reason: v.string() })),
  /** An operator holds the rollout at its stage. */
  paused: v.optional(v.object({ atMs: v.number(), reason: v.string() })),
  /** The guard found the canary failing and is configured to freeze instead of rolling back. */
  frozen: v.optional(v.object({ atMs: v.number(), reason: v.string() })),
  /** An operator approved leaving the current stage. */
  approved: v.optional(v.boolean()),
  /** The last stage is done: the holdback is released and the comparison ends. */
  finished: v.optional(v.boolean()),
})

const controlStateSchema = v.object({
  /** Of its writer (counters/protocol.ts). */
  protocol: v.optional(v.number()),
  /** Grows with each change. An isolate keeps the highest epoch it has seen. */
  epoch: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Flags killed through the Controller; `*` is all flags. */
  killed: v.array(v.string()),
  /** Killed flags whose canaries' origins lend nothing to other origins; `*` is all flags. */
  isolated: v.optional(v.array(v.string())),
  /** Killed flags whose canaries' open connections are closed; `*` is all flags. */
  severed: v.optional(v.array(v.string())),
  /** Flags killed in KV, as the Controller noticed: isolates hear of it before KV shows it. */
  kvKilled: v.optional(v.array(v.string()), []),
  flags: v.record(v.string(), flagControlSchema),
  /** The Controller names splits: a staged flag that is missing in `flags` is one that it has not seen yet. */
  namesSplits: v.optional(v.boolean()),
  /** When the Controller first ran with signed visitor ids, ms since 1970. */
  idsSignedSinceMs: v.optional(v.number()),
})

export type FlagControl = v.InferOutput<typeof flagControlSchema>
export type ControlState = v.InferOutput<typeof controlStateSchema>

export const KILL_ALL = '*'
export const INITIAL_CONTROL_STATE: ControlState = { epoch: 0, killed: [], kvKilled: [], flags: {} }
export const INITIAL_FLAG_CONTROL: FlagControl = { generation: 1, stage: 0 }
/** Of a flag that the Controller has not seen yet: its split is none that a document has. */
const UNNAMED_FLAG_CONTROL: FlagControl = { generation: 1, stage: 0, split: '' }

/** Parses the KV key `state`; a missing key is the initial state. */
export function parseControlState(text: string | null): Parsed<ControlState> {
  if (text === null) return { ok: true, value: INITIAL_CONTROL_STATE }
  const json = parseJson(text)
  if (!json.ok) return json
  const shape = v.safeParse(controlStateSchema, json.value)
  if (shape.success) return { ok: true, value: shape.output }
  return { ok: false, problems: shape.issues.flatMap((issue) => problemsOfIssue(issue)) }
}

/** The control state as the evaluator asks it; immutable. */
export type Control = {
  epoch: number
  isKilled(flag: string): boolean
  /** Whether the kill also keeps assets of the killed variants' origins away. */
  isIsolated(flag: string): boolean
  /** Whether the kill also closes open connections of the killed variants. */
  isSevered(flag: string): boolean
  of(flag: string): FlagControl
  /** Keys of rolled-back flags. */
  rolledBack: readonly string[]
  /** Until when visitors' ids from before they were signed keep their place, ms since 1970. */
  legacyIdsUntilMs: number
}

/** Visitors who come within this time after the upgrade keep their place until then. */
const LEGACY_IDS_MS = 90 * 24 * 3_600_000

/** Joins the Controller's state and the KV kill list: a flag is killed if either says so. */
export function compileControl(state: ControlState, killList: readonly string[]): Control {
  const isKilled = membership([...killList, ...state.kvKilled, ...state.killed])
  const flags = new Map(Object.entries(state.flags))
  const absent = state.namesSplits ? UNNAMED_FLAG_CONTROL : INITIAL_FLAG_CONTROL
  return {
    epoch: state.epoch,
    isKilled,
    isIsolated: membership(state.isolated),
    isSevered: membership(state.severed),
    of: (flag) => flags.get(flag) ?? absent,
    rolledBack: [...flags].flatMap(([key, { rolledBack }]) => (rolledBack ? [key] : [])),
    // Until this is known no visitor loses their place.
    legacyIdsUntilMs: (state.idsSignedSinceMs ?? Number.POSITIVE_INFINITY) + LEGACY_IDS_MS,
  }
}

function membership(list: readonly string[] = []): (flag: string) => boolean {
  const flags = new Set(list)
  const all = flags.has(KILL_ALL)
  return (flag) => all || flags.has(flag)
}
