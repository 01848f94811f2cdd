import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Controller } from '../../../src/durable/controller/controller.ts'
import { controller, type Env } from '../../../src/platform/env.ts'
import { admin, adminAs, GATE_URL, gate } from '../support/admin.ts'
import { startAfresh } from '../support/controller.ts'

const FLAG = 'new-shop'

beforeEach(startAfresh)

async function version(): Promise<number> {
  return (await admin.call('getDocument')).version
}

describe('the document', () => {
  it('is published, compared, listed and restored to the letter', async () => {
    const first = await admin.call('getDocument')
    const document = { ...first.document, defaultOrigin: 'old' }
    const diff = await admin.call('diffDocument', { body: { document } })
    expect(diff).toMatchObject({
      valid: true,
      against: first.version,
      changes: [{ path: '$.defaultOrigin', kind: 'added', before: null, after: 'old' }],
    })
    const text = `${JSON.stringify(document)}\n\n`
    const body = { document: text, expectedVersion: first.version, reason: 'a default' }
    const published = await admin.call('publishDocument', { body })
    expect(published).toMatchObject({ version: first.version + 1, changed: true, kv: 'written' })
    expect((await admin.call('getDocument')).text).toBe(text)
    await admin.call('patchFlag', { params: { flag: FLAG }, body: { patch: { owner: 'payments' } } })
    const restored = await admin.call('restoreVersion', {
      params: { version: String(published.version) },
      body: {},
    })
    expect(restored.version).toBe(published.version + 2)
    expect((await admin.call('getDocument')).text).toBe(text)
    const { versions, current } = await admin.call('listVersions')
    expect(current).toBe(restored.version)
    expect(versions.map((each) => each.version)).toEqual([current, current - 1, current - 2])
    const old = await admin.call('getVersion', { params: { version: String(current - 1) } })
    expect(old.document.flags).toMatchObject({ [FLAG]: { owner: 'payments' } })
  })

  it('that is not valid is refused with its problems, and changes nothing', async () => {
    const before = await version()
    const body = { document: { origins: {} }, expectedVersion: before }
    expect((await admin.call('validateDocument', { body: { document: body.document } })).valid).toBe(false)
    const refusal = await admin.refusal('publishDocument', { body })
    expect(refusal.status).toBe(422)
    expect(refusal.problems?.[0]).toMatchObject({ path: expect.stringContaining('$') })
    expect(await version()).toBe(before)
  })

  it('goes to exactly one of two who publish at once; the other sees what has changed', async () => {
    const before = await admin.call('getDocument')
    const publish = (owner: string) => {
      const flags = before.document.flags as Record<string, object>
      const document = { ...before.document, flags: { ...flags, [FLAG]: { ...flags[FLAG], owner } } }
      return admin.call('publishDocument', { body: { document, expectedVersion: before.version } })
    }
    const results = await Promise.allSettled([publish('first'), publish('second')])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const late = await admin.refusal('publishDocument', {
      body: { document: before.document, expectedVersion: before.version },
    })
    expect(late).toMatchObject({ status: 409, current: { version: before.version + 1 } })
    expect(late.changes).toMatchObject([{ path: `$.flags["${FLAG}"].owner` }])
  })
})

