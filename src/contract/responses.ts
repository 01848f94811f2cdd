/**
 * The responses of the admin API, as schemas: the OpenAPI description and the types of the client come from here, and
 * the tests validate every response by it. The Worker itself must not import values from here: it does not need them.
 */
import * as v from 'valibot'
import { change, diffDocument, getDocument, people, published, version } from './responses/document.ts'
import { explain, explanation, flagSummary, getFlag } from './responses/flags.ts'
import { listAudit, listFeedback, listOutcomes } from './responses/logs.ts'
import { getResults } from './responses/results.ts'
import {
  counts,
  failureGroup,
  flagStatus,
  getConvergence,
  getSeries,
  getShadow,
  getStatus,
  seriesArm,
} from './responses/status.ts'
import { count, problem, time } from './responses/values.ts'
import { ROLES, TOKEN_ROLES } from './routes.ts'

const control = v.looseObject({
  generation: count,
  stage: count,
  killed: v.boolean(),
  /** Set where the kill also isolates the killed variants' origins, or closes their open connections. */
  isolated: v.optional(v.literal(true)),
  severed: v.optional(v.literal(true)),
})

const token = v.strictObject({
  id: v.string(),
  name: v.string(),
  role: v.picklist(TOKEN_ROLES),
  createdAt: time,
  createdBy: v.string(),
  expiresAt: v.nullable(time),
  lastUsedAt: v.nullable(time),
})

const caller = {
  name: v.string(),
  role: v.picklist(ROLES),
  environment: v.string(),
  /** `shared`: pages of the site have the origin of the dashboard, because ADMIN_HOST is not set. */
  host: v.picklist(['own', 'shared']),
}

export const RESPONSES = {
  whoAmI: v.strictObject(caller),
  /** `sessionEndsAt`: at the latest; null where no session was opened, so that each call needs the token. */
  signIn: v.strictObject({ ...caller, sessionEndsAt: v.nullable(time) }),
  signOut: v.strictObject({ signedOut: v.literal(true) }),
  getStatus,
  getConvergence,
  getSeries,
  getShadow,
  getResults,
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
    before: v.nullable(control),
    after: v.nullable(control),
    /** With `isolate`: origins that stay open, since these flags lead there or have it as their control. */
    notIsolated: v.optional(v.array(v.strictObject({ origin: v.string(), flags: v.array(v.string()) }))),
  }),
  explain,
  createPreview: v.strictObject({ url: v.string(), token: v.string(), expiresAt: time }),
  showKey: v.strictObject({ purpose: v.picklist(['origin', 'webhook']), key: v.string() }),
  listTokens: v.strictObject({ tokens: v.array(token) }),
  createToken: v.strictObject({ token: v.string(), ...token.entries }),
  revokeToken: v.strictObject({ id: v.string() }),
  listOutcomes,
  noteOutcome: v.strictObject({ id: count }),
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
  /** With a conflict: the version in force, and what changed since the expected one. */
  current: v.optional(version),
  changes: v.optional(v.array(change)),
  /** Where confirmation is needed: the impact on visitors. */
  people: v.optional(people),
  /** What must be confirmed, in one sentence each. */
  questions: v.optional(v.array(v.string())),
})

/** Parts that many responses share, by their names in the OpenAPI description. */
export const SHARED = {
  DocumentProblem: problem,
  Counts: counts,
  SeriesArm: seriesArm,
  FlagStatus: flagStatus,
  FailureGroup: failureGroup,
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
export type FailureView = v.InferOutput<typeof failureGroup>
export type Change = v.InferOutput<typeof change>
export type PeopleMoved = v.InferOutput<typeof people>
export type Explanation = v.InferOutput<typeof explanation>
export type DocumentVersion = v.InferOutput<typeof version>
