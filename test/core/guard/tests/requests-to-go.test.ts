/** A canary is said not to get closer only once one as good as control would have passed. */
import { describe, expect, it } from 'vitest'
import { NO_COUNTS } from '../../../../src/core/guard/evidence/formula.ts'
import { resolveGuardSettings } from '../../../../src/core/guard/index.ts'
import { initialPopulation } from '../../../../src/core/guard/latency/population.ts'
import { advanceProgress, initialAdvance } from '../../../../src/core/guard/tests/advance.ts'
import { passSeconds } from '../../../../src/core/guard/tests/pass-time.ts'

const settings = resolveGuardSettings({ latency: false })
const PERCENTAGE = 10
const ERROR_RATE = 0.01
/** Canary requests with which one as good as control passes, of nine of ten. */
const NEEDED =
  passSeconds(settings, { requestsPerSecond: 10, errorRate: ERROR_RATE }, PERCENTAGE) * PERCENTAGE * 0.1

/** After so many canary requests, of which a share failed. */
function progress(canaryN: number, canaryRate: number) {
  const controlN = canaryN * 9
  const counts = { canaryN, controlN, canaryBad: canaryN * canaryRate, controlBad: controlN * ERROR_RATE }
  const state = initialAdvance()
  return advanceProgress(
    settings,
    { ...state, counts: [counts, ...state.counts.slice(1)] },
    { percentage: PERCENTAGE, population: initialPopulation(), margin: null, isCold: false },
  )
}

describe('a canary that fails more often than it may', () => {
  it.each([0.02, 0.5, 0.9])('is not judged by that after %d of what a good one needs', (share) =>
    expect(progress(share * NEEDED, 0.2)).toMatchObject({ requestsToGo: null, isEarly: true }),
  )
  it.each([1.1, 30])('is after %d times that', (times) =>
    expect(progress(times * NEEDED, 0.2)).toMatchObject({ requestsToGo: null, isEarly: false }),
  )
})

it('a canary as good as control has an end in sight', () => {
  const { requestsToGo, isEarly } = progress(0.5 * NEEDED, ERROR_RATE)
  expect(requestsToGo).toBeGreaterThan(0)
  expect(isEarly).toBe(false)
})

it('without requests of control it is early', () => {
  const state = initialAdvance()
  const place = { percentage: PERCENTAGE, population: initialPopulation(), margin: null, isCold: false }
  expect(state.counts[0]).toEqual(NO_COUNTS)
  expect(advanceProgress(settings, state, place)).toMatchObject({ requestsToGo: null, isEarly: true })
})
