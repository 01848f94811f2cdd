/**
 * What the admin API accepts. Another body or query is refused with the place of the first difference. The schemas are
 * built on first use: an isolate that only serves visitors needs none.
 */
import * as v from 'valibot'
import { lookalikeKey, mixesScripts } from '../core/lookalikes.ts'
import { TOKEN_ROLES } from './routes.ts'

const MAX_REASON_LENGTH = 500
/** Control characters, ends of lines, and what reorders or hides text: people read these texts in logs and terminals. */
const STEERING = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/u

/** Actors of the audit log that are no tokens. */
const GATE_ACTORS = 'admin guard rollout gate controller kv build test unknown visitor sluice'.split(' ')
const GATE_ACTOR_KEYS = GATE_ACTORS.map(lookalikeKey)
/** Characters that show as nothing (Unicode's Default_Ignorable_Code_Point): two names could look alike. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/u

/** The schemas of all bodies and queries, by operation. */
export function requestSchemas(): RequestSchemas {
  built ??= { bodies: bodySchemas(), queries: querySchemas() }
  return built
}

type BodySchemas = ReturnType<typeof bodySchemas>
type QuerySchemas = ReturnType<typeof querySchemas>
type RequestSchemas = { bodies: BodySchemas; queries: QuerySchemas }

let built: RequestSchemas | undefined

function bodySchemas() {
  const plain = v.pipe(
    v.string(),
    v.check((text) => !STEERING.test(text), 'must be one line, without control characters'),
  )
  const reason = v.optional(v.pipe(plain, v.maxLength(MAX_REASON_LENGTH)))
  /** The version that the caller edited: the change is refused if another one has been published since. */
  const expectedVersion = v.pipe(v.number(), v.integer(), v.minValue(0))
  /** True: publish even if more visitors move than the document allows without confirmation. */
  const confirm = v.optional(v.boolean(), false)
  const editing = v.strictObject({ expectedVersion: v.optional(expectedVersion), reason, confirm })
  /** The document itself, or its text, which is then stored unchanged. */
  const document = v.union([v.string(), v.record(v.string(), v.unknown())])
  const object = v.record(v.string(), v.unknown())
  return {
    validateDocument: v.strictObject({ document }),
    /** `flag`: of which to tell how many recent visitors its rules are about. */
    diffDocument: v.strictObject({ document, flag: v.optional(v.string()) }),
    /** `restart`: a flag that begins a new attempt at its first stage with this document. */
    publishDocument: v.strictObject({
      document,
      expectedVersion,
      reason,
      confirm,
      restart: v.optional(plain),
    }),
    restoreVersion: editing,
    createFlag: v.strictObject({
      key: v.pipe(plain, v.minLength(1)),
      flag: object,
      ...editing.entries,
    }),
    patchFlag: v.strictObject({ patch: object, ...editing.entries }),
    deleteFlag: editing,
    enableFlag: editing,
    disableFlag: editing,
    setPercentage: v.strictObject({
      percentage: v.pipe(v.number(), v.minValue(0), v.maxValue(100)),
      /** Index of the rule; default: the one with a percentage. */
      rule: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
      ...editing.entries,
    }),
    commandFlag: v.strictObject({
      reason,
      /** With `stage`: its index, from 0. */
      stage: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
      /** With `kill`: no asset that another origin lacks comes from the killed variants' origins any more. */
      isolate: v.optional(v.boolean()),
      /** With `kill`: open event streams and severable WebSockets of the killed variants are closed. */
      sever: v.optional(v.boolean()),
      /** False: where it would open other flags, those that require this one, answer with what to ask a person. */
      confirm: v.optional(v.boolean()),
    }),
    explain: v.strictObject({
      /** One flag; default: the flag that routes the request, or all flags where there is no request. */
      flag: v.optional(v.string()),
      context: v.optional(visitorSchema(), {}),
    }),
    createPreview: v.strictObject({
      overrides: v.pipe(
        v.record(v.string(), v.string()),
        v.check((all) => Object.keys(all).length > 0, 'name at least one flag with its variant'),
      ),
      /** At most 30 days. */
      expiresInSeconds: v.optional(
        v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2_592_000)),
        86_400,
      ),
      /** The page that the link opens: its path, or its URL, which ADMIN_HOST needs as it serves no pages. */
      path: v.optional(
        v.pipe(
          v.string(),
          v.regex(
            /^(?=.)(?:https?:\/\/[^\s/?#@\\]+(?![^/]))?(?:\/(?![/\\])\P{Cc}*)?$/u,
            'a path that begins with one "/", or a URL',
          ),
        ),
        '/',
      ),
    }),
    createToken: v.strictObject({
      name: v.pipe(
        v.string(),
        v.trim(),
        plain,
        v.minLength(1),
        v.maxLength(100),
        v.check((text) => !INVISIBLE.test(text), 'must be without invisible characters'),
        v.check(
          (text) => !mixesScripts(text),
          'must be without words of two scripts, whose letters look alike',
        ),
        v.check(
          (text) => !GATE_ACTOR_KEYS.includes(lookalikeKey(text)),
          `must be another name than the gate's own in the audit log: ${GATE_ACTORS.join(', ')}`,
        ),
      ),
      role: v.picklist(TOKEN_ROLES),
      expiresInDays: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(3_650))),
    }),
    testWebhook: v.strictObject({ url: v.string() }),
    noteOutcome: v.strictObject({ note: v.pipe(plain, v.maxLength(2_000)) }),
  }
}

