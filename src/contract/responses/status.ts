/** The state of the gate: its document, its flags, its isolates. */
import * as v from 'valibot'
import { FAILED_AS } from '../../core/counters/samples/failures.ts'
import { FAILURE_KINDS } from '../../core/outcome/outcome.ts'
import { count, problem, time } from './values.ts'

const occasion = v.nullable(v.strictObject({ at: time, reason: v.string() }))

export const counts = v.strictObject({
  requests: count,
  errors: count,
  errorsByKind: v.strictObject(Object.fromEntries(FAILURE_KINDS.map((kind) => [kind, count]))),
  errorRate: v.nullable(v.number()),
  p50Ms: v.nullable(v.number()),
  p95Ms: v.nullable(v.number()),
  p99Ms: v.nullable(v.number()),
  erroredBuckets: count,
  /** Failures that fell back to control, unseen by visitors. */
  rescued: count,
  /** Failures of the origins of both arms at the same request, those whose other origin was not asked, and how many
   * requests were repeated in the background to find out. */
  pairing: v.strictObject({ shared: count, unasked: count, questions: count }),
  journeys: count,
  timings: v.strictObject({ count, p50Ms: v.nullable(v.number()), p95Ms: v.nullable(v.number()) }),
  /** Web vitals by name, as browsers measured them. */
  vitals: v.record(v.string(), v.strictObject({ count, p75: v.nullable(v.number()) })),
})

const verdictKind = v.picklist(['healthy', 'failing', 'inconclusive', 'no-data', 'broken-split', 'unjudged'])

const verdict = v.nullable(
  v.strictObject({
    kind: verdictKind,
    action: v.picklist(['none', 'rollback', 'freeze']),
    trigger: v.nullable(
      v.picklist([
        'errors',
        'latency',
        'ceiling',
        'threshold',
        'traffic',
        'split',
        'client-errors',
        'metric',
      ]),
    ),
    mayAdvance: v.boolean(),
    sentence: v.string(),
    alert: v.nullable(v.string()),
    evidence: v.record(v.string(), v.nullable(v.number())),
    /** What the stage asks for besides the guard's tests. */
    requirements: v.optional(
      v.array(v.strictObject({ text: v.string(), found: v.string(), met: v.boolean() })),
    ),
    /** Of a flag without a split: its journeys, or events of a metric, against the same hours of the weeks before. */
    beforeAfter: v.optional(
      v.strictObject({
        metric: v.optional(v.string()),
        since: time,
        journeys: count,
        expected: count,
        fall: v.number(),
        actsFrom: v.number(),
        weeks: count,
      }),
    ),
  }),
)

export const flagState = v.picklist(['open', 'killed', 'rolled-back', 'disabled'])

