/** What a request's plan depends on: the visitor, the page, overrides, tokens, the signing key, the flag. */
import { env } from 'cloudflare:workers'
import { SignJWT } from 'jose'
import { describe, expect, it, vi } from 'vitest'
import { findTarget } from '../../../src/core/config/compile/snapshot.ts'
import { createGate } from '../../../src/gate/gate.ts'
import { pageCookie } from '../../../src/gate/pages/page-affinity.ts'
import { Sampler } from '../../../src/gate/reporting/sampler.ts'
import { GateRequest } from '../../../src/gate/request/gate-request.ts'
import { signDebugToken, signFlags } from '../../../src/gate/request/signature.ts'
import type { Env } from '../../../src/platform/env.ts'
import { keysOf } from '../../../src/platform/keys.ts'
import { COOKIES, NOW_MS, requestTo, SHOP } from './support/stage.ts'

const staged = (more: object = {}) => ({
  variants: { on: true, off: false },
  off: 'off',
  rules: [{ serve: 'on', stages: [{ percentage: 50 }] }],
  ...more,
})
const origins = { on: 'new', off: 'old' }
const DOCUMENT = {
  ...SHOP,
  routes: [
    { path: '/judged/*', flag: 'judged', origins },
    { path: '/alone/*', flag: 'checkout', origins, rescue: false },
    { path: '/sized/*', flag: 'größe', origins },
    ...SHOP.routes,
  ],
  flags: { ...SHOP.flags, judged: staged(), größe: { ...SHOP.flags.checkout } },
}
const KEY = 'test-signing-key'

type Case = { init?: RequestInit; document?: object; bindings?: Record<string, unknown>; atMs?: number }
async function planFor(
  path: string,
  { init = {}, document = DOCUMENT, bindings = {}, atMs = NOW_MS }: Case = {},
) {
  const own = { ...env, SIGNING_KEY: undefined, ENVIRONMENT: 'production', ...bindings } as unknown as Env
  const gate = createGate({ bundled: document })
  const request = new GateRequest(new Request(`https://shop.test${path}`, init), own, atMs)
  const config = gate.live.last
  const context = { env: own, place: request, nowMs: atMs, waitUntil: () => {} }
  const plan = await gate.planner.plan({
    request,
    config,
    target: findTarget(config.snapshot, request),
    context,
  })
  return { gate, plan, config }
}
const as = (visitor: string, more: Record<string, string> = {}) => ({
  headers: { cookie: `sluice_id=${visitor}`, ...more },
})
const flagsOf = (headers: readonly (readonly [string, string])[] | undefined) =>
  headers?.find(([name]) => name === 'sluice-flags')?.[1]

