/** Every operation of the admin API against a running gate: once done, once refused, every answer as described. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import openApi from '../../../config/openapi.json' with { type: 'json' }
import { ApiError, type Call, createAdminClient } from '../../../src/contract/client.ts'
import { API_PREFIX, FLAG_VERBS, type OperationId, ROUTES } from '../../../src/contract/routes.ts'
import { describedFetch, faultsOfAnswer, OPERATION_IDS } from '../../support/openapi.ts'
import { document, FLAG, flag } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { ADMIN_TOKEN, type Gate, SIGNING_KEY, startGate } from '../harness/running-gate.ts'

const STAGED = 'staged'
const SHADOWED = 'shadowed'
const NEW = 'new/flag'
/** `operation status` of everything that has been answered. */
const seen = new Set<string>()
let origin: Origin
let gate: Gate
let admin: ReturnType<typeof as>
let viewer: ReturnType<typeof as>

beforeAll(async () => {
  origin = await startOrigin('hooks')
  const urls = { old: origin.url, new: origin.url }
  const stages = {
    rules: [
      { serve: 'on', stages: [{ percentage: 5 }, { percentage: 50, approval: true }, { percentage: 100 }] },
    ],
  }
  const webhooks = [{ url: `${origin.url}/hook`, events: ['freeze'] }]
  gate = await startGate({
    document: document(
      urls,
      { rules: [{ serve: 'on', percentage: 10 }] },
      {
        flags: {
          [STAGED]: flag(stages),
          [SHADOWED]: flag({ rules: [{ serve: 'on', stages: [{ shadow: 5 }] }] }),
        },
        notifications: { webhooks },
      },
    ),
    signingKey: SIGNING_KEY,
  })
  admin = as(ADMIN_TOKEN)
  const made = await admin.call('createToken', { body: { name: 'looker', role: 'viewer' } })
  viewer = as(made.token)
})
afterAll(async () => {
  await Promise.all([gate?.close(), origin?.close()])
})

function as(token: string | undefined) {
  return createAdminClient({ baseUrl: gate.url, token, fetch: describedFetch(fetch, seen) })
}

/** Status of the refusal of a call. */
async function refusal<Id extends OperationId>(id: Id, call?: Call<Id>, client = admin): Promise<number> {
  try {
    await client.open(id, call)
  } catch (error) {
    if (error instanceof ApiError) return error.status
    throw error
  }
  throw new Error(`${id} was not refused`)
}

const params = (name: string, more: Record<string, string> = {}) => ({ params: { flag: name, ...more } })

