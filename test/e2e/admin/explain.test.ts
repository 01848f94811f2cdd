/**
 * What `explain` tells is what the gate does: random documents are published, random states commanded, random visitors
 * sent to the running gate, and asked about.
 */
import { request } from 'node:http'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ApiError } from '../../../src/contract/client.ts'
import { type ArbitraryDocument, documents, type Visitor, visitors } from '../../support/arbitrary.ts'
import { LONG } from '../harness/long.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { type Gate, SIGNING_KEY, startGate } from '../harness/running-gate.ts'

const VISITORS_PER_DOCUMENT = 10
const DOCUMENTS = LONG ? 1_000 : 20
/** Documents that are the same in every run, and among which most reasons are met. */
const FIXED = { numRuns: 10, seed: 3 }

let origins: Record<'old' | 'new', Origin>
let gate: Gate

beforeAll(async () => {
  const tellFlags = async (name: string) =>
    await startOrigin(name, ({ headers }, response) => {
      response.end(JSON.stringify({ origin: name, flags: headers['sluice-flags'] }))
    })
  origins = { old: await tellFlags('old'), new: await tellFlags('new') }
  const nothing = { origins: { old: { url: origins.old.url } }, routes: [{ path: '/*', origin: 'old' }] }
  gate = await startGate({ document: nothing, signingKey: SIGNING_KEY })
})
afterAll(async () => {
  await Promise.all([gate?.close(), origins?.old.close(), origins?.new.close()])
})

const VERBS = ['kill', 'unkill', 'rollback', 'resume', 'stage', 'advance', 'finish', 'pause'] as const
const commands = fc.array(fc.record({ flag: fc.nat(4), verb: fc.constantFrom(...VERBS), stage: fc.nat(3) }), {
  maxLength: 3,
})

/** What the visitor sends: the same to the gate and, described, to `explain`. */
function requestOf(visitor: Visitor, preview: string | undefined) {
  const { targetingKey, plan, beta, version, age, since, language, ip, country, colo, asn } = visitor
  const cookies = { beta, sluice_debug: preview }
  const headers: Record<string, string | undefined> = {
    'x-user-id': targetingKey,
    'x-plan': plan,
    'x-version': version,
    'x-age': age,
    'x-since': since,
    'accept-language': language,
    // The local gate names this machine where a request names no address.
    'cf-connecting-ip': ip ?? '127.0.0.1',
    cookie: Object.entries(cookies)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${value}`)
      .join('; '),
  }
  const query = visitor.preview === undefined ? '' : `?preview=${visitor.preview}`
  return {
    url: `${gate.url}${visitor.path}${query}`,
    method: visitor.method,
    headers: defined(headers),
    cf: { country: country ?? null, colo: colo ?? null, asn: asn ?? null },
  }
}

function defined(record: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value)) as Record<string, string>
}

type Described = ReturnType<typeof requestOf>

/** Which origin a request came to, and what it was told: with no header that the test did not choose. */
function answerOf({ url, method, headers, cf }: Described): Promise<{ origin: string; flags: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      { method, headers: { ...headers, 'sluice-debug-cf': JSON.stringify(cf) } },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => {
          text += part
        })
        response.on('end', () => resolve(JSON.parse(text) as { origin: string; flags: string }))
      },
    )
    asked.on('error', reject).end()
  })
}

async function explained(described: Described): Promise<{ origin: string; flags: string }> {
  const { route, flags } = await gate.admin.call('explain', { body: { context: { request: described } } })
  const own = flags.find(({ flag }) => flag === route?.flag)
  return {
    origin: route?.origin ?? '',
    flags: own ? `${own.flag}=${own.variant};reason=${own.reason.toLowerCase()}` : '',
  }
}

async function publish(document: ArbitraryDocument): Promise<void> {
  const urls = { old: { url: origins.old.url }, new: { url: origins.new.url } }
  const { version: expectedVersion } = await gate.admin.call('getDocument')
  const text = JSON.stringify({ ...document, origins: urls })
  await gate.admin.call('publishDocument', { body: { document: text, expectedVersion, confirm: true } })
}

async function steer(
  keys: readonly string[],
  wanted: readonly { flag: number; verb: string; stage: number }[],
) {
  for (const { flag, verb, stage } of wanted) {
    const params = { flag: keys[flag % keys.length] ?? '', verb }
    const body = verb === 'stage' ? { stage } : {}
    // Not every command makes sense in every state; those that don't change nothing.
    await gate.admin.call('commandFlag', { params, body }).catch((error) => {
      if (!(error instanceof ApiError) || error.status !== 409) throw error
    })
  }
}

async function previewOf(
  document: ArbitraryDocument,
  variant: string | undefined,
): Promise<string | undefined> {
  const [key, flag] = Object.entries(document.flags)[0] ?? []
  if (key === undefined || variant === undefined || flag?.variants[variant] === undefined) return undefined
  return (await gate.admin.call('createPreview', { body: { overrides: { [key]: variant } } })).token
}

it('explain and the gate agree on every visitor of every document in every state', {
  timeout: 120_000 + DOCUMENTS * 5_000,
}, async () => {
  const seen = new Map<string, number>()
  const crowd = fc.array(visitors, { minLength: VISITORS_PER_DOCUMENT, maxLength: VISITORS_PER_DOCUMENT })
  const variant = fc.constantFrom(undefined, undefined, 'on', 'off')
  const agree = fc.asyncProperty(
    documents,
    commands,
    variant,
    crowd,
    async (document, wanted, forced, people) => {
      await publish(document)
      await steer(Object.keys(document.flags), wanted)
      const preview = await previewOf(document, forced)
      for (const [index, visitor] of people.entries()) {
        const described = requestOf(visitor, index % 2 === 0 ? preview : undefined)
        const [real, told] = [await answerOf(described), await explained(described)]
        expect(told).toEqual(real)
        const reason = real.flags.replace(/^.*reason=/, '')
        seen.set(reason, (seen.get(reason) ?? 0) + 1)
      }
    },
  )
  await fc.assert(agree, { ...FIXED, endOnFailure: true })
  expect(seen.size).toBeGreaterThan(4)
  await fc.assert(agree, { numRuns: DOCUMENTS, endOnFailure: true })
  // What the Controller has written to KV itself is never taken for someone else's.
  const { versions } = await gate.admin.call('listVersions', { query: { limit: '1000' } })
  expect(versions.filter(({ source }) => source === 'kv').length).toBeLessThanOrEqual(1)
})
