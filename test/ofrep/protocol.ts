/** The answers of OFREP 0.3, by its OpenAPI description; nothing else may be in an answer. */
import * as v from 'valibot'

const key = v.pipe(v.string(), v.minLength(1))
const metadata = v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))
const value = v.union([
  v.boolean(),
  v.string(),
  v.number(),
  v.custom<object>((input) => typeof input === 'object' && input !== null),
])

const told = {
  key,
  reason: v.picklist(['STATIC', 'TARGETING_MATCH', 'SPLIT', 'DEFAULT', 'DISABLED', 'STALE', 'UNKNOWN']),
  metadata: v.optional(metadata),
}

/** Without a value the app's own default is used: no variant goes with that. */
const evaluationSuccess = v.union([
  v.strictObject({ ...told, value, variant: v.pipe(v.string(), v.minLength(1)) }),
  v.strictObject(told),
])

const evaluationFailure = v.strictObject({
  key,
  errorCode: v.picklist(['PARSE_ERROR', 'TARGETING_KEY_MISSING', 'INVALID_CONTEXT', 'GENERAL']),
  errorDetails: v.optional(v.string()),
})

const flagNotFound = v.strictObject({
  key,
  errorCode: v.literal('FLAG_NOT_FOUND'),
  errorDetails: v.optional(v.string()),
})

const eventStream = v.strictObject({
  type: v.literal('sse'),
  endpoint: v.strictObject({
    origin: v.optional(v.pipe(v.string(), v.url())),
    requestUri: v.pipe(v.string(), v.startsWith('/')),
  }),
  inactivityDelaySec: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
})

const bulkSuccess = v.strictObject({
  flags: v.array(v.union([evaluationSuccess, evaluationFailure])),
  eventStreams: v.optional(v.array(eventStream)),
  metadata: v.optional(metadata),
})

const bulkFailure = v.strictObject({
  errorCode: v.picklist(['PARSE_ERROR', 'TARGETING_KEY_MISSING', 'INVALID_CONTEXT', 'GENERAL']),
  errorDetails: v.optional(v.string()),
})

const generalError = v.strictObject({ errorDetails: v.optional(v.string()) })

/** What a status may carry. */
const SINGLE = { 200: evaluationSuccess, 400: evaluationFailure, 404: flagNotFound }
const BULK = { 200: bulkSuccess, 400: bulkFailure }
const ANY = {
  401: generalError,
  403: generalError,
  404: generalError,
  405: generalError,
  429: generalError,
  500: generalError,
}

export type OfrepAnswer = { status: number; headers: Headers; body: Record<string, unknown> | undefined }

/** The answer, after everything that the protocol says of it has been looked at. */
export async function conforming(response: Response, kind: 'single' | 'bulk'): Promise<OfrepAnswer> {
  const { status, headers } = response
  if (headers.get('cache-control') !== 'no-store')
    throw new Error(`${status}: Cache-Control must be no-store`)
  // Where the document lists sites, others are to read nothing.
  const isForAll = status !== 403 && !headers.get('vary')?.includes('origin')
  if (headers.get('access-control-allow-origin') === null && isForAll) {
    throw new Error(`${status}: a page of another site could not read this`)
  }
  const exposed = headers.get('access-control-expose-headers') ?? ''
  if (isForAll && !(exposed.includes('etag') && exposed.includes('retry-after'))) {
    throw new Error(`${status}: ETag and Retry-After must be exposed, not "${exposed}"`)
  }
  if (status === 429 && !/^\d+$/.test(headers.get('retry-after') ?? ''))
    throw new Error('429 needs Retry-After')
  if (kind === 'bulk' && (status === 200 || status === 304) && !headers.get('etag'))
    throw new Error('ETag is missing')
  const text = await response.text()
  if (status === 304) {
    if (text !== '') throw new Error('304 has no body')
    return { status, headers, body: undefined }
  }
  if (!headers.get('content-type')?.startsWith('application/json'))
    throw new Error(`${status}: it must be JSON`)
  const schemas: Readonly<Record<number, v.GenericSchema>> = { ...ANY, ...(kind === 'bulk' ? BULK : SINGLE) }
  const schema = schemas[status]
  if (schema === undefined) throw new Error(`OFREP has no status ${status}`)
  return { status, headers, body: v.parse(schema, JSON.parse(text)) as Record<string, unknown> }
}