/** A visitor: by plain attributes, by a request as the gate would see it, or both (attributes win). */
function visitorSchema() {
  const scalar = v.union([v.string(), v.number(), v.boolean()])
  return v.strictObject({
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
}

function querySchemas() {
  const wholeNumber = v.pipe(v.string(), v.regex(/^\d{1,15}$/, 'a whole number'), v.transform(Number))
  const page = {
    /** How many entries, at most 1,000. */
    limit: v.optional(v.pipe(wholeNumber, v.minValue(1), v.maxValue(1_000)), '100'),
    /** Only entries older than the one with this id. */
    before: v.optional(wholeNumber),
  }
  /** Keys of the wanted flags, separated by commas; empty: none. Default: all. */
  const status = v.object({ flags: v.optional(v.string()) })
  return {
    getStatus: status,
    streamStatus: status,
    getConvergence: v.object({ epoch: v.optional(wholeNumber) }),
    getSeries: v.object({
      flag: v.pipe(v.string(), v.minLength(1)),
      /** How far back, in seconds; at most a day. */
      seconds: v.optional(v.pipe(wholeNumber, v.minValue(1), v.maxValue(86_400)), '900'),
    }),
    getResults: v.object({ format: v.optional(v.picklist(['json', 'csv']), 'json') }),
    listAudit: v.object({
      ...page,
      flag: v.optional(v.string()),
      actor: v.optional(v.string()),
      /** Separated by commas. */
      actions: v.optional(v.string()),
    }),
    listFeedback: v.object({ ...page, flag: v.optional(v.string()), variant: v.optional(v.string()) }),
    listOutcomes: v.object({ ...page, flag: v.optional(v.string()) }),
    listVersions: v.object(page),
  }
}

type Inputs<Schemas extends Record<string, v.GenericSchema>> = {
  [Id in keyof Schemas]: v.InferInput<Schemas[Id]>
}
type Outputs<Schemas extends Record<string, v.GenericSchema>> = {
  [Id in keyof Schemas]: v.InferOutput<Schemas[Id]>
}

export type Visitor = v.InferOutput<ReturnType<typeof visitorSchema>>
export type Bodies = Inputs<BodySchemas>
export type ParsedBodies = Outputs<BodySchemas>
export type Queries = Inputs<QuerySchemas>
export type ParsedQueries = Outputs<QuerySchemas>
