/**
 * What the admin API gives, as schemas: the OpenAPI description and the types of the client come from here, and the
 * tests hold every response against it. The Worker itself has no use for them, so nothing in it imports values from
 * here.
 */
import * as v from 'valibot'
import { FAILURE_KINDS } from '../core/outcome/outcome.ts'
import { COMMANDS } from '../core/rollout/commands.ts'
import { ROLES } from './routes.ts'

const time = v.pipe(v.string(), v.isoTimestamp())
const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const nullable = v.nullable
const json = v.unknown()

export const problem = v.strictObject({
  path: v.string(),
  found: v.string(),
  expected: v.string(),
  fix: v.string(),
})

const occasion = nullable(v.strictObject({ at: time, reason: v.string() }))

const counts = v.strictObject({
  requests: count,
  errors: count,
  errorsByKind: v.strictObject(Object.fromEntries(FAILURE_KINDS.map((kind) => [kind, count]))),
  errorRate: nullable(v.number()),
  p50Ms: nullable(v.number()),
  p95Ms: nullable(v.number()),
  p99Ms: nullable(v.number()),
  erroredBuckets: count,
  /** Failures that visitors did not see, because control answered instead. */
  rescued: count,
  journeys: count,
  timings: v.strictObject({ count, p50Ms: nullable(v.number()), p95Ms: nullable(v.number()) }),
  /** Web vitals by name, as browsers measured them. */
  vitals: v.record(v.string(), v.strictObject({ count, p75: nullable(v.number()) })),
})

const verdict = nullable(
  v.strictObject({
    kind: v.picklist(['healthy', 'failing', 'inconclusive', 'no-data', 'broken-split']),
    action: v.picklist(['none', 'rollback', 'freeze']),
    trigger: nullable(v.picklist(['errors', 'latency', 'ceiling', 'threshold', 'traffic', 'split'])),
    mayAdvance: v.boolean(),
    sentence: v.string(),
    alert: nullable(v.string()),
    evidence: v.record(v.string(), nullable(v.number())),
  }),
)

export const flagState = v.picklist(['open', 'killed', 'rolled-back', 'disabled'])

const flagStatus = v.strictObject({
  state: flagState,
  generation: count,
  stage: count,
  /** The canary's share of those who meet the rule's conditions; null where no rule has one. */
  percentage: nullable(v.number()),
  rolledBack: occasion,
  paused: occasion,
  frozen: occasion,
  approved: v.boolean(),
  /** The stage is done, and nothing but a person's approval is missing. */
  needsApproval: v.boolean(),
  finished: v.boolean(),
  verdict,
  waitingFor: nullable(v.string()),
  arms: v.strictObject({ canary: counts, control: counts, other: counts }),
  variants: v.record(v.string(), counts),
  cells: v.array(
    v.strictObject({
      variant: v.string(),
      arm: v.picklist(['canary', 'control', 'other']),
      generation: count,
      stage: count,
      ...counts.entries,
    }),
  ),
})

const isolate = v.strictObject({
  isolate: v.string(),
  epoch: count,
  seenAt: time,
})

const getStatus = v.strictObject({
  environment: v.string(),
  at: time,
  controller: v.picklist(['ok', 'unreachable']),
  epoch: count,
  document: v.strictObject({
    source: v.picklist(['kv', 'bundled', 'pushed']),
    version: count,
    hash: nullable(v.string()),
    checkedAt: nullable(time),
    problems: v.array(problem),
    refused: v.array(
      v.strictObject({
        key: v.picklist(['config', 'kill', 'state']),
        hash: v.string(),
        seenAt: time,
        problems: v.array(problem),
      }),
    ),
    kvError: nullable(v.string()),
  }),
  kill: v.strictObject({ kv: v.array(v.string()), controller: v.array(v.string()) }),
  flags: v.record(v.string(), flagStatus),
  isolates: count,
  colos: v.array(v.strictObject({ colo: v.string(), epoch: count, isolates: v.array(isolate) })),
})

const getConvergence = v.strictObject({
  epoch: count,
  /** When the state of this epoch came to be; null for one that the Controller has not made or has forgotten. */
  since: nullable(time),
  /** True when every isolate that has been seen since then is on the epoch, or on a later one. */
  converged: v.boolean(),
  /** From the change to the slowest isolate's first decision by it; null while nobody has it. */
  slowestMs: nullable(v.number()),
  /** Isolates seen in the last 60 s: on the epoch, not yet, and silent since the change (they serve nobody). */
  isolates: v.strictObject({ converged: count, behind: count, idle: count }),
  colos: v.array(
    v.strictObject({
      colo: v.string(),
      converged: count,
      behind: count,
      idle: count,
      slowestMs: nullable(v.number()),
    }),
  ),
  /** Whether KV has the state, which is where isolates that start anew read it. */
  kv: v.strictObject({ writtenEpoch: count, error: nullable(v.string()) }),
})

