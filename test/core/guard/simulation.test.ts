import { describe, expect, it } from 'vitest'
import { resolveGuardSettings } from '../../../src/core/guard/index.ts'
import { always, firstAction, median } from './support.ts'

const settings = resolveGuardSettings()
/** When latency begins to be compared. */
const WARM_UP_S = 120
const runs = (count: number) => Array.from({ length: count }, (_, run) => run)

/** Seconds until rollback, Infinity when there was none. */
function delays(
  name: string,
  percentage: number,
  truth: ReturnType<typeof always>,
  seconds: number,
  count: number,
) {
  return runs(count).map((run) => {
    const source = { requestsPerSecond: 1000, truth }
    const found = firstAction(settings, { name, run, percentage, seconds, source })
    return found === null ? Infinity : found.second
  })
}

describe('detection, 1,000 requests/s', () => {
  it('closes a dead canary at 1 % within 3 s', () => {
    expect(Math.max(...delays('dead', 1, always(1, 0.001), 60, 30))).toBeLessThanOrEqual(3)
  })

  it('finds 0.1 % → 5 % at 1 %', () => {
    expect(median(delays('fivefold', 1, always(0.05, 0.001), 120, 60))).toBeLessThanOrEqual(10)
  })

  it('finds 0.1 % → 1 % at 5 %', () => {
    expect(median(delays('tenfold', 5, always(0.01, 0.001), 200, 60))).toBeLessThanOrEqual(16)
  })

  it('finds latencies that are half as long again', () => {
    const found = delays('slow', 5, always(0.001, 0.001, 1.5), 240, 30)
    expect(Math.min(...found)).toBeGreaterThan(WARM_UP_S)
    expect(median(found)).toBeLessThanOrEqual(WARM_UP_S + 14)
  })

  it('leaves a healthy canary alone', () => {
    for (const run of runs(8)) {
      const source = { requestsPerSecond: 200, truth: always(0.01, 0.01) }
      expect(firstAction(settings, { name: 'aa', run, percentage: 5, seconds: 1500, source })).toBeNull()
    }
  })
})