describe('a plan', () => {
  it('names the position of a visitor who is compared, and watches the time', async () => {
    const { plan } = await planFor('/judged/', { init: as('ada') })
    expect(plan.decision?.placement).toMatchObject({ position: plan.call.visitor })
    expect(plan.call.visitor).toBeGreaterThan(0)
    expect(plan.call.inFlight).toBeUndefined()
    expect((await planFor('/checkout/')).plan.call).toMatchObject({ visitor: undefined, inFlight: undefined })
  })

  it('tracks requests of a flag with a deadline, of visitors who are compared', async () => {
    const deadline = (flag: object) => ({ ...DOCUMENT, flags: { ...DOCUMENT.flags, ...flag } })
    const guard = { latency: { deadlineMs: 300 } }
    const { plan } = await planFor('/judged/', {
      init: as('ada'),
      document: deadline({ judged: staged({ guard }) }),
    })
    expect(plan.call.inFlight?.deadlineMs).toBe(300)
  })

  it('falls back only where the visitor could be sent elsewhere', async () => {
    expect((await planFor('/checkout/')).plan.fallback).toBeDefined()
    expect((await planFor('/alone/')).plan.fallback).toBeUndefined()
    expect((await planFor('/other/')).plan.fallback).toBeUndefined()
    const token = await signDebugToken((await keysOf(KEY)).preview, {
      exp: NOW_MS / 1_000 + 60,
      overrides: { checkout: 'on' },
    })
    const forced = await planFor('/checkout/', {
      init: { headers: { 'sluice-debug': token } },
      bindings: { SIGNING_KEY: KEY },
    })
    expect([forced.plan.decision?.reason, forced.plan.fallback]).toEqual(['OVERRIDE', undefined])
    expect(forced.plan.debug.visible).toBe(true)
  })

  it('asks the fallback for the variant that it serves, on behalf of the same visitor', async () => {
    const document = {
      ...DOCUMENT,
      flags: {
        ...DOCUMENT.flags,
        judged: staged({
          rules: [{ serve: 'on', stages: [{ percentage: 100 }] }],
          rollout: { holdbackPercent: 0 },
        }),
      },
    }
    const { plan } = await planFor('/judged/', { init: as('ada'), document })
    const call = await plan.fallback?.call()
    expect(call).toMatchObject({
      origin: { name: 'old' },
      variant: 'off',
      visitor: plan.call.visitor,
      target: plan.call.target,
    })
    expect(flagsOf(call?.extraHeaders)).toBe('judged=off;reason=rescued')
  })

  it('signs what the origin gets where there is a key', async () => {
    expect((await planFor('/checkout/')).plan.call.extraHeaders).toEqual([
      ['sluice-flags', 'checkout=on;reason=static'],
    ])
    const { plan } = await planFor('/sized/', {
      document: { ...DOCUMENT, context: { targetingKey: { cookie: 'sluice_id' } } },
      init: as('a%C3%A4%20%2C.b'),
      bindings: { SIGNING_KEY: KEY },
    })
    const flags = 'gr%C3%B6%C3%9Fe=on;reason=static'
    expect(plan.call.extraHeaders).toEqual([
      ['sluice-flags', flags],
      ['sluice-targeting-key', 'a%C3%A4%20%2C%2Eb'],
      ['sluice-signature', await signFlags((await keysOf(KEY)).origin, flags, 'a%C3%A4%20%2C%2Eb', NOW_MS)],
    ])
    const rescued = await plan.fallback?.call()
    expect(rescued?.extraHeaders.map(([name]) => name)).toEqual([
      'sluice-flags',
      'sluice-targeting-key',
      'sluice-signature',
    ])
  })

  it('keeps to the page of a part', async () => {
    const page =
      pageCookie(
        requestTo('https://shop.test/checkout/'),
        { flag: 'checkout', variant: 'off', referrerPolicy: null },
        COOKIES,
      )?.split(';')[0] ?? ''
    const headers = { cookie: page, referer: 'https://shop.test/checkout/' }
    const { plan } = await planFor('/checkout/app.js', { init: { headers } })
    expect([plan.decision?.variant, plan.call.origin.name, plan.role]).toEqual(['off', 'old', 'part'])
    // A part of a route without a flag follows the page too.
    expect((await planFor('/app.js', { init: { headers } })).plan.decision?.flag).toBe('checkout')
    expect((await planFor('/app.js')).plan).toMatchObject({
      decision: undefined,
      setCookie: undefined,
      role: 'part',
    })
  })

  it('knows the claims of the visitor’s token until it expires', async () => {
    const document = {
      ...DOCUMENT,
      context: { jwt: { secretBinding: 'TOKENS' }, attributes: { plan: { jwt: 'plan' } } },
      flags: {
        ...DOCUMENT.flags,
        checkout: {
          ...SHOP.flags.checkout,
          rules: [{ when: [{ attribute: 'plan', op: 'in', values: ['pro'] }], serve: 'on' }],
        },
      },
    }
    const secret = 'a secret of thirty-two characters'
    const nowMs = Date.now()
    const signed = (exp: number) =>
      new SignJWT({ plan: 'pro', exp: Math.floor(nowMs / 1_000) + exp })
        .setProtectedHeader({ alg: 'HS256' })
        .sign(new TextEncoder().encode(secret))
    const variantBy = async (token: string) =>
      (
        await planFor('/checkout/', {
          init: { headers: { authorization: `Bearer ${token}` } },
          document,
          bindings: { TOKENS: secret },
          atMs: nowMs,
        })
      ).plan.decision?.variant
    expect([await variantBy(await signed(60)), await variantBy(await signed(-600))]).toEqual(['on', 'off'])
  })
})