const seriesArm = v.strictObject({
  requests: count,
  errors: count,
  p50Ms: nullable(v.number()),
  p95Ms: nullable(v.number()),
  p99Ms: nullable(v.number()),
})

const getSeries = v.strictObject({
  flag: v.string(),
  /** Width of one point. */
  stepMs: count,
  points: v.array(
    v.strictObject({
      at: time,
      generation: count,
      stage: count,
      percentage: nullable(v.number()),
      canary: seriesArm,
      control: seriesArm,
      other: seriesArm,
      /** The guard's evidence: at 1/α it rolls back. Null without a guard. */
      wealth: nullable(v.number()),
    }),
  ),
  /** Evidence at which the guard acts; null without a guard. */
  rollbackWealth: nullable(v.number()),
})

export const AUDIT_ACTIONS = [
  ...COMMANDS,
  'document-published',
  'document-restored',
  'document-adopted',
  'document-refused',
  'kill-list',
  'preview-created',
  'token-created',
  'token-revoked',
  'login-refused',
  'webhook-tested',
] as const

const listAudit = v.strictObject({
  records: v.array(
    v.strictObject({
      id: count,
      at: time,
      actor: v.string(),
      action: v.picklist(AUDIT_ACTIONS),
      flag: nullable(v.string()),
      reason: v.string(),
      evidence: json,
      before: json,
      after: json,
    }),
  ),
})

const listFeedback = v.strictObject({
  feedback: v.array(
    v.strictObject({ id: count, at: time, flag: v.string(), variant: v.string(), text: v.string() }),
  ),
})

const version = v.strictObject({
  version: count,
  hash: v.string(),
  at: time,
  actor: v.string(),
  reason: v.string(),
  /** How it came: by the admin API, by KV, or as it was built in. */
  source: v.picklist(['api', 'kv', 'bundled']),
  bytes: count,
})

const getDocument = v.strictObject({
  ...version.entries,
  document: v.record(v.string(), json),
  text: v.string(),
})

const change = v.strictObject({
  path: v.string(),
  kind: v.picklist(['added', 'removed', 'changed']),
  before: json,
  after: json,
})

/** What a document would do to the visitors whose requests were sampled lately. */
const people = v.strictObject({
  /** Sampled requests that could be replayed; 0: nothing is known about people. */
  samples: count,
  /** Requests that could not be: the document asks for an attribute that was not recorded. */
  unknown: count,
  movedPercent: nullable(v.number()),
  flags: v.array(
    v.strictObject({
      flag: v.string(),
      samples: count,
      moved: count,
      movedPercent: v.number(),
      /** Moves from → to, by variant. */
      moves: v.array(v.strictObject({ from: v.string(), to: v.string(), count })),
      /** Distinct sampled visitors that change variant. */
      visitors: count,
      countries: v.array(v.string()),
    }),
  ),
})

const diffDocument = v.strictObject({
  valid: v.boolean(),
  problems: v.array(problem),
  against: count,
  changes: v.array(change),
  people,
  /** True when publishing asks for `confirm`. */
  needsConfirmation: v.boolean(),
})

const published = v.strictObject({
  version: count,
  hash: v.string(),
  /** False: the document is what it was. */
  changed: v.boolean(),
  changes: v.array(change),
  people,
  /** `pending`: KV could not be written yet and is tried again; isolates have it all the same. */
  kv: v.picklist(['written', 'pending']),
})

const flagSummary = v.strictObject({
  key: v.string(),
  description: nullable(v.string()),
  owner: nullable(v.string()),
  tags: v.array(v.string()),
  enabled: v.boolean(),
  state: flagState,
  percentage: nullable(v.number()),
  stage: nullable(count),
  stages: count,
  /** How many rules it has; with none everybody gets `off`. */
  rules: count,
  schedule: nullable(v.strictObject({ start: nullable(v.string()), end: nullable(v.string()) })),
  verdict: nullable(v.string()),
  waitingFor: nullable(v.string()),
  paused: v.boolean(),
  frozen: v.boolean(),
  needsApproval: v.boolean(),
  finished: v.boolean(),
  /** Requests and errors of the current generation. */
  canary: v.strictObject({ requests: count, errors: count }),
  control: v.strictObject({ requests: count, errors: count }),
  other: v.strictObject({ requests: count, errors: count }),
  expires: nullable(v.string()),
  lastSeenAt: nullable(time),
  /** Why the flag is debt; empty for one that isn't. */
  stale: v.array(
    v.strictObject({ kind: v.picklist(['expired', 'finished', 'unused', 'ownerless']), text: v.string() }),
  ),
  /** Routes that the flag decides, as `host/path`. */
  routes: v.array(v.string()),
})

