/** A site with a request every few seconds: its latency is learned, and its words don't flap. */
import { describe, expect, it } from 'vitest'
import { reportOf, resolveGuardSettings, stepGuard } from '../../../../src/core/guard/index.ts'
import { seeded } from '../../../../test-kit/simulation/random.ts'
import { arm, start, tick } from '../support.ts'

const settings = resolveGuardSettings()
const PERCENTAGE = 10

/** So many hours at a rate, second by second; a silent canary stops at an hour. */
function hours(count: number, requestsPerSecond: number, silentFromH = Number.POSITIVE_INFINITY) {
  const random = seeded('small sites', 1)
  let state = start(PERCENTAGE)
  const kinds: string[] = []
  const sentences: string[] = []
  for (let second = 1; second <= count * 3600; second++) {
    const silent = second > silentFromH * 3600
    const canary = silent ? 0 : random.poisson((requestsPerSecond * PERCENTAGE) / 100)
    const control = random.poisson(requestsPerSecond * (1 - PERCENTAGE / 100))
    const one = tick(second * 1000, arm(canary), arm(control), { percentage: PERCENTAGE })
    const step = stepGuard(settings, state, one)
    state = step.state
    kinds.push(reportOf(step.verdict).kind)
    sentences.push(step.verdict.sentence)
  }
  const flips = kinds.filter((kind, k) => k > 0 && kind !== kinds[k - 1]).length
  return { state, kinds, sentences, flips }
}

describe('at a request every five seconds', () => {
  const { state, kinds, sentences, flips } = hours(3, 0.2)

  it('the latency of control is learned', () => expect(state.latency.edges).not.toBeNull())
  it('the word changes twice an hour at most', () => expect(flips).toBeLessThanOrEqual(6))
  it('there is data nearly all the time', () =>
    expect(kinds.filter((kind) => kind === 'no-data').length).toBeLessThan(0.03 * kinds.length))
  it('says what it learns, and never that the canary is at fault', () => {
    expect(sentences.some((text) => /^learning how long control takes: \d+ more answers/.test(text))).toBe(
      true,
    )
    expect(sentences.filter((text) => text.includes('not getting closer')).length).toBeLessThan(
      0.05 * sentences.length,
    )
  })
})

it('a canary that stays away has no data after eight of its usual pauses', () => {
  const { kinds, sentences } = hours(2, 0.5, 1)
  expect(kinds.at(-1)).toBe('no-data')
  expect(sentences.at(-1)).toBe('no canary requests to judge since 00:59 UTC')
})

it('a stage without a request says since when', () => {
  const begun = stepGuard(settings, start(50), tick(1000, arm(50), arm(50)))
  const { verdict } = stepGuard(
    settings,
    begun.state,
    tick(13_000, arm(0), arm(50), { stage: 1, percentage: 60 }),
  )
  const later = stepGuard(
    settings,
    stepGuard(settings, begun.state, tick(13_000, arm(0), arm(50), { stage: 1, percentage: 60 })).state,
    tick(25_000, arm(0), arm(50), { stage: 1, percentage: 60 }),
  )
  expect(verdict.sentence).toMatch(/no canary requests since this stage began/)
  expect(later.verdict.sentence).toBe('no canary requests since this stage began, at 00:00 UTC')
})
