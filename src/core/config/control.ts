/**
 * The control state: what people and the Controller have decided about a validated document. It can close flags
 * and pick stages; it can express nothing else. Two KV keys hold it: `kill` (people) and `state` (the Controller).
 */
import * as v from 'valibot'
import { type Parsed, parseJson } from './parse/parse.ts'
import { problemsOfIssue } from './parse/problems.ts'

const flagControlSchema = v.object({
  /** Number of the rollout attempt; counts of different generations never mix. */
  generation: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** Index of the current stage. */
  stage: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Closed by the guard or a person. Latched: only `resume`, with a new generation, opens it again. */
  rolledBack: v.optional(v.object({ atMs: v.number(), reason: v.string() })),
  /** A person holds it at its stage. */
  paused: v.optional(v.object({ atMs: v.number(), reason: v.string() })),
  /** The guard found the canary failing, and is configured to call a person instead of closing. */
  frozen: v.optional(v.object({ atMs: v.number(), reason: v.string() })),
  /** A person has approved leaving the current stage. */
  approved: v.optional(v.boolean()),
  /** The last stage is done: the holdback is released, and nothing is compared any more. */
  finished: v.optional(v.boolean()),
})

const controlStateSchema = v.object({
  /** Of its writer (counters/protocol.ts). */
  protocol: v.optional(v.number()),
  /** Grows with every change. An isolate keeps the state with the highest epoch it has seen. */
  epoch: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Flags killed through the Controller; `*` is every flag. */
  killed: v.array(v.string()),
  /** Flags that people killed in KV, as the Controller noticed: isolates hear of it sooner than KV shows it. */
  kvKilled: v.optional(v.array(v.string()), []),
  flags: v.record(v.string(), flagControlSchema),
})

export type FlagControl = v.InferOutput<typeof flagControlSchema>
export type ControlState = v.InferOutput<typeof controlStateSchema>

export const KILL_ALL = '*'
export const INITIAL_CONTROL_STATE: ControlState = { epoch: 0, killed: [], kvKilled: [], flags: {} }
export const INITIAL_FLAG_CONTROL: FlagControl = { generation: 1, stage: 0 }

/** Parses the KV key `state`; a missing key is the initial state. */
export function parseControlState(text: string | null): Parsed<ControlState> {
  if (text === null) return { ok: true, value: INITIAL_CONTROL_STATE }
  const json = parseJson(text)
  if (!json.ok) return json
  const shape = v.safeParse(controlStateSchema, json.value)
  if (shape.success) return { ok: true, value: shape.output }
  return { ok: false, problems: shape.issues.flatMap((issue) => problemsOfIssue(issue, [])) }
}

const killListSchema = v.union([
  v.array(v.string()),
  v.pipe(
    v.string(),
    v.transform((key) => [key]),
  ),
])

/** Parses the KV key `kill`: a JSON list of flag keys, or `["*"]`. A missing or empty key kills nothing. */
export function parseKillList(text: string | null): Parsed<readonly string[]> {
  if (text === null || text.trim() === '') return { ok: true, value: [] }
  const json = parseJson(text)
  if (!json.ok) return json
  const shape = v.safeParse(killListSchema, json.value)
  if (shape.success) return { ok: true, value: shape.output }
  return {
    ok: false,
    problems: [
      {
        path: '$',
        found: text.slice(0, 80),
        expected: 'a JSON list of flag keys, or ["*"]',
        fix: 'write for example ["new-checkout"]',
      },
    ],
  }
}

/** The control state as the evaluator asks it. Immutable. */
export type Control = {
  epoch: number
  isKilled(flag: string): boolean
  of(flag: string): FlagControl
  /** Keys of the flags that are rolled back. */
  rolledBack: readonly string[]
}

/** Joins the Controller's state with the people's kill list: a flag is killed if either says so. */
export function compileControl(state: ControlState, killList: readonly string[]): Control {
  const killed = new Set([...killList, ...state.kvKilled, ...state.killed])
  const all = killed.has(KILL_ALL)
  const flags = new Map(Object.entries(state.flags))
  return {
    epoch: state.epoch,
    isKilled: (flag) => all || killed.has(flag),
    of: (flag) => flags.get(flag) ?? INITIAL_FLAG_CONTROL,
    rolledBack: [...flags].flatMap(([key, { rolledBack }]) => (rolledBack ? [key] : [])),
  }
}