describe('flags', () => {
  it('are created, patched, switched and deleted', async () => {
    const flag = { variants: { on: true, off: false }, off: 'off', rules: [{ serve: 'on', percentage: 10 }] }
    const created = await admin.call('createFlag', { body: { key: 'banner/top', flag } })
    expect(created.changed).toBe(true)
    const params = { flag: 'banner/top' }
    expect(await admin.refusal('createFlag', { body: { key: 'banner/top', flag } })).toMatchObject({
      status: 409,
    })
    // Without traffic a share that goes up by much asks, and enable by as much.
    expect(await admin.refusal('setPercentage', { params, body: { percentage: 42.5 } })).toMatchObject({
      status: 409,
      questions: ['banner/top: 10 % → 42.5 % moves up to 32.5 % of visitors', expect.any(String)],
    })
    await admin.call('setPercentage', { params, body: { percentage: 42.5, confirm: true } })
    await admin.call('patchFlag', { params, body: { patch: { description: 'A banner', owner: 'web' } } })
    await admin.call('disableFlag', { params, body: {} })
    const found = await admin.call('getFlag', { params })
    expect(found.summary).toMatchObject({ state: 'disabled', percentage: 42.5, owner: 'web', routes: [] })
    expect(await admin.refusal('enableFlag', { params, body: {} })).toMatchObject({ status: 409 })
    await admin.call('enableFlag', { params, body: { confirm: true } })
    expect((await admin.call('listFlags')).flags.map(({ key }) => key)).toContain('banner/top')
    await admin.call('deleteFlag', { params, body: {} })
    expect(await admin.refusal('getFlag', { params })).toMatchObject({ status: 404 })
    const refusal = await admin.refusal('setPercentage', { params: { flag: FLAG }, body: { percentage: 5 } })
    expect(refusal).toMatchObject({ status: 409, detail: expect.stringContaining('stages') })
  })

  it('are steered, and every step raises the epoch and leaves its record', async () => {
    const steps = ['pause', 'resume', 'advance', 'rollback', 'resume', 'kill', 'unkill'] as const
    for (const verb of steps) {
      const before = (await admin.call('getStatus')).epoch
      const answer = await admin.call('commandFlag', {
        params: { flag: FLAG, verb },
        body: { reason: `try ${verb}` },
      })
      expect(answer).toMatchObject({ epoch: before + 1, via: 'controller' })
      const { records } = await admin.call('listAudit', { query: { flag: FLAG, limit: '1' } })
      expect(records).toMatchObject([{ action: verb, actor: 'admin', reason: `try ${verb}` }])
    }
    expect(
      await admin.refusal('commandFlag', {
        params: { flag: FLAG, verb: 'advance' },
        body: { confirm: false },
      }),
    ).toMatchObject({
      status: 409,
      questions: ['new-checkout: new-shop, which it requires, lets more visitors enter the canary'],
    })
    // None of its stages asks for approval.
    expect(
      await admin.refusal('commandFlag', { params: { flag: FLAG, verb: 'approve' }, body: {} }),
    ).toMatchObject({ status: 409, detail: expect.stringContaining('asks for no approval') })
    await admin.call('commandFlag', { params: { flag: 'all', verb: 'kill' }, body: {} })
    const { flags, kill } = await admin.call('getStatus')
    expect(kill.controller).toEqual(['*'])
    expect(Object.values(flags).every(({ state }) => state === 'killed')).toBe(true)
    await admin.call('commandFlag', { params: { flag: 'all', verb: 'unkill' }, body: {} })
    // A flag may be called so; then the word means that flag.
    const onOff = { variants: { on: true, off: false }, off: 'off' }
    await admin.call('createFlag', { body: { key: 'all', flag: onOff } })
    await admin.call('commandFlag', { params: { flag: 'all', verb: 'kill' }, body: {} })
    expect((await admin.call('getStatus')).kill.controller).toEqual(['all'])
    await admin.call('commandFlag', { params: { flag: 'all', verb: 'unkill' }, body: {} })
    await admin.call('deleteFlag', { params: { flag: 'all' }, body: {} })
    expect(
      await admin.refusal('commandFlag', { params: { flag: FLAG, verb: 'unkill' }, body: {} }),
    ).toMatchObject({
      status: 409,
    })
  })
})

describe('explain and preview', () => {
  it('explain tells where a request goes, by which rule, and why', async () => {
    const request = {
      url: 'https://shop.test/checkout/1',
      headers: { 'x-user-id': 'ada' },
      cf: { country: 'RO' },
    }
    const answer = await admin.call('explain', { body: { context: { request } } })
    expect(answer).toMatchObject({
      targetingKey: 'ada',
      route: { route: '/checkout/*', flag: 'new-checkout' },
    })
    expect(answer.flags[0]?.rules[0]?.conditions).toMatchObject([
      { attribute: 'country', found: 'RO', holds: true },
    ])
    const all = await admin.call('explain', { body: { context: { targetingKey: 'ada' } } })
    expect(all.flags.map(({ flag }) => flag)).toEqual(['new-shop', 'new-checkout'])
    expect(await admin.refusal('explain', { body: { flag: 'nowhere' } })).toMatchObject({ status: 404 })
  })

  it('a preview link sets the variant of one browser', async () => {
    const preview = await admin.call('createPreview', {
      body: { overrides: { [FLAG]: 'on' }, path: '/shop?a=b' },
    })
    const opened = await gate.fetch(preview.url, { redirect: 'manual' })
    expect([opened.status, opened.headers.get('location')]).toEqual([303, '/shop?a=b'])
    const cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? ''
    const request = { url: `${GATE_URL}/`, headers: { cookie } }
    const { flags } = await admin.call('explain', { body: { context: { request } } })
    expect(flags[0]).toMatchObject({ variant: 'on', reason: 'OVERRIDE' })
    const forged = await gate.fetch(`${GATE_URL}/__sluice/preview?t=${preview.token}0`, {
      redirect: 'manual',
    })
    expect(forged.status).toBe(403)
    for (const place of [
      '//evil.test',
      '/\t/evil.test',
      '/\n/evil.test',
      '/\\evil.test',
      '/.//evil.test',
      'evil',
    ]) {
      for (const link of [preview.url.split('&')[0], `${GATE_URL}/__sluice/preview?end`]) {
        const to = `${link}&to=${encodeURIComponent(place)}`
        expect((await gate.fetch(to, { redirect: 'manual' })).status, place).toBe(400)
      }
      const body = { overrides: { [FLAG]: 'on' }, path: place }
      if (!place.includes('.//'))
        expect((await admin.refusal('createPreview', { body })).status, place).toBe(400)
    }
    const ended = await gate.fetch(`${GATE_URL}/__sluice/preview?end&to=/caf%C3%A9?q=%C3%A9`, {
      redirect: 'manual',
    })
    expect(ended.headers.get('location')).toBe('/caf%C3%A9?q=%C3%A9')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(preview.expiresAt) - 1_000 })
    onTestFinished(() => void vi.useRealTimers())
    const reasonOf = async () =>
      (await admin.call('explain', { body: { context: { request } } })).flags[0]?.reason
    const open = async () => (await gate.fetch(preview.url, { redirect: 'manual' })).status
    expect([await open(), await reasonOf()]).toEqual([303, 'OVERRIDE'])
    vi.setSystemTime(Date.parse(preview.expiresAt))
    expect([await open(), (await reasonOf()) === 'OVERRIDE']).toEqual([403, false])
  })
})

