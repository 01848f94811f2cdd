/**
 * `sluice/testing`: flags that serve what a test says, in memory and without a gate, so that the tests of an app run in
 * both states of a flag.
 */
import { parseDocumentValue } from '../../core/config/parse/parse.ts'
import { describeProblems } from '../../core/config/parse/problems.ts'
import { encodedTargetingKey } from '../../core/context/encoded-key.ts'
import { type FlagDecision, FORCED, type SluiceFlags } from '../hono/flags.ts'
import { HEADERS } from '../server/headers.ts'
import { sign } from '../server/signature.ts'

/** Flag → variant. A variant that is neither `on` nor `off`, of a flag of no document, may come with its value. */
export type ForcedVariants = Readonly<Record<string, string | { variant: string; value: unknown }>>

export type TestFlagsOptions = {
  /** The gate document, for the values of variants: flags that are not forced serve their `off`. */
  document?: object
  /** The visitor. Default `test-visitor`. */
  targetingKey?: string
}

/** The part of Hono's `Context` that is needed here. */
type HasFlags = { set(key: 'flags', value: SluiceFlags): void }

type Flag = { variants: Readonly<Record<string, unknown>>; off: string }

/** An event of a metric that the app has tracked. */
export type TrackedEvent = { name: string; value?: number; id: string; targetingKey?: string }

/** What `testFlags` makes: itself the `c.var.flags` of a request. */
export type TestFlags = SluiceFlags & {
  /** Forces further variants, or others; the rest stay as they are. */
  force(variants: ForcedVariants): void
  /** For a Hono app: put it before the app; `sluice()` inside leaves the flags as they are. */
  middleware(c: HasFlags, next: () => Promise<void>): Promise<void>
  /** Headers of a request that came through the gate, signed where there is a key; for `readDecision`. */
  headers(options?: { signingKey?: string }): Promise<Record<string, string>>
  /** Answers as the gate does over OFREP: `new SluiceProvider({ url: 'http://test', fetch: flags.fetch })`. */
  fetch(url: string, init?: RequestInit): Promise<Response>
  /** The events that were tracked so far. `SluiceProvider` sends them with `flush`, or when it is closed. */
  tracked(): readonly TrackedEvent[]
}

/**
 * Makes flags for a test.
 *
 * @param variants flag → variant that it serves to every visitor; `on` is true, `off` is false
 * @param options the gate document, for other values, and the visitor
 * @returns flags for `sluice/hono`, `sluice/server` and `sluice/openfeature`
 * @throws Error where the document is not valid, or has no such flag or variant
 * @example
 * import { Hono } from 'hono'
 * import { sluice } from 'sluice/hono'
 * import { testFlags } from 'sluice/testing'
 *
 * const app = new Hono()
 * app.use(sluice())
 * app.get('/', (c) => c.text(c.var.flags.isOn('new-checkout') ? 'new' : 'old'))
 *
 * const flags = testFlags({ 'new-checkout': 'on' })
 * const tested = new Hono().use(flags.middleware).route('/', app)
 * console.log(await (await tested.request('/')).text()) // new
 * flags.force({ 'new-checkout': 'off' })
 * console.log(await (await tested.request('/')).text()) // old
 */
