/** What the admin API takes. A body that isn't like this is refused with the place of the first difference. */
import * as v from 'valibot'
import { FLAG_VERBS, ROLES } from './routes.ts'

const LONGEST_REASON = 500
const reason = v.optional(v.pipe(v.string(), v.maxLength(LONGEST_REASON)))
/** The version that the caller has seen: the change is refused if somebody has published since. */
const expectedVersion = v.pipe(v.number(), v.integer(), v.minValue(0))
/** True: publish also where more visitors move than the document allows unasked. */
const confirm = v.optional(v.boolean(), false)
const editing = { expectedVersion: v.optional(expectedVersion), reason, confirm }

const variantsByFlag = v.record(v.string(), v.string())
const scalar = v.union([v.string(), v.number(), v.boolean()])

/** A visitor: by plain attributes, by a request as the gate would see it, or both (attributes win). */
export const visitor = v.strictObject({
  targetingKey: v.optional(v.string()),
  attributes: v.optional(v.record(v.string(), v.union([scalar, v.array(scalar)])), {}),
  request: v.optional(
    v.strictObject({
      url: v.optional(v.string(), 'https://example.com/'),
      method: v.optional(v.string(), 'GET'),
      headers: v.optional(v.record(v.string(), v.string()), {}),
      /** Fields of request.cf, such as `country`. */
      cf: v.optional(v.record(v.string(), v.unknown()), {}),
      /** Claims of a verified token. */
      claims: v.optional(v.record(v.string(), v.unknown()), {}),
    }),
  ),
})

export const documentText = v.union([v.string(), v.record(v.string(), v.unknown())])

export const BODIES = {
  /** `document` is the document itself, or its text, which is then kept to the letter. */
  validateDocument: v.strictObject({ document: documentText }),
  diffDocument: v.strictObject({ document: documentText }),
  publishDocument: v.strictObject({ document: documentText, expectedVersion, reason, confirm }),
  restoreVersion: v.strictObject(editing),
  createFlag: v.strictObject({
    key: v.pipe(v.string(), v.minLength(1)),
    flag: v.record(v.string(), v.unknown()),
    ...editing,
  }),
  patchFlag: v.strictObject({ patch: v.record(v.string(), v.unknown()), ...editing }),
  deleteFlag: v.strictObject(editing),
  enableFlag: v.strictObject(editing),
  disableFlag: v.strictObject(editing),
  setPercentage: v.strictObject({
    percentage: v.pipe(v.number(), v.minValue(0), v.maxValue(100)),
    /** Index of the rule; default: the one with a percentage. */
    rule: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
    ...editing,
  }),
  commandFlag: v.strictObject({
    reason,
    /** With `stage`: its index, from 0. */
    stage: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  }),
  explain: v.strictObject({
    /** One flag; default: the flag that routes the request, or all flags where there is no request. */
    flag: v.optional(v.string()),
    context: v.optional(visitor, {}),
  }),
  createPreview: v.strictObject({
    overrides: v.pipe(
      variantsByFlag,
      v.check((all) => Object.keys(all).length > 0, 'name at least one flag with its variant'),
    ),
    /** At most 30 days. */
    expiresInSeconds: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2_592_000)),
      86_400,
    ),
    /** The page that the link leads to. */
    path: v.optional(
      v.pipe(v.string(), v.regex(/^\/(?![/\\])\P{Cc}*$/u, 'a path that begins with one "/"')),
      '/',
    ),
  }),
  createToken: v.strictObject({
    name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(100)),
    role: v.picklist(ROLES),
    expiresInDays: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(3_650))),
  }),
  testWebhook: v.strictObject({ url: v.string() }),
} as const

const wholeNumber = v.pipe(v.string(), v.regex(/^\d{1,15}$/, 'a whole number'), v.transform(Number))
const page = {
  /** How many entries, at most 1,000. */
  limit: v.optional(v.pipe(wholeNumber, v.minValue(1), v.maxValue(1_000)), '100'),
  /** Only entries older than the one with this id. */
  before: v.optional(wholeNumber),
}

/** Keys of the flags that are wanted, separated by commas; empty: none. Default: all. */
const statusQuery = v.object({ flags: v.optional(v.string()) })

export const QUERIES = {
  getStatus: statusQuery,
  streamStatus: statusQuery,
  getConvergence: v.object({ epoch: v.optional(wholeNumber) }),
  getSeries: v.object({
    flag: v.pipe(v.string(), v.minLength(1)),
    /** How far back, in seconds; at most a day. */
    seconds: v.optional(v.pipe(wholeNumber, v.minValue(1), v.maxValue(86_400)), '900'),
  }),
  listAudit: v.object({ ...page, flag: v.optional(v.string()) }),
  listFeedback: v.object({ ...page, flag: v.optional(v.string()), variant: v.optional(v.string()) }),
  listVersions: v.object(page),
} as const

export const verb = v.picklist(FLAG_VERBS)

export type Visitor = v.InferOutput<typeof visitor>
export type Bodies = { [Id in keyof typeof BODIES]: v.InferInput<(typeof BODIES)[Id]> }
export type ParsedBodies = { [Id in keyof typeof BODIES]: v.InferOutput<(typeof BODIES)[Id]> }
export type Queries = { [Id in keyof typeof QUERIES]: v.InferInput<(typeof QUERIES)[Id]> }