it('samples what requests of flags are decided by', async () => {
  const offer = vi.spyOn(Sampler.prototype, 'offer')
  await planFor('/about')
  expect(offer).not.toHaveBeenCalled()
  await planFor('/checkout/')
  expect(offer).toHaveBeenCalledOnce()
  offer.mockRestore()
})

it('falls back for the one method that may be repeated', async () => {
  const routes = [{ path: '/*', flag: 'checkout', origins, rescue: ['GET'] }]
  const { plan } = await planFor('/', { document: { ...DOCUMENT, routes } })
  expect(plan.fallback?.mayRepeat).toBe(true)
})

it('an evaluator that is broken shows nothing and leads to the stable origin, on any route', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {})
  const evaluate = () => {
    throw new Error('The evaluator is broken')
  }
  const gate = createGate({ bundled: { ...DOCUMENT, bootstrap: { paths: ['/*'] } }, evaluate })
  for (const [path, flag] of [
    ['/judged/', 'judged'],
    ['/about', undefined],
  ]) {
    const request = requestTo(`https://shop.test${path}`, { headers: { accept: 'text/html' } })
    const config = gate.live.last
    const target = findTarget(config.snapshot, request)
    const context = { env: env as unknown as Env, place: request, nowMs: NOW_MS, waitUntil: () => {} }
    vi.spyOn(Date, 'now').mockReturnValue(NOW_MS + (flag ? 0 : 10_000))
    const plan = await gate.planner.plan({ request, config, target, context })
    expect(plan).toMatchObject({
      call: { origin: { name: 'old' } },
      role: 'foreign',
      debug: { visible: false },
    })
    expect(log).toHaveBeenLastCalledWith(expect.objectContaining({ place: 'gate.decide', flag }))
  }
  vi.restoreAllMocks()
})

describe('a page with its flags', () => {
  const document = { ...DOCUMENT, bootstrap: { paths: ['/*'] } }
  const page = { accept: 'text/html' }

  it('has them on a route without a flag too, and an identity where they need one', async () => {
    const { plan } = await planFor('/about', { init: { headers: page }, document })
    expect(plan).toMatchObject({
      decision: undefined,
      role: 'page',
      call: { origin: { name: 'old' }, extraHeaders: [] },
    })
    expect(Object.keys(plan.bootstrap?.flags ?? {})).toContain('judged')
    expect(plan.setCookie).toContain('sluice_id=')
    expect((await planFor('/about', { document })).plan.bootstrap).toBeUndefined()
  })

  it('has the decision that routed it', async () => {
    const { plan } = await planFor('/judged/', { init: as('ada', page), document })
    expect(plan.bootstrap?.flags.judged?.variant).toBe(plan.decision?.variant)
  })

  it('continues from a revision that changes with the state, and the documents in use', async () => {
    const { gate, plan, config } = await planFor('/judged/', { init: as('ada', page), document })
    expect(plan.bootstrap?.revision).toBe(gate.revisionOf(config, NOW_MS))
    expect(gate.revisionOf(config, NOW_MS)).toBe('0---')
    gate.live.adopt({ epoch: 7, killed: [], kvKilled: [], flags: {} }, NOW_MS)
    expect(gate.revisionOf(gate.live.last, NOW_MS)).toBe('7---')
    const values = new Map([
      ['kill', '["checkout"]'],
      ['state', null],
    ])
    const kv = {
      get: async (key: unknown) =>
        key === 'config' ? new TextEncoder().encode(JSON.stringify(DOCUMENT)).buffer : values,
    }
    await gate.live.refreshNow({ ...env, GATE: kv } as unknown as Env, NOW_MS)
    expect(gate.revisionOf(gate.live.last, NOW_MS)).toBe(
      `7-${gate.live.usedHash.slice(0, 12)}-${gate.live.killHash.slice(0, 12)}-`,
    )
  })
})
