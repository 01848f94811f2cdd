import { expect, it } from 'vitest'
import type { FailureKind } from '../../../../src/core/outcome/outcome.ts'
import type { OriginAnswer } from '../../../../src/gate/origin/fetch-origin.ts'
import { OriginHealth } from '../../../../src/gate/origin/origin-health.ts'
import { NOW_MS, originAt } from '../support/stage.ts'

const origin = originAt('http://new.test')
const answer = (failure?: FailureKind, latencyMs = 10): OriginAnswer =>
  ({ kind: 'answered', origin, failure, latencyMs }) as OriginAnswer
const after = (answers: readonly OriginAnswer[]) => {
  const health = new OriginHealth()
  for (const [visitor, each] of answers.entries()) health.record(each, NOW_MS, { visitor, network: 0 })
  return health
}
const times = (count: number, each: OriginAnswer) => Array.from({ length: count }, () => each)

it('the time of answers is a moving average: a fast one and a slow one', () => {
  expect(new OriginHealth().latencyMs(origin)).toEqual({ now: undefined, usual: undefined })
  const { now, usual } = after([answer(undefined, 100), answer(undefined, 200)]).latencyMs(origin)
  expect(now).toBeCloseTo(110)
  expect(usual).toBeCloseTo(100.5)
})

it('failures and visitors who left say nothing about the time', () => {
  const left = { ...answer(undefined, 9_000), kind: 'abandoned' } as OriginAnswer
  const { now } = after([answer(undefined, 100), answer('status', 9_000), left]).latencyMs(origin)
  expect(now).toBe(100)
})

it('an origin is down once half of its requests fail, by a moving average', () => {
  expect(new OriginHealth().isDown(origin)).toBe(false)
  expect(after(times(6, answer('status'))).isDown(origin)).toBe(false)
  expect(after(times(7, answer('status'))).isDown(origin)).toBe(true)
  expect(after([...times(7, answer('status')), answer()]).isDown(origin)).toBe(false)
})

it('an origin is down while its circuit is open', () => {
  // Five connections that break open it, when the average is still below a half.
  const health = after([...times(5, answer('connect'))])
  expect(health.isCircuitOpen(origin)).toBe(true)
  expect(health.isDown(origin)).toBe(true)
  expect(health.isCircuitOpen(originAt('http://other.test'))).toBe(false)
})

it.each([
  ['connect', true],
  ['timeout', true],
  ['status', false],
] as const)('five failures of kind %s make it out of reach: %s', (failure, isOpen) => {
  expect(after(times(5, answer(failure))).isCircuitOpen(origin)).toBe(isOpen)
})

it('a bad answer to many visitors in a row opens the circuit too', () => {
  expect(after(times(19, answer('status'))).isCircuitOpen(origin)).toBe(false)
  expect(after(times(20, answer('status'))).isCircuitOpen(origin)).toBe(true)
})

it('how an origin failed last is known while its circuit is open', () => {
  const closed = after([answer('timeout', 30)])
  expect(closed.lastFailureWhileOpen(origin, NOW_MS, true)).toBeUndefined()
  const open = after([...times(5, answer('connect')), answer('timeout', 700)])
  expect(open.lastFailureWhileOpen(origin, NOW_MS, true)).toEqual({ failure: 'timeout', latencyMs: 700 })
})

it('an origin with an open circuit may be asked once per second', () => {
  const health = after(times(5, answer('connect')))
  const asks = [0, 999, 1_000, 1_001].map((atMs) => health.mayAsk(origin, NOW_MS + atMs))
  expect(asks).toEqual([false, false, true, false])
  expect(health.mayAsk(originAt('http://other.test'), NOW_MS)).toBe(true)
})

it('what is known of an origin is known by its address, not by its name', () => {
  const health = after(times(7, answer('status')))
  expect(health.isDown({ ...origin, name: 'renamed' })).toBe(true)
  expect(health.isDown({ ...origin, url: 'http://replaced.test' })).toBe(false)
})

it('a thousand origins are remembered; then the memory starts anew', () => {
  const health = after(times(7, answer('status')))
  const other = (at: number) => ({ ...answer(), origin: originAt(`http://${at}.test`) })
  for (let at = 1; at < 1_000; at++) health.record(other(at), NOW_MS)
  expect(health.isDown(origin)).toBe(true)
  health.record(other(1_000), NOW_MS)
  expect(health.isDown(origin)).toBe(false)
})