// One walk: the last test looks at all of it.
describe('the admin API', { shuffle: false }, () => {
  it('the document: read, validated, compared, published, listed, restored', async () => {
    const { document: first, version } = await admin.call('getDocument')
    const next = { ...first, defaultOrigin: 'old' }
    expect(await admin.call('validateDocument', { body: { document: next } })).toEqual({
      valid: true,
      problems: [],
    })
    expect((await admin.call('diffDocument', { body: { document: next } })).changes).toHaveLength(1)
    const published = await admin.call('publishDocument', {
      body: { document: next, expectedVersion: version, confirm: true },
    })
    expect(published).toMatchObject({ version: version + 1, changed: true })
    expect((await admin.call('getVersion', { params: { version: String(version) } })).document).toEqual(first)
    const restored = await admin.call('restoreVersion', {
      params: { version: String(version) },
      body: { confirm: true },
    })
    expect((await admin.call('listVersions')).current).toBe(restored.version)

    expect(await refusal('publishDocument', { body: { document: next, expectedVersion: version } })).toBe(409)
    expect(
      await refusal('publishDocument', { body: { document: {}, expectedVersion: restored.version } }),
    ).toBe(422)
    expect(await refusal('validateDocument', { body: {} as never })).toBe(400)
    expect(await refusal('diffDocument', { body: { document: 7 as never } })).toBe(400)
    expect(await refusal('getVersion', { params: { version: '999' } })).toBe(404)
    expect(await refusal('restoreVersion', { params: { version: '999' }, body: {} })).toBe(404)
    expect(await refusal('listVersions', { query: { limit: 'many' } })).toBe(400)
  })

  it('flags: created, read, changed, switched, set, removed', async () => {
    const definition = {
      variants: { on: true, off: false },
      off: 'off',
      rules: [{ serve: 'on', percentage: 1 }],
    }
    await admin.call('createFlag', { body: { key: NEW, flag: definition } })
    expect((await admin.call('listFlags')).flags.map(({ key }) => key)).toContain(NEW)
    await admin.call('patchFlag', { ...params(NEW), body: { patch: { owner: 'ada' } } })
    await admin.call('setPercentage', { ...params(NEW), body: { percentage: 2 } })
    await admin.call('disableFlag', { ...params(NEW), body: {} })
    expect((await admin.call('getFlag', params(NEW))).definition).toMatchObject({
      owner: 'ada',
      enabled: false,
    })
    await admin.call('enableFlag', { ...params(NEW), body: {} })

    expect(await refusal('createFlag', { body: { key: NEW, flag: definition } })).toBe(409)
    expect(await refusal('createFlag', { body: { key: 'bad', flag: { variants: {} } } })).toBe(422)
    expect(await refusal('patchFlag', { ...params(NEW), body: { patch: { off: 'nowhere' } } })).toBe(422)
    expect(await refusal('setPercentage', { ...params(STAGED), body: { percentage: 5 } })).toBe(409)
    expect(await refusal('setPercentage', { ...params(NEW), body: { percentage: 101 } })).toBe(400)
    await admin.call('deleteFlag', { ...params(NEW), body: {} })
    for (const id of ['deleteFlag', 'enableFlag', 'disableFlag'] as const) {
      expect(await refusal(id, { ...params(NEW), body: {} }), id).toBe(404)
    }
    expect(await refusal('getFlag', params(NEW))).toBe(404)
    expect(await refusal('deleteFlag', { ...params(FLAG), body: {} })).toBe(422)
  })

  it('every command of a rollout', async () => {
    const steps = [
      'pause',
      'resume',
      'advance',
      'approve',
      'stage',
      'rollback',
      'resume',
      'finish',
      'restart',
      'kill',
      'unkill',
    ]
    expect(new Set(steps)).toEqual(new Set(FLAG_VERBS))
    for (const verb of steps) {
      const body = verb === 'stage' ? { stage: 0 } : {}
      const answer = await admin.call('commandFlag', { ...params(STAGED, { verb }), body })
      expect(answer.via, verb).toBe('controller')
    }
    for (const verb of FLAG_VERBS) {
      const call = { ...params('no-such-flag', { verb }), body: verb === 'stage' ? { stage: 0 } : {} }
      expect(await refusal('commandFlag', call), verb).toBe(404)
    }
    expect(await refusal('commandFlag', { ...params(STAGED, { verb: 'stage' }), body: { stage: 9 } })).toBe(
      409,
    )
    expect(await refusal('commandFlag', { ...params(STAGED, { verb: 'stage' }), body: {} })).toBe(400)
  })

  it('looking: status, its stream, convergence, series, audit, feedback', async () => {
    await gate.get('/', { 'x-user-id': 'visitor' })
    expect(await admin.call('whoAmI')).toMatchObject({ name: 'admin', role: 'admin' })
    const { flags } = await admin.call('getStatus')
    expect(Object.keys(flags)).toEqual(expect.arrayContaining([FLAG, STAGED]))
    await eventually('an isolate has reported', async () => (await gate.status()).isolates > 0)
    expect((await admin.call('getConvergence')).colos).not.toEqual([])
    await admin.call('getSeries', { query: { flag: FLAG, seconds: '60' } })
    await eventually('the shadow stage has begun', async () => {
      const { samples } = await admin.call('getShadow', params(SHADOWED))
      return samples === 0
    })
    expect((await admin.call('listAudit', { query: { limit: '5' } })).records).toHaveLength(5)
    const headers = { 'x-user-id': 'visitor', 'content-type': 'application/json' }
    const body = JSON.stringify({ reports: [{ type: 'feedback', flag: FLAG, text: 'nice' }] })
    const sent = await fetch(`${gate.url}/__sluice/events`, { method: 'POST', headers, body })
    expect(sent.status).toBe(202)
    expect((await admin.call('listFeedback', { query: { flag: FLAG } })).feedback).toMatchObject([
      { text: 'nice' },
    ])
    const { outcomes } = await admin.call('listOutcomes', { query: { flag: STAGED } })
    expect(outcomes[0]).toMatchObject({ flag: STAGED, ending: expect.any(String), note: null })
    const noted = { params: { id: String(outcomes[0]?.id) }, body: { note: 'by hand' } }
    await admin.call('noteOutcome', noted)
    expect((await admin.call('listOutcomes')).outcomes.map(({ note }) => note?.text)).toContain('by hand')
    const response = await admin.open('streamStatus')
    const reader = response.body?.getReader()
    const decoder = new TextDecoder()
    let text = ''
    // An event may come in pieces.
    while (!text.includes('\n\n')) {
      const { value, done } = (await reader?.read()) ?? { value: undefined, done: true }
      if (done) break
      text += decoder.decode(value, { stream: true })
    }
    await reader?.cancel()
    const data = /^event: status\ndata: (.*)\n\n/.exec(text)?.[1] ?? '{}'
    expect(faultsOfAnswer('getStatus', JSON.parse(data))).toEqual([])

    expect(await refusal('getConvergence', { query: { epoch: 'last' } })).toBe(400)
    expect(await refusal('getSeries', { query: { flag: '' } })).toBe(400)
    expect(await refusal('getShadow', params(FLAG))).toBe(404)
    expect(await refusal('getResults', params(FLAG))).toBe(404)
    expect(await refusal('listAudit', { query: { limit: '0' } })).toBe(400)
    expect(await refusal('listFeedback', { query: { before: 'x' } })).toBe(400)
    expect(await refusal('listOutcomes', { query: { limit: 'x' } })).toBe(400)
    expect(await refusal('noteOutcome', { params: { id: '999' }, body: { note: 'x' } })).toBe(404)
  })

  it('explain, previews, tokens, webhooks', async () => {
    const context = { targetingKey: 'visitor' }
    expect((await admin.call('explain', { body: { flag: FLAG, context } })).flags).toMatchObject([
      { flag: FLAG },
    ])
    expect((await admin.call('explain', { body: { context: { request: {} } } })).route).toMatchObject({
      flag: FLAG,
    })
    expect((await admin.call('createPreview', { body: { overrides: { [FLAG]: 'on' } } })).url).toContain(
      gate.url,
    )
    const { id } = await admin.call('createToken', { body: { name: 'ci', role: 'admin', expiresInDays: 1 } })
    expect((await admin.call('listTokens')).tokens.map((token) => token.id)).toContain(id)
    expect(await admin.call('revokeToken', { params: { id } })).toEqual({ id })
    const hook = `${origin.url}/hook`
    expect(await admin.call('testWebhook', { body: { url: hook } })).toMatchObject({ delivered: true })
    expect(origin.requests.filter(({ url }) => url === '/hook')).toHaveLength(1)

    expect(await refusal('explain', { body: { flag: 'no-such-flag' } })).toBe(404)
    expect(await refusal('createPreview', { body: { overrides: { [FLAG]: 'blue' } } })).toBe(404)
    expect(await refusal('createPreview', { body: { overrides: {} } })).toBe(400)
    expect(await refusal('createToken', { body: { name: '', role: 'admin' } })).toBe(400)
    expect(await refusal('revokeToken', { params: { id } })).toBe(404)
    expect(await refusal('testWebhook', { body: { url: 'http://elsewhere.test/' } })).toBe(404)
  })

  it('keys that others verify by, and sessions', async () => {
    expect((await admin.call('showKey', { params: { purpose: 'origin' } })).key).toMatch(/^sluice-origin-/)
    expect(await refusal('showKey', { params: { purpose: 'identity' } })).toBe(404)
    const signedIn = await admin.call('signIn')
    expect(Date.parse(signedIn.sessionEndsAt ?? '')).toBeGreaterThan(Date.now())
    expect(await admin.call('signOut')).toEqual({ signedOut: true })
  })

  it('refuses calls without a token, and changes with a token to look', async () => {
    const needs = { flag: FLAG, verb: 'pause', version: '1', id: 'x', purpose: 'origin' }
    for (const id of Object.keys(ROUTES) as OperationId[]) {
      const call = { params: needs, body: {} } as Call<OperationId>
      const { role, method } = ROUTES[id]
      const withBody = method === 'GET' ? { params: needs } : call
      expect(await refusal(id, withBody, as(undefined)), id).toBe(401)
      if (role !== 'viewer') expect(await refusal(id, withBody, viewer), id).toBe(403)
    }
  })

  it('what is no operation is answered as a problem, and the description itself is served', async () => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
    const watched = describedFetch(fetch, seen)
    expect((await watched(`${gate.url}${API_PREFIX}/nothing`, { headers })).status).toBe(404)
    for (const [method, path, allowed] of [
      ['POST', '/status', 'GET, HEAD'],
      ['DELETE', '/document', 'GET, PUT, HEAD'],
      ['PUT', `/flags/${FLAG}`, 'GET, PATCH, DELETE, HEAD'],
      ['GET', `/flags/${FLAG}/kill`, 'POST'],
    ] as const) {
      const refused = await watched(`${gate.url}${API_PREFIX}${path}`, { method, headers })
      expect([refused.status, refused.headers.get('allow')], `${method} ${path}`).toEqual([405, allowed])
    }
    const unknownVerb = await watched(`${gate.url}${API_PREFIX}/flags/${FLAG}/explode`, {
      method: 'POST',
      headers,
    })
    expect(unknownVerb.status).toBe(404)
    for (const version of ['last', '0x1', '1.5', '-1']) {
      expect(await refusal('getVersion', { params: { version } }), version).toBe(404)
      expect(await refusal('restoreVersion', { params: { version }, body: {} }), version).toBe(404)
    }
    const large = { method: 'POST', headers, body: `{"reason":"${'x'.repeat(70_000)}"}` }
    expect((await watched(`${gate.url}${API_PREFIX}/flags/${FLAG}/kill`, large)).status).toBe(413)
    const served = await fetch(`${gate.url}${API_PREFIX}/openapi.json`)
    expect(await served.json()).toEqual(openApi)
  })

  it('all of it: every operation has been done, and has been refused', () => {
    const done = OPERATION_IDS.filter((id) => seen.has(`${id} 200`))
    const refused = OPERATION_IDS.filter((id) =>
      [...seen].some((each) => new RegExp(`^${id} 4(?!01)`).test(each)),
    )
    // The flags of this test measure nothing.
    expect(done).toEqual(OPERATION_IDS.filter((id) => id !== 'getResults'))
    // Those that take nothing and anybody may call can only be refused for want of a token.
    const always = ['whoAmI', 'signIn', 'signOut', 'getStatus', 'streamStatus', 'getDocument', 'listFlags']
    expect(OPERATION_IDS.filter((id) => !refused.includes(id)).sort()).toEqual(always.sort())
  })
})