const getFlag = v.strictObject({
  version: count,
  summary: flagSummary,
  definition: v.record(v.string(), json),
  status: flagStatus,
})

const control = v.looseObject({ generation: count, stage: count, killed: v.boolean() })

const explanation = v.strictObject({
  flag: v.string(),
  variant: v.string(),
  value: json,
  reason: v.string(),
  rule: nullable(v.string()),
  arm: v.picklist(['canary', 'control', 'other']),
  /** Plain words: why. */
  sentence: v.string(),
  /** What closed or opened the flag before its rules were asked, in the order asked. */
  gates: v.array(v.strictObject({ gate: v.string(), passed: v.boolean(), detail: v.string() })),
  rules: v.array(
    v.strictObject({
      rule: v.string(),
      outcome: v.picklist(['served', 'conditions-not-met', 'outside-percentage', 'not-reached']),
      conditions: v.array(
        v.strictObject({
          attribute: v.string(),
          op: v.string(),
          values: v.array(json),
          negate: v.boolean(),
          found: json,
          holds: v.boolean(),
        }),
      ),
      percentage: nullable(v.number()),
      /** The visitor's place on the ring, 0–100; inside when below the percentage. */
      position: nullable(v.number()),
    }),
  ),
})

const explain = v.strictObject({
  targetingKey: nullable(v.string()),
  /** Where the request would go; null without a request. */
  route: nullable(v.strictObject({ route: v.string(), origin: v.string(), flag: nullable(v.string()) })),
  flags: v.array(explanation),
})

const token = v.strictObject({
  id: v.string(),
  name: v.string(),
  role: v.picklist(ROLES),
  createdAt: time,
  createdBy: v.string(),
  expiresAt: nullable(time),
  lastUsedAt: nullable(time),
})

export const RESPONSES = {
  whoAmI: v.strictObject({ name: v.string(), role: v.picklist(ROLES), environment: v.string() }),
  getStatus,
  getConvergence,
  getSeries,
  listAudit,
  listFeedback,
  getDocument,
  validateDocument: v.strictObject({ valid: v.boolean(), problems: v.array(problem) }),
  diffDocument,
  publishDocument: published,
  listVersions: v.strictObject({ current: count, versions: v.array(version) }),
  getVersion: getDocument,
  restoreVersion: published,
  listFlags: v.strictObject({ version: count, flags: v.array(flagSummary) }),
  getFlag,
  createFlag: published,
  patchFlag: published,
  deleteFlag: published,
  enableFlag: published,
  disableFlag: published,
  setPercentage: published,
  commandFlag: v.strictObject({
    epoch: count,
    /** `kv`: the Controller could not be reached, so the kill list in KV was written. */
    via: v.picklist(['controller', 'kv']),
    before: nullable(control),
    after: nullable(control),
  }),
  explain,
  createPreview: v.strictObject({ url: v.string(), token: v.string(), expiresAt: time }),
  listTokens: v.strictObject({ tokens: v.array(token) }),
  createToken: v.strictObject({ token: v.string(), ...token.entries }),
  revokeToken: v.strictObject({ id: v.string() }),
  testWebhook: v.strictObject({ delivered: v.boolean(), detail: v.string() }),
} as const

/** Errors, as RFC 9457 problem details. */
export const problemDetailsSchema = v.looseObject({
  type: v.string(),
  title: v.string(),
  status: v.number(),
  detail: v.string(),
  /** What is wrong with a document. */
  problems: v.optional(v.array(problem)),
  /** With a conflict: the version in force, and what has changed since the expected one. */
  current: v.optional(version),
  changes: v.optional(v.array(change)),
  /** With a question for confirmation: the people who would move. */
  people: v.optional(people),
})

/** Parts that many answers share, by the names that the OpenAPI description gives them. */
export const SHARED = {
  DocumentProblem: problem,
  Counts: counts,
  SeriesArm: seriesArm,
  FlagStatus: flagStatus,
  FlagSummary: flagSummary,
  Change: change,
  PeopleMoved: people,
  DocumentVersion: version,
  Document: getDocument,
  Published: published,
  Explanation: explanation,
  Token: token,
  Problem: problemDetailsSchema,
} as const

export type Responses = { [Id in keyof typeof RESPONSES]: v.InferOutput<(typeof RESPONSES)[Id]> }
export type ProblemDetails = v.InferOutput<typeof problemDetailsSchema>
export type FlagSummary = v.InferOutput<typeof flagSummary>
export type FlagStatusView = v.InferOutput<typeof flagStatus>
export type Change = v.InferOutput<typeof change>
export type PeopleMoved = v.InferOutput<typeof people>
export type Explanation = v.InferOutput<typeof explanation>
export type DocumentVersion = v.InferOutput<typeof version>
