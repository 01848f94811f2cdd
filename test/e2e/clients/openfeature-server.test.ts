/** OpenFeature's server SDK, by its own OFREP provider and by the gate's. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { OFREPProvider } from '@openfeature/ofrep-provider'
import {
  type Client,
  ErrorCode,
  type EvaluationContext,
  OpenFeature,
  type Provider,
} from '@openfeature/server-sdk'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { gateContext, SluiceProvider } from '../../../src/sdk/openfeature/index.ts'
import { ADMIN_TOKEN, type Gate, SIGNING_KEY, startGate } from '../harness/running-gate.ts'
import { derivedKey } from '../harness/tokens.ts'
import { protocolFetch } from './support.ts'

const on = { variants: { on: true, off: false }, off: 'off' }
const FLAGS = {
  everybody: { ...on, rules: [{ serve: 'on' }], metadata: { team: 'web' } },
  half: { ...on, rules: [{ percentage: 50, serve: 'on' }] },
  routed: { ...on, rules: [{ percentage: 50, serve: 'on' }] },
  'in-romania': {
    ...on,
    rules: [{ when: [{ attribute: 'country', op: 'in', values: ['RO'] }], serve: 'on' }],
  },
  colour: { variants: { red: '#f00', none: '#000' }, off: 'none', rules: [{ serve: 'red' }] },
  limit: { variants: { high: 12.5, low: 1 }, off: 'low', rules: [{ serve: 'high' }] },
  'with/slash': { variants: { a: { size: 3 }, b: {} }, off: 'b', rules: [{ serve: 'a' }] },
  secret: { ...on, private: true, rules: [{ serve: 'on' }] },
  unset: { variants: { on: true, off: null }, off: 'off' },
}

let gate: Gate
/** The app behind the gate: answers with what it knows of its flags. */
let app: ReturnType<typeof createServer>
let client: (provider: Provider) => Promise<Client>

/** Both providers ask by the global fetch: each answer is held against the protocol. */
const protocol = protocolFetch()