export const flagStatus = v.strictObject({
  state: flagState,
  generation: count,
  stage: count,
  /** The canary's share of those who meet the rule's conditions; null where no rule has one. */
  percentage: v.nullable(v.number()),
  rolledBack: occasion,
  paused: occasion,
  frozen: occasion,
  approved: v.boolean(),
  /** The stage is done, and only waits for approval. */
  needsApproval: v.boolean(),
  /** Nothing goes on by itself: an operator approves, advances, or looks at what is odd. */
  needsOperator: v.boolean(),
  finished: v.boolean(),
  verdict,
  /** The verdict as people are told it: better only after ten seconds without a worse one. Missing without a verdict. */
  told: v.optional(v.strictObject({ kind: verdictKind, needsOperator: v.boolean() })),
  waitingFor: v.nullable(v.string()),
  /** A flag of which this one requires what holds for no visitor: all get `off`. */
  unmet: v.optional(v.string()),
  /** What holds the stage, as in "waits for …", where neither time nor evidence at the present rate ends it. */
  holds: v.optional(v.string()),
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

export const getStatus = v.strictObject({
  environment: v.string(),
  at: time,
  controller: v.picklist(['ok', 'unreachable']),
  epoch: count,
  document: v.strictObject({
    source: v.picklist(['kv', 'bundled', 'pushed']),
    version: count,
    hash: v.nullable(v.string()),
    checkedAt: v.nullable(time),
    problems: v.array(problem),
    refused: v.array(
      v.strictObject({
        key: v.picklist(['config', 'kill', 'state']),
        hash: v.string(),
        seenAt: time,
        problems: v.array(problem),
      }),
    ),
    kvError: v.nullable(v.string()),
  }),
  /** Whether the gate has a SIGNING_KEY: without one visitors can make up who they are. */
  signing: v.boolean(),
  kill: v.strictObject({
    kv: v.array(v.string()),
    controller: v.array(v.string()),
    /** Of the kills through the Controller, those with `--isolate` and with `--sever`. */
    isolated: v.optional(v.array(v.string())),
    severed: v.optional(v.array(v.string())),
  }),
  flags: v.record(v.string(), flagStatus),
  /** Limits of the platform's plan that were reached since midnight UTC: visitors are served, counting stands still. */
  limits: v.array(v.strictObject({ limit: v.string(), since: time, lastAt: time, text: v.string() })),
  isolates: count,
  colos: v.array(v.strictObject({ colo: v.string(), epoch: count, isolates: v.array(isolate) })),
  /** What is wrong with the gate's own senses: told once as a message, and still so. */
  alerts: v.optional(
    v.array(
      v.strictObject({ event: v.string(), flag: v.nullable(v.string()), since: time, reason: v.string() }),
    ),
  ),
  /** Exceptions that the gate survived, by place; of this isolate alone while the Controller is unreachable. */
  internalErrors: v.array(
    v.strictObject({ place: v.string(), count, firstAt: time, lastAt: time, message: v.string() }),
  ),
})

/** Isolates seen in the last 60 s: up to date, behind, or without a request since the change. */
const arrival = v.strictObject({ converged: count, behind: count, idle: count })

export const getConvergence = v.strictObject({
  epoch: count,
  /** When the state of this epoch was made; null where the Controller does not know it. */
  since: v.nullable(time),
  /** True when every isolate that has been seen since then is on the epoch, or on a later one. */
  converged: v.boolean(),
  /** From the change to the slowest isolate's first decision by it; null while no isolate has it. */
  slowestMs: v.nullable(v.number()),
  isolates: arrival,
  colos: v.array(
    v.strictObject({
      colo: v.string(),
      converged: count,
      behind: count,
      idle: count,
      slowestMs: v.nullable(v.number()),
    }),
  ),
  /** Whether KV, from which new isolates start, has the state. */
  kv: v.strictObject({ writtenEpoch: count, error: v.nullable(v.string()) }),
  /** The same for the document in force, by version. `colos`: how many have it. */
  document: v.strictObject({ version: count, converged: v.boolean(), isolates: arrival, colos: count }),
})

export const seriesArm = v.strictObject({
  requests: count,
  errors: count,
  /** Of them, those that the other origin had for the same request: the guard leaves them out. */
  sharedErrors: count,
  /** Answers that turned visitors away (4xx, and redirects to the page itself). */
  clientErrors: count,
  /** Documents that visitors asked for and got. */
  journeys: count,
  p50Ms: v.nullable(v.number()),
  p95Ms: v.nullable(v.number()),
  p99Ms: v.nullable(v.number()),
})

/** Exposure (requests, scaled so that the arms are comparable) and bad ones, each visitor's failures once. */
const judgedCounts = v.strictObject({
  canaryN: v.number(),
  controlN: v.number(),
  canaryBad: v.number(),
  controlBad: v.number(),
})

/** The canary's rate may be `rho` times control's plus `delta`; beyond that the guard acts at a wealth of `level`. */
const guardLine = v.nullable(v.strictObject({ rho: v.number(), delta: v.number(), level: v.number() }))

export const getSeries = v.strictObject({
  flag: v.string(),
  /** Width of one point. */
  stepMs: count,
  points: v.array(
    v.strictObject({
      at: time,
      generation: count,
      stage: count,
      percentage: v.nullable(v.number()),
      canary: seriesArm,
      control: seriesArm,
      other: seriesArm,
      /** The guard's evidence: at 1/α it rolls back. Null without a guard. */
      wealth: v.nullable(v.number()),
      /** What the guard has counted since the attempt began; `slow` beyond control's median, p95 and p99. */
      judged: v.nullable(
        v.strictObject({ errors: judgedCounts, clientErrors: judgedCounts, slow: v.array(judgedCounts) }),
      ),
    }),
  ),
  /** Evidence at which the guard acts; null without a guard. */
  rollbackWealth: v.nullable(v.number()),
  /** What the guard tolerates, test by test; null without a guard, and for a test that is off. */
  lines: v.nullable(
    v.strictObject({
      errors: guardLine,
      latency: guardLine,
      clientErrors: guardLine,
      /** The least share of control's journeys per visitor that the canary must complete. */
      journeys: v.nullable(v.number()),
    }),
  ),
})

/** Values with how often they came up among the samples, the most frequent first. */
const tally = v.array(v.strictObject({ value: v.string(), count }))

/** What failed of one variant in one arm: a sample, without queries and identifiers of visitors. */
export const failureGroup = v.strictObject({
  arm: v.picklist(['canary', 'control']),
  variant: v.string(),
  /** `turned-away`: answers that count as client errors. */
  as: v.picklist(FAILED_AS),
  sampled: count,
  firstSeenAt: time,
  lastSeenAt: time,
  statuses: tally,
  paths: tally,
  colos: tally,
  countries: tally,
  browsers: tally,
  /** The first request whose id is known, and the two latest. */
  requests: v.array(v.strictObject({ id: v.string(), at: time, status: v.string(), path: v.string() })),
})

export const getShadow = v.strictObject({
  flag: v.string(),
  generation: count,
  stage: count,
  startedAt: time,
  /** Compared requests. */
  samples: count,
  verdict: v.picklist(['collecting', 'same', 'different']),
  sentence: v.string(),
  routes: v.array(v.strictObject({ route: v.string(), samples: count })),
  /** Where the canary has differed alone, the strongest evidence first; from a strength of 1 it is enough. */
  findings: v.array(
    v.strictObject({
      route: v.string(),
      field: v.string(),
      samples: count,
      canaryOnly: count,
      controlOnly: count,
      both: count,
      strength: v.number(),
    }),
  ),
  /** The newest differences, masked unless the route says otherwise; kept for a day. */
  shown: v.array(
    v.strictObject({
      at: time,
      route: v.string(),
      differences: v.array(v.strictObject({ field: v.string(), control: v.string(), canary: v.string() })),
    }),
  ),
})
