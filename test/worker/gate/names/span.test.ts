/** What the platform's span of a request says of the decision. */
import { createExecutionContext } from 'cloudflare:test'
import { afterEach, expect, it, vi } from 'vitest'
import { createGate } from '../../../../src/gate/gate.ts'
import type { Env } from '../../../../src/platform/env.ts'
import { internalErrors } from '../../../../src/platform/internal-errors.ts'
import { environment, SHOP, stubOrigins } from '../support/stage.ts'

afterEach(() => void vi.restoreAllMocks())

/** The attributes of a request's span. */
async function attributesOf(path: string, bindings: Partial<Env>, span: { isTraced: boolean } | undefined) {
  stubOrigins(() => new Response('x'))
  const found: Record<string, unknown> = {}
  const setAttributes = (all: object) => Object.assign(found, all)
  const asked = vi.fn(() => span && { ...span, setAttributes })
  const context = { waitUntil: () => {}, tracing: { getActiveSpan: asked } }
  const gate = createGate({ bundled: SHOP })
  const response = await gate.handle(
    new Request(`https://shop.test${path}`),
    { ...environment, ...bindings } as Env,
    context,
  )
  expect(await response.text()).toBe('x')
  return { found, asked: asked.mock.calls.length }
}
const ON = { SPAN_ATTRIBUTES: 'true' }

it('the decision, by the names of OpenTelemetry where it has some', async () => {
  const { found } = await attributesOf('/checkout/', ON, { isTraced: true })
  expect(found).toEqual({
    'feature_flag.key': 'checkout',
    'feature_flag.result.variant': 'on',
    'feature_flag.result.reason': expect.stringMatching(/^[A-Z_]+$/),
    'sluice.origin': 'new',
  })
})

it('a request without a decision has its origin alone', async () => {
  expect((await attributesOf('/named', ON, { isTraced: true })).found).toEqual({ 'sluice.origin': 'other' })
})

it.each([
  ['that is not traced', { isTraced: false }],
  ['without a span', undefined],
])('a request %s has none', async (_, span) => {
  expect((await attributesOf('/checkout/', ON, span)).found).toEqual({})
})

it.each([undefined, '', 'false'])('the runtime is not asked where SPAN_ATTRIBUTES is %s', async (value) => {
  const bindings = value === undefined ? {} : { SPAN_ATTRIBUTES: value }
  expect(await attributesOf('/checkout/', bindings, { isTraced: true })).toEqual({ found: {}, asked: 0 })
})

it('by a runtime that knows less, or breaks, the visitor gets the page', async () => {
  stubOrigins(() => new Response('x'))
  const gate = createGate({ bundled: SHOP })
  const breaks = () => {
    throw new Error('no span today')
  }
  for (const tracing of [undefined, {}, { getActiveSpan: breaks }]) {
    const context = { waitUntil: () => {}, ...(tracing && { tracing }) }
    const request = new Request('https://shop.test/checkout/')
    expect(await (await gate.handle(request, { ...environment, ...ON } as Env, context)).text()).toBe('x')
  }
  expect(internalErrors().find(({ place }) => place === 'gate.span')).toMatchObject({ count: 1 })
})

it('this very runtime has such a span, or none, and no error', async () => {
  stubOrigins(() => new Response('x'))
  const before = internalErrors().length
  const request = new Request('https://shop.test/checkout/')
  await createGate({ bundled: SHOP }).handle(
    request,
    { ...environment, ...ON } as Env,
    createExecutionContext(),
  )
  expect(internalErrors()).toHaveLength(before)
})
