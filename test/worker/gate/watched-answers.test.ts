/** Answers on paths for which a stage sets a limit, as they are counted on the way through the gate. */
import { afterEach, expect, it, vi } from 'vitest'
import type { Outcome } from '../../../src/core/outcome/outcome.ts'
import { createGate } from '../../../src/gate/gate.ts'
import { SHOP, stubOrigins, unsigned } from './support/stage.ts'

afterEach(() => void vi.restoreAllMocks())

const paths = [
  { path: '/checkout/*', statuses: ['5xx', 404] },
  { path: '/checkout/pay' },
  { path: '/other/*' },
] as const
const staged = (percentage: number, require?: object) => ({
  variants: { on: true, off: false },
  off: 'off',
  rules: [{ serve: 'on', stages: [{ percentage, ...(require && { require }) }] }],
  guard: {},
  rollout: { holdbackPercent: 0 },
})

async function watchedOf(flag: object, path: string, answer: () => Response) {
  stubOrigins(answer)
  const route = { path: '/checkout/*', flag: 'f', origins: { on: 'new', off: 'old' } }
  const gate = createGate({
    bundled: { ...SHOP, routes: [route], flags: { f: flag }, defaultOrigin: 'old' } as never,
  })
  const outcomes: Outcome[] = []
  vi.spyOn(gate.reporter, 'report').mockImplementation((outcome) => void outcomes.push(outcome))
  await gate.handle(
    new Request(`https://shop.test${path}`, { headers: { cookie: 'sluice_id=ada' } }),
    unsigned,
    {
      waitUntil: () => {},
    },
  )
  expect(outcomes.length).toBe(1)
  return outcomes[0]?.watched
}
const status = (code: number) => () => new Response('x', { status: code })

it.each([
  ['a status of one limit', '/checkout/cart', status(404), ['5xx, 404 on /checkout/*']],
  ['a status of two', '/checkout/pay', status(500), ['5xx, 404 on /checkout/*', '5xx on /checkout/pay']],
  [
    'a path written differently',
    '//checkout/%70ay',
    status(503),
    ['5xx, 404 on /checkout/*', '5xx on /checkout/pay'],
  ],
  ['another status', '/checkout/pay', status(403), undefined],
  ['an answer that works', '/checkout/pay', status(200), undefined],
  [
    'an origin that can not be reached',
    '/checkout/cart',
    () => {
      throw new Error('connection refused')
    },
    ['5xx, 404 on /checkout/*'],
  ],
])('%s', async (_, path, answer, expected) => {
  expect(await watchedOf(staged(100, { paths }), path, answer)).toEqual(expected)
})

it('counts nothing of control, nor where no stage sets a limit', async () => {
  expect(await watchedOf(staged(0, { paths }), '/checkout/pay', status(500))).toBeUndefined()
  expect(await watchedOf(staged(100), '/checkout/pay', status(500))).toBeUndefined()
})