describe('what expires', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const later = (ms: number) => vi.setSystemTime(Date.now() + ms)

  it('a preview works until its time is up, as a link and as a cookie', async () => {
    const overrides = { [FLAG]: 'on' }
    const body = { overrides, expiresInSeconds: 120 }
    const startedMs = Date.now()
    const preview = await admin.call('createPreview', { body })
    const open = () => gate.fetch(preview.url, { redirect: 'manual' })
    const cookie = (await open()).headers.get('set-cookie')?.split(';')[0] ?? ''
    const reason = async () => {
      const request = { url: `${GATE_URL}/`, headers: { cookie } }
      return (await admin.call('explain', { body: { flag: FLAG, context: { request } } })).flags[0]?.reason
    }
    // The expiry has whole seconds.
    vi.setSystemTime(startedMs + 118_000)
    expect([(await open()).status, await reason()]).toEqual([303, 'OVERRIDE'])
    vi.setSystemTime(startedMs + 120_000)
    expect((await open()).status).toBe(403)
    expect(await reason()).not.toBe('OVERRIDE')
  })

  it('a revoked token, where another isolate has revoked it, 15 s after it was last looked up', async () => {
    const made = await admin.call('createToken', { body: { name: 'Leaver', role: 'admin' } })
    const leaver = adminAs(made.token)
    expect(await leaver.call('whoAmI')).toMatchObject({ name: 'Leaver' })
    // Past this isolate, which would drop what it has cached.
    const tokens = controller<Pick<Controller, 'revokeToken'>>(env as unknown as Env)
    await tokens.revokeToken(made.id, 'admin')
    later(14_000)
    expect(await leaver.call('whoAmI')).toMatchObject({ name: 'Leaver' })
    later(1_000)
    expect(await leaver.refusal('whoAmI')).toMatchObject({ status: 401 })
  })
})

describe('who may', () => {
  it('tokens work by their role until they are taken back, and are never shown again', async () => {
    const made = await admin.call('createToken', { body: { name: 'Vera', role: 'viewer' } })
    const viewer = adminAs(made.token)
    expect(await viewer.call('whoAmI')).toMatchObject({ name: 'Vera', role: 'viewer' })
    const refusal = await viewer.refusal('commandFlag', { params: { flag: FLAG, verb: 'kill' }, body: {} })
    expect(refusal).toMatchObject({ status: 403, detail: expect.stringContaining('operator') })
    const { tokens } = await admin.call('listTokens')
    expect(JSON.stringify(tokens)).not.toContain(made.token)
    await admin.call('revokeToken', { params: { id: made.id } })
    expect((await admin.call('listTokens')).tokens).toEqual([])
    // Other isolates may believe in it for 15 s.
    expect(await viewer.refusal('whoAmI')).toMatchObject({ status: 401 })
  })

  it('no caller without a token, and wrong ones are counted', async () => {
    expect(await adminAs(undefined).refusal('getStatus')).toMatchObject({ status: 401 })
    const stranger = adminAs('sluice_wrong')
    const answers = []
    for (let attempt = 0; attempt < 12; attempt++) answers.push((await stranger.refusal('getStatus')).status)
    expect(answers.slice(0, 10)).toEqual(Array(10).fill(401))
    expect(answers.at(-1)).toBe(429)
    await expect
      .poll(async () =>
        (await admin.call('listAudit')).records.find(({ action }) => action === 'login-refused'),
      )
      .toMatchObject({ actor: 'unknown', reason: expect.not.stringContaining('sluice_wrong') })
  })

  it('bodies that are too large or not of the contract change nothing', async () => {
    const params = { flag: FLAG, verb: 'kill' }
    expect(
      await admin.refusal('commandFlag', { params, body: { reason: 'x'.repeat(100_000) } }),
    ).toMatchObject({
      status: 413,
    })
    expect(await admin.refusal('commandFlag', { params, body: { why: 'x' } as never })).toMatchObject({
      status: 400,
    })
  })
})

describe('looking', () => {
  it('convergence, series, audit and feedback answer by the contract', async () => {
    expect((await admin.call('getConvergence')).colos).toEqual([])
    expect((await admin.call('getSeries', { query: { flag: FLAG } })).points).toEqual([])
    expect((await admin.call('listFeedback')).feedback).toEqual([])
    expect(await admin.refusal('getSeries')).toMatchObject({ status: 400 })
  })

  it('the stream begins with a status event', async () => {
    const response = await admin.open('streamStatus')
    const reader = response.body?.getReader()
    const { value } = (await reader?.read()) ?? {}
    expect(new TextDecoder().decode(value)).toMatch(/^event: status\ndata: \{/)
    await reader?.cancel()
  })
})