beforeAll(async () => {
  vi.stubGlobal('fetch', protocol.fetch)
  let provider: SluiceProvider | undefined
  app = createServer(async (request, response) => {
    provider ??= new SluiceProvider({ url: gate.url, signingKey: derivedKey('origin') })
    const own = await client(provider)
    const context = gateContext(request.headers)
    const routed = await own.getBooleanDetails('routed', false, context)
    const half = await own.getBooleanDetails('half', false, context)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ routed, half, key: request.headers['sluice-targeting-key'] }))
  })
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(app.address() as AddressInfo).port}`
  gate = await startGate({
    document: {
      origins: { old: { url }, new: { url } },
      context: { targetingKey: { header: 'x-user-id' } },
      routes: [{ path: '/*', flag: 'routed', origins: { on: 'new', off: 'old' } }],
      flags: FLAGS,
    },
    signingKey: SIGNING_KEY,
  })
  let domains = 0
  client = async (provider) => {
    const domain = `domain-${++domains}`
    await OpenFeature.setProviderAndWait(domain, provider)
    return OpenFeature.getClient(domain)
  }
})
afterAll(async () => {
  await OpenFeature.close()
  await gate?.close()
  app.close()
  vi.unstubAllGlobals()
})

const PROVIDERS: Record<string, (token?: string) => Provider> = {
  "OpenFeature's own provider": (token) =>
    new OFREPProvider({
      baseUrl: `${gate.url}/__sluice`,
      ...(token && { headers: [['Authorization', `Bearer ${token}`]] }),
    }),
  "the gate's provider": (token) => new SluiceProvider({ url: gate.url, ...(token && { token }) }),
}

describe.each(Object.entries(PROVIDERS))('%s', (_name, provider) => {
  const visitor = { targetingKey: 'visitor-7' }

  it('gives values of every type, with variant, reason and metadata', async () => {
    const own = await client(provider())
    expect(await own.getBooleanDetails('everybody', false, visitor)).toMatchObject({
      value: true,
      variant: 'on',
      reason: 'STATIC',
      flagMetadata: { team: 'web' },
    })
    expect(await own.getStringValue('colour', '', visitor)).toBe('#f00')
    expect(await own.getNumberValue('limit', 0, visitor)).toBe(12.5)
    expect(await own.getObjectValue('with/slash', {}, visitor)).toEqual({ size: 3 })
  })

  it('decides by the context that the app gives', async () => {
    const own = await client(provider())
    expect(await own.getBooleanValue('in-romania', false, { ...visitor, country: 'RO' })).toBe(true)
    expect(await own.getBooleanValue('in-romania', false, { ...visitor, country: 'US' })).toBe(false)
  })

  it("falls back to the app's own value where it must, and says why", async () => {
    const own = await client(provider())
    const errorOf = async (flag: string, context: EvaluationContext = visitor) =>
      (await own.getBooleanDetails(flag, true, context)).errorCode
    expect(await errorOf('no-such-flag')).toBe(ErrorCode.FLAG_NOT_FOUND)
    expect(await errorOf('secret')).toBe(ErrorCode.FLAG_NOT_FOUND)
    expect(await errorOf('half', {})).toBe(ErrorCode.TARGETING_KEY_MISSING)
    expect(await errorOf('colour')).toBe(ErrorCode.TYPE_MISMATCH)
    expect((await own.getBooleanDetails('unset', true, visitor)).value).toBe(true)
  })

  it('has no variant where there is no value, and no error but that of a provider that needs one', async () => {
    const own = await client(provider())
    const { value, variant, reason } = await own.getBooleanDetails('unset', true, visitor)
    const isOwn = own.metadata.providerMetadata.name === 'sluice'
    expect([value, variant, reason]).toEqual([true, undefined, isOwn ? 'DEFAULT' : 'ERROR'])
  })

  it('sees private flags with a token, and nothing with a wrong one', async () => {
    const known = await client(provider(ADMIN_TOKEN))
    expect(await known.getBooleanValue('secret', false, visitor)).toBe(true)
    const unknown = await client(provider('wrong'))
    const { value, errorCode } = await unknown.getBooleanDetails('everybody', false, visitor)
    expect([value, errorCode]).toEqual([false, ErrorCode.GENERAL])
  })
})

describe('a document that wants a token of everybody', () => {
  it('lets a server in with one, by either header', async () => {
    const closed = await startGate({
      document: {
        origins: { app: { url: 'http://127.0.0.1:9' } },
        routes: [{ path: '/*', origin: 'app' }],
        flags: FLAGS,
        flagQueries: { requireToken: true },
      },
    })
    const baseUrl = `${closed.url}/__sluice`
    const ask = async (provider: Provider) =>
      await (await client(provider)).getBooleanDetails('everybody', false, { targetingKey: 'v' })
    const refused = { value: false, errorCode: ErrorCode.GENERAL }
    expect(await ask(new OFREPProvider({ baseUrl }))).toMatchObject(refused)
    expect(await ask(new SluiceProvider({ url: closed.url }))).toMatchObject(refused)
    const headers: [string, string][] = [['X-API-Key', ADMIN_TOKEN]]
    expect((await ask(new OFREPProvider({ baseUrl, headers }))).value).toBe(true)
    expect((await ask(new SluiceProvider({ url: closed.url, token: ADMIN_TOKEN }))).value).toBe(true)
    await closed.close()
  })
})

describe('a server that asks too often', () => {
  it('is told to come later, and falls back to its own value', async () => {
    const busy = await startGate({
      document: {
        origins: { app: { url: 'http://127.0.0.1:9' } },
        routes: [{ path: '/*', origin: 'app' }],
        flags: FLAGS,
        flagQueries: { requestsPerMinute: 3 },
      },
    })
    for (const provider of [
      new OFREPProvider({ baseUrl: `${busy.url}/__sluice` }),
      new SluiceProvider({ url: busy.url }),
    ]) {
      const own = await client(provider)
      const answers = []
      for (let n = 0; n < 5; n++) answers.push(await own.getBooleanDetails('everybody', false, {}))
      expect(answers.at(-1)).toMatchObject({ value: false, errorCode: ErrorCode.GENERAL })
    }
    await busy.close()
  })
})

describe('an app behind the gate', () => {
  type Seen = { routed: Details; half: Details; key: string }
  type Details = { value: boolean; reason: string; variant?: string }

  it('hears the same from the header as the visitor was routed by, and of other flags for the same visitor', async () => {
    const own = await client(new SluiceProvider({ url: gate.url }))
    for (const id of ['a', 'b', 'c', 'd', 'e', 'größe/1']) {
      const page = await gate.get('/', { 'x-user-id': encodeURIComponent(id) })
      const seen = JSON.parse(page.text) as Seen
      expect([seen.routed.variant, seen.routed.reason]).toEqual([page.variant, 'SPLIT'])
      const targetingKey = encodeURIComponent(id)
      expect(seen.half.value).toBe(await own.getBooleanValue('half', false, { targetingKey }))
    }
  })

  it('believes no header that the gate has not signed', async () => {
    const forged = { 'sluice-flags': 'routed=on;reason=static', 'sluice-signature': 't=1,v1=00' }
    const own = await client(new SluiceProvider({ url: gate.url, signingKey: derivedKey('origin') }))
    const { reason, errorCode } = await own.getBooleanDetails('routed', false, gateContext(forged))
    expect([reason, errorCode]).toEqual(['ERROR', ErrorCode.TARGETING_KEY_MISSING])
  })
})

// Each of these responses was as the protocol says.
afterAll(() => {
  expect(protocol.faults).toEqual([])
  expect(protocol.seen()).toBeGreaterThan(20)
})
