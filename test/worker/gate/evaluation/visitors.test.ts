/** Visitors whose requests are not proxied: those that operators describe, that apps report on, that Workers serve. */
import { describe, expect, it, vi } from 'vitest'
import { compileControl } from '../../../../src/core/config/control.ts'
import { decide } from '../../../../src/core/decision/decide.ts'
import {
  describedVisitor,
  type VisitorDescription,
} from '../../../../src/gate/evaluation/described-visitor.ts'
import { GradualRollback } from '../../../../src/gate/evaluation/gradual-rollback.ts'
import { openFlagUse } from '../../../../src/gate/evaluation/request-flags.ts'
import { assignmentsOf } from '../../../../src/gate/evaluation/visitor.ts'
import { OriginHealth } from '../../../../src/gate/origin/origin-health.ts'
import { pageCookie } from '../../../../src/gate/pages/page-affinity.ts'
import type { Reporter } from '../../../../src/gate/reporting/reporter.ts'
import { COOKIES, NOW_MS, requestTo, SHOP, snapshotOf, unsigned } from '../support/stage.ts'

const config = {
  snapshot: snapshotOf({
    ...SHOP,
    context: { jwt: { secretBinding: 'TOKENS' }, attributes: { plan: { jwt: 'plan' } } },
    flags: { ...SHOP.flags, closed: { ...SHOP.flags.checkout, enabled: false } },
  }),
  control: compileControl({ epoch: 0, killed: ['elsewhere'], kvKilled: [], flags: {} }, []),
  tokens: undefined,
}
const rollback = new GradualRollback(new OriginHealth(), decide)
const requestWith = (headers: Record<string, string> = {}) =>
  new Request('https://shop.test/checkout/?a=1', { headers })

describe('a visitor that an operator describes', () => {
  const described = (more: Partial<VisitorDescription>) =>
    describedVisitor(
      { targetingKey: undefined, attributes: {}, request: undefined, ...more },
      config,
      unsigned,
      NOW_MS,
    )

  it('without a request has what is described, and the time', async () => {
    const { context, inputs, place } = await described({ targetingKey: 'ada', attributes: { plan: 'pro' } })
    expect([context.targetingKey(), context.attribute('plan'), context.attribute('now'), place]).toEqual([
      'ada',
      'pro',
      NOW_MS,
      undefined,
    ])
    expect(inputs).toMatchObject({ nowMs: NOW_MS, overrides: undefined, control: config.control })
  })

  it('with a request has what the gate would see, beneath what is described', async () => {
    const request = { request: requestWith({ cookie: 'sluice_id=ada' }), claims: { plan: 'pro' } }
    const { context, place } = await described({ request, attributes: { os: 'BeOS' } })
    expect([
      context.targetingKey(),
      context.attribute('plan'),
      context.attribute('os'),
      context.attribute('path'),
    ]).toEqual(['ada', 'pro', 'BeOS', '/checkout/'])
    expect(place).toMatchObject({ host: 'shop.test', path: '/checkout/', method: 'GET' })
    expect((await described({ request, targetingKey: 'bob' })).context.targetingKey()).toBe('bob')
  })

  it('who would get a new identity has none: what it decides can not be told', async () => {
    const { context } = await described({ request: { request: requestWith(), claims: {} } })
    expect([context.targetingKey(), context.attribute('plan')]).toEqual([undefined, undefined])
  })
})

describe('the assignments of a visitor that an app reports on', () => {
  const assigned = (headers: Record<string, string> = {}) =>
    assignmentsOf(requestWith(headers), config, unsigned, rollback)

  it('are known for a visitor who brings an identity', async () => {
    expect((await assigned()).isKnown).toBe(false)
    const known = await assigned({ cookie: 'sluice_id=ada' })
    expect([known.isKnown, known.colo, known.of('checkout')?.variant, known.of('gone')]).toEqual([
      true,
      'local',
      'on',
      undefined,
    ])
  })

  it('are those of the page', async () => {
    const page = pageCookie(
      requestTo('https://shop.test/checkout/'),
      { flag: 'checkout', variant: 'off', referrerPolicy: null },
      COOKIES,
    )?.split(';')[0]
    const { of } = await assigned({
      cookie: `sluice_id=ada; ${page}`,
      referer: 'https://shop.test/checkout/',
    })
    expect([of('checkout')?.variant, of('half')?.reason]).toEqual(['off', 'SPLIT'])
  })
})

describe('flags that a Worker asks for', () => {
  const opened = (headers: Record<string, string> = {}) =>
    openFlagUse(requestWith(headers), config, unsigned, rollback)

  it('are decided once per request', async () => {
    const use = await opened()
    expect(use.isEmpty).toBe(true)
    const first = use.of('checkout')
    expect([first?.isOn, first?.decision.variant]).toEqual([true, 'on'])
    expect(use.of('checkout')?.decision).toBe(first?.decision)
    expect([
      use.isEmpty,
      use.of('gone'),
      use.of('closed')?.isOn,
      use.of('elsewhere')?.decision.reason,
    ]).toEqual([false, undefined, false, 'KILLED'])
  })

  it('can be asked for all at once, which counts none', async () => {
    const use = await opened()
    expect(use.all()).toMatchObject({
      checkout: { value: true, variant: 'on', reason: 'STATIC' },
      closed: { variant: 'off', reason: 'DISABLED' },
    })
    expect(Object.keys(use.all().checkout ?? {})).toEqual(['value', 'variant', 'reason'])
    expect(use.isEmpty).toBe(true)
  })

  it('give a new visitor an identity once one is needed, also on a page that no gate has delivered', async () => {
    const own = { 'sec-fetch-site': 'same-origin', referer: 'https://shop.test/checkout/' }
    expect((await opened(own)).targetingKey()).not.toBe('')
    const use = await opened()
    use.of('checkout')
    expect(use.setCookie()).toBeUndefined()
    const key = use.targetingKey()
    expect(use.setCookie()).toContain(`sluice_id=${key};`)
    expect((await opened({ cookie: 'sluice_id=ada' })).targetingKey()).toBe('ada')
  })

  it.each([
    [{ failed: false, status: 200 }, { accept: 'text/html' }, { journey: true, failure: undefined }],
    [{ failed: false, status: 302 }, { accept: 'text/html' }, { journey: false, isClientError: false }],
    [{ failed: false, status: 400 }, { accept: 'text/html' }, { journey: false, isClientError: true }],
    [{ failed: true, status: 200 }, { accept: 'text/html' }, { journey: false, failure: 'status' }],
    [{ failed: false, status: 200 }, {}, { journey: false, failure: undefined }],
  ] as const)(
    'count once each when the request has ended with %j, sent with %j',
    async (ended, headers, expected) => {
      const use = await opened(headers)
      const report = vi.fn()
      for (const key of ['checkout', 'checkout', 'half']) use.of(key)
      use.report({ ...ended, latencyMs: 40 }, { report } as unknown as Reporter, {
        env: unsigned,
        waitUntil: () => {},
      })
      expect(report.mock.calls.map(([outcome]) => outcome)).toMatchObject([
        { ...expected, latencyMs: 40, rescued: false, decision: { flag: 'checkout' } },
        { ...expected, decision: { flag: 'half' } },
      ])
    },
  )
})