export function testFlags(
  variants: ForcedVariants,
  { document, targetingKey = 'test-visitor' }: TestFlagsOptions = {},
): TestFlags {
  const known = document && flagsIn(document)
  const served = new Map<string, FlagDecision>()
  const events: TrackedEvent[] = []
  for (const [key, { variants: values, off }] of Object.entries(known ?? {}))
    served.set(key, { variant: off, value: values[off], reason: 'DEFAULT' })

  function force(forced: ForcedVariants): void {
    for (const [key, choice] of Object.entries(forced)) {
      const { variant, value } =
        typeof choice === 'string' ? { variant: choice, value: variantValue(key, choice, known) } : choice
      served.set(key, { variant, value, reason: 'OVERRIDE' })
    }
  }

  force(variants)
  const flags: SluiceFlags = {
    isOn: (key) => served.has(key) && served.get(key)?.variant !== (known?.[key]?.off ?? 'off'),
    variant: (key) => served.get(key)?.variant,
    value: <Value>(key: string, defaultValue: Value) => (served.get(key)?.value ?? defaultValue) as Value,
    all: () => Object.fromEntries(served),
    track: (name, { value, id = crypto.randomUUID() } = {}) => {
      events.push({ name, ...(value !== undefined && { value }), id, targetingKey })
    },
    targetingKey: () => targetingKey,
  }
  const made = { ...flags, [FORCED]: true }
  return {
    ...made,
    force,
    middleware: async (c, next) => {
      c.set('flags', made)
      await next()
    },
    headers: (options) => headersOf(served, targetingKey, options?.signingKey),
    fetch: async (url, init) => {
      if (!url.endsWith('/__sluice/events'))
        return answerFor(decodeURIComponent(url.slice(url.lastIndexOf('/') + 1)), served)
      const sent = eventsIn(String(init?.body))
      events.push(...sent)
      return Response.json({ accepted: sent.length, refused: [] }, { status: 202 })
    },
    tracked: () => events,
  }
}

function flagsIn(document: object): Readonly<Record<string, Flag>> {
  const parsed = parseDocumentValue(document)
  if (parsed.ok) return parsed.value.flags
  throw new Error(`Cannot use the gate document: it has problems\n${describeProblems(parsed.problems)}`)
}

function variantValue(
  key: string,
  variant: string,
  known: Readonly<Record<string, Flag>> | undefined,
): unknown {
  const { variants } = known === undefined ? { variants: { on: true, off: false } } : (known[key] ?? {})
  if (variants === undefined) throw new Error(`Cannot force ${key}: the document has no such flag`)
  const values: Readonly<Record<string, unknown>> = variants
  if (known !== undefined && !(variant in values))
    throw new Error(`Cannot force ${key} to ${variant}: its variants are ${Object.keys(values).join(', ')}`)
  return variant in values ? values[variant] : variant
}

async function headersOf(
  served: ReadonlyMap<string, FlagDecision>,
  visitor: string,
  signingKey: string | undefined,
): Promise<Record<string, string>> {
  const parts = [...served].map(
    ([key, { variant, reason }]) =>
      `${encodeURIComponent(key)}=${encodeURIComponent(variant)};reason=${reason.toLowerCase()}`,
  )
  const flags = parts.join(', ')
  if (signingKey === undefined) return { [HEADERS.flags]: flags }
  const targetingKey = encodedTargetingKey(visitor)
  return {
    [HEADERS.flags]: flags,
    [HEADERS.targetingKey]: targetingKey,
    [HEADERS.signature]: await sign({ flags, targetingKey }, signingKey, Date.now()),
  }
}

type SentReport = Omit<TrackedEvent, 'targetingKey'> & { type: string; context?: { targetingKey?: string } }

/** The events of metrics in a message; reports of other types are taken, too. */
function eventsIn(body: string): TrackedEvent[] {
  const { reports } = JSON.parse(body) as { reports: SentReport[] }
  return reports
    .filter(({ type }) => type === 'track')
    .map(({ name, value, id, context }) => ({
      ...{ name, id },
      ...(value !== undefined && { value }),
      ...(context?.targetingKey !== undefined && { targetingKey: context.targetingKey }),
    }))
}

/** As the gate answers over OFREP. */
function answerFor(key: string, served: ReadonlyMap<string, FlagDecision>): Response {
  const found = served.get(key)
  if (found === undefined) return Response.json({ key, errorCode: 'FLAG_NOT_FOUND' }, { status: 404 })
  const { variant, value, reason } = found
  return Response.json({
    key,
    variant,
    ...(value !== null && { value }),
    reason: reason === 'OVERRIDE' ? 'TARGETING_MATCH' : reason,
  })
}
