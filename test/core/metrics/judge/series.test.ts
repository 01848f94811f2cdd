/** A metric's comparisons over time, as they are kept. */
import { describe, expect, it } from 'vitest'
import { noted } from '../../../../src/core/metrics/judge/series.ts'
import type { Series } from '../../../../src/core/metrics/judge-types.ts'
import { type Comparison, MOST_POINTS } from '../../../../src/core/metrics/results.ts'

const NOW_MS = 1_790_000_000_000
const found = (variant: string, relative: number | null, low: number | null, high: number | null) =>
  ({ variant, relative, low, high }) as Comparison
const one = [found('on', 0.1, 0.05, 0.2)]

describe('a series', () => {
  it('begins with the first look that can compare, in four digits', () => {
    expect(noted(undefined, [], NOW_MS)).toEqual({ gapMs: 10_000, points: [] })
    expect(
      noted(undefined, [found('on', null, -0.1, 0.1), found('b', 0.1, null, 0.2)], NOW_MS).points,
    ).toEqual([])
    const look = [found('on', 0.123_456_78, -0.000_123_456_7, null), found('b', -0.1, -0.2, 12.345_678)]
    expect(noted(undefined, look, NOW_MS)).toEqual({
      gapMs: 10_000,
      points: [
        { atMs: NOW_MS, variant: 'on', relative: 0.1235, low: -0.000_123_5, high: null },
        { atMs: NOW_MS, variant: 'b', relative: -0.1, low: -0.2, high: 12.35 },
      ],
    })
  })

  it('has no look sooner than its gap after the last one, and none that compares nothing', () => {
    const first = noted(undefined, one, NOW_MS)
    expect(noted(first, one, NOW_MS + 9_999)).toBe(first)
    expect(noted(first, [], NOW_MS + 60_000)).toBe(first)
    const second = noted(first, one, NOW_MS + 10_000)
    expect(second.points.map(({ atMs }) => atMs - NOW_MS)).toEqual([0, 10_000])
    expect(noted(second, one, NOW_MS + 19_999)).toBe(second)
    expect(noted({ ...second, gapMs: 80_000 }, one, NOW_MS + 89_999).points).toHaveLength(2)
  })

  it('loses every second look once there are too many, not the newest, and takes half as many from then on', () => {
    const times = Array.from({ length: MOST_POINTS / 2 }, (_, at) => NOW_MS + 10_000 * at)
    const two = [found('on', 0.1, 0.05, 0.2), found('b', 0.1, 0.05, 0.2)]
    const full = times.reduce<Series | undefined>((series, atMs) => noted(series, two, atMs), undefined)
    expect([full?.points.length, full?.gapMs]).toEqual([MOST_POINTS, 10_000])
    const newestMs = NOW_MS + 10_000 * times.length
    const halved = noted(full, two, newestMs)
    const kept = [...times, newestMs].filter((atMs) => (newestMs - atMs) % 20_000 === 0)
    expect(halved.gapMs).toBe(20_000)
    expect(halved.points.map(({ atMs, variant }) => [atMs, variant])).toEqual(
      kept.flatMap((atMs) => [
        [atMs, 'on'],
        [atMs, 'b'],
      ]),
    )
  })
})
