/** The steps of the request path, one by one, and what visitors get when a step breaks. */
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { findTarget } from '../../../src/core/config/compile/snapshot.ts'
import { createGate, type GateOptions } from '../../../src/gate/gate.ts'
import { GateRequest } from '../../../src/gate/request/gate-request.ts'
import worker from '../../../src/index.ts'
import type { Env } from '../../../src/platform/env.ts'
import { takeInternalErrors } from '../../../src/platform/internal-errors.ts'

const DOCUMENT = {
  origins: { old: { url: 'http://old.test' }, new: { url: 'http://new.test' } },
  routes: [
    { path: '/checkout/*', flag: 'checkout', origins: { on: 'new', off: 'old' } },
    { path: '/*', origin: 'old' },
  ],
  flags: { checkout: { variants: { on: true, off: false }, off: 'off', rules: [{ serve: 'on' }] } },
}
const CHECKOUT = 'https://shop.test/checkout/'

/** Hosts that were asked, in order. */
let asked: string[] = []
let unreachable: string[] = []

beforeEach(() => {
  asked = []
  unreachable = []
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
    const { hostname } = new URL(input instanceof Request ? input.url : input)
    asked.push(hostname)
    if (unreachable.includes(hostname)) throw new Error('The connection broke')
    return new Response(hostname)
  })
  takeInternalErrors()
})
afterEach(() => vi.restoreAllMocks())

/** A gate, and a request that its live config has routed. */
function arrival(url: string, init?: RequestInit, options: Partial<GateOptions> = {}) {
  const gate = createGate({ bundled: DOCUMENT, ...options })
  const request = new GateRequest(new Request(url, init), env, Date.now())
  const context = { env, place: request, nowMs: request.nowMs, waitUntil: () => {} }
  const config = gate.live.last
  return { gate, request, context, config, target: findTarget(config.snapshot, request) }
}

const brokenEvaluator = () => {
  throw new Error('The evaluator is broken')
}
/** Where exceptions were swallowed since the last call. */
const places = () => takeInternalErrors().map(({ place }) => place)
const handled = (gate: ReturnType<typeof createGate>, url = CHECKOUT) =>
  gate.handle(new Request(url), env, createExecutionContext())

/** Asks the Worker in a way that makes the router throw. */
const fetchWithoutContext = async (url: string, init?: RequestInit) => {
  const fetch = worker.fetch as unknown as (request: Request, env: Env) => Promise<Response>
  return await fetch(new Request(url, init), env)
}

it('a plan names the origin, the decision that led to it, and the fallback', async () => {
  const { gate, ...step } = arrival(CHECKOUT)
  const plan = await gate.planner.plan(step)
  expect(plan.decision).toMatchObject({ flag: 'checkout', variant: 'on' })
  expect(plan.call).toMatchObject({ origin: { name: 'new' }, variant: 'on' })
  expect(plan.fallback).toMatchObject({ origin: { name: 'old' }, mayRepeat: true })
  const headers = (await plan.fallback?.call())?.extraHeaders
  expect(headers?.[0]).toEqual(['sluice-flags', 'checkout=off;reason=rescued'])
})

it('a plan for a method that must not be repeated falls back only where nothing was sent', async () => {
  const { gate, ...step } = arrival(CHECKOUT, { method: 'POST', body: 'order' })
  expect((await gate.planner.plan(step)).fallback).toMatchObject({ mayRepeat: false })
})

it('a route without a flag needs no decision and no fallback', async () => {
  const { gate, ...step } = arrival('https://shop.test/about')
  const plan = await gate.planner.plan(step)
  expect(plan).toMatchObject({ call: { origin: { name: 'old' } } })
  expect([plan.decision, plan.fallback]).toEqual([undefined, undefined])
})

it('an evaluator that throws leads to the stable origin, and leaves a trace', async () => {
  const { gate, ...step } = arrival(CHECKOUT, {}, { evaluate: brokenEvaluator })
  const plan = await gate.planner.plan(step)
  expect(plan).toMatchObject({ call: { origin: { name: 'old' } }, decision: undefined })
  expect(places()).toEqual(['gate.decide'])
  expect(await (await handled(gate)).text()).toBe('old.test')
})

it('the fallback answers for an origin that fails, which is charged', async () => {
  unreachable = ['new.test']
  const { gate, ...step } = arrival(CHECKOUT)
  const plan = await gate.planner.plan(step)
  const delivery = await gate.origins.send(step.request, plan.call, plan.fallback)
  expect(delivery).toMatchObject({
    answer: { kind: 'answered', origin: { name: 'old' }, failure: undefined },
    charge: { failure: 'connect' },
    rescued: true,
  })
  // Once more over a new connection, then the fallback.
  expect(asked).toEqual(['new.test', 'new.test', 'old.test'])
})

it('an origin without fallback that fails is a failed answer, and an error page to the visitor', async () => {
  unreachable = ['old.test']
  const { gate, ...step } = arrival('https://shop.test/about')
  const plan = await gate.planner.plan(step)
  const { answer } = await gate.origins.send(step.request, plan.call, plan.fallback)
  expect(answer).toMatchObject({ kind: 'failed', failure: 'connect' })
  expect((await handled(gate, 'https://shop.test/about')).status).toBe(502)
})

it('an outcome that can not be counted costs no visitor the answer', async () => {
  const { gate } = arrival(CHECKOUT)
  vi.spyOn(gate.reporter, 'report').mockImplementation(() => {
    throw new Error('Counting is broken')
  })
  expect(await (await handled(gate)).text()).toBe('new.test')
  expect(places()).toEqual(['gate.count'])
})

it('a step that throws leads to the stable origin, and leaves a trace', async () => {
  const { gate } = arrival(CHECKOUT)
  vi.spyOn(gate.assets, 'complete').mockRejectedValue(new Error('A step is broken'))
  const response = await handled(gate)
  expect([await response.text(), response.headers.get('cache-control')]).toEqual(['old.test', 'private'])
  expect(places()).toEqual(['gate.handle'])
})

it.each(['GET', 'HEAD', 'POST'])(
  'what throws around the gate is no 500 of the router: %s',
  async (method) => {
    const response = await fetchWithoutContext('https://shop.test/about', { method })
    expect([response.status, asked.length]).toEqual([200, 1])
    expect(places()).not.toEqual([])
  },
)

it('a request for the gate itself never goes to an origin, whatever throws', async () => {
  const response = await fetchWithoutContext('https://shop.test/__sluice/health')
  expect([response.status, asked]).toEqual([500, []])
  expect(response.headers.get('content-type')).toContain('application/problem+json')
})
