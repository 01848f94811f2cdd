import { describe, expect, it } from 'vitest'
import type { Series } from '../../src/dashboard/state/series.ts'
import { coverageOf, differenceText, tilesOf } from '../../src/dashboard/views/flag/tiles.ts'

const START = Date.parse('2026-12-01T12:00:00Z')
const arm = {
  ...{ requests: 0, errors: 0, sharedErrors: 0, clientErrors: 0, journeys: 0 },
  ...{ p50Ms: null, p95Ms: null, p99Ms: null },
}
const none = { canaryN: 0, controlN: 0, canaryBad: 0, controlBad: 0 }
const LINES: Series['lines'] = {
  errors: { rho: 1.1, delta: 0.0001, level: 222 },
  latency: { rho: 1.1, delta: 0.0001, level: 286 },
  clientErrors: { rho: 1.5, delta: 0.01, level: 2_500 },
  journeys: null,
}

type Parts = Partial<Series['points'][number]>

function series(points: readonly Parts[], lines: Series['lines'] = LINES): Series {
  return {
    flag: 'f',
    stepMs: 5_000,
    rollbackWealth: lines ? 100 : null,
    lines,
    points: points.map((parts, index) => ({
      ...{ at: new Date(START + index * 5_000).toISOString(), generation: 1, stage: 0, percentage: 50 },
      ...{ wealth: 1, judged: null, canary: arm, control: arm, other: arm, ...parts },
    })),
  }
}

/** Sums as the guard keeps them: so many of each batch, batch after batch. */
function judged(batches: number, canaryBad: number, controlBad: number, n = 1_000): Parts {
  const sum = { canaryN: n * batches, controlN: n * batches }
  const errors = { ...sum, canaryBad: canaryBad * batches, controlBad: controlBad * batches }
  return {
    judged: { errors, clientErrors: { ...sum, canaryBad: 0, controlBad: 0 }, slow: [none, none, none] },
  }
}
const run = (canaryBad: number, controlBad: number, batches = 20) =>
  series(Array.from({ length: batches + 1 }, (_, at) => judged(at, canaryBad, controlBad)))
const errorsOf = (of: Series) => {
  const tile = tilesOf(of, 1).find(({ title }) => title === 'Errors')
  if (tile === undefined) throw new Error('no tile for errors')
  return tile
}

describe('the tiles of an attempt', () => {
  it('are those of the tests that are on', () => {
    const titles = (lines: Series['lines']) => tilesOf(series([{}], lines), 1).map(({ title }) => title)
    expect(titles(LINES)).toEqual(['Errors', 'Slow requests', 'Turned away'])
    expect(LINES && titles({ ...LINES, errors: null, clientErrors: null })).toEqual(['Slow requests'])
    expect(titles(null)).toEqual([])
  })

  it('say where the canary stands', () => {
    expect(errorsOf(run(0, 0)).standing).toBe('too-little')
    expect(errorsOf(run(20, 20, 2)).standing).toBe('unproven')
    expect(errorsOf(run(60, 20)).standing).toBe('beyond')
    expect(errorsOf(run(10, 20)).standing).toBe('within')
  })

  it('a canary that alone fails is beyond the limit, although control has no rate to compare with', () => {
    const { standing, lines, bands } = errorsOf(run(3, 0))
    expect(standing).toBe('beyond')
    expect(lines.at(-1)).toBeCloseTo(1.1 + (0.0001 * 20_000) / 0.5, 6)
    expect(bands.at(-1)?.estimate).toBeNull()
  })

  it('count what came since the point before, of this attempt alone', () => {
    const before = { ...judged(50, 500, 1), generation: 0 }
    const points = [before, judged(1, 2, 2), judged(2, 2, 2), judged(3, 2, 2)]
    const { bands, times } = errorsOf(series(points))
    expect(times).toEqual([START / 1_000 + 10, START / 1_000 + 15])
    expect(bands.at(-1)?.estimate).toBe(1)
  })

  it('leave out the moment at which a stage begins: the shares are mixed there', () => {
    const points = [
      judged(0, 1, 1),
      judged(1, 1, 1),
      { ...judged(2, 1, 1), stage: 1 },
      { ...judged(3, 1, 1), stage: 1 },
    ]
    expect(errorsOf(series(points)).times).toEqual([START / 1_000 + 5, START / 1_000 + 15])
  })

  it('of a long attempt are drawn in few columns, none across stages', () => {
    const points = Array.from({ length: 1_000 }, (_, at) => ({
      ...judged(at, 2, 2),
      stage: at < 500 ? 0 : 1,
    }))
    const { times, bands } = errorsOf(series(points))
    expect(times.length).toBeLessThanOrEqual(152)
    expect(bands.at(-1)?.estimate).toBeCloseTo(1, 9)
  })

  it('judge slow requests by the chosen quantile of control', () => {
    const slow = (batches: number) => {
      const at = (canaryBad: number) => ({
        canaryN: 1_000 * batches,
        controlN: 1_000 * batches,
        canaryBad: canaryBad * batches,
        controlBad: 10 * batches,
      })
      return { judged: { errors: none, clientErrors: none, slow: [at(10), at(20), at(40)] } }
    }
    const points = Array.from({ length: 5 }, (_, at) => slow(at))
    const estimates = ([0, 1, 2] as const).map(
      (quantile) => tilesOf(series(points), quantile)[1]?.bands.at(-1)?.estimate,
    )
    expect(estimates).toEqual([1, 2, 4])
  })

  it('of errors that both origins have show the plain counts, and no upper edge that shared ones pull down', () => {
    const points = (sharedErrors: number) =>
      Array.from({ length: 21 }, (_, at) => ({
        ...judged(at, 200, 300),
        canary: { ...arm, requests: 1_000, errors: 300, sharedErrors },
        control: { ...arm, requests: 1_000, errors: 300 },
      }))
    const apart = errorsOf(series(points(15)))
    expect(apart.standing).toBe('within')
    expect(apart.bands.at(-1)?.estimate).toBeCloseTo(2 / 3, 9)
    const { bands, standing, about, times } = errorsOf(series(points(16)))
    expect(bands.at(-1)).toEqual({ estimate: 1, low: apart.bands.at(-1)?.low, high: null })
    expect(standing).toBe('unproven')
    expect(about).toContain('both origins fail some of them')
    expect(times).toEqual(apart.times)
  })

  it('of journeys compare what each visitor completes, where more is better', () => {
    const of = (canary: number, control: number, journeys: number | null = 0.7) =>
      tilesOf(
        series(
          Array.from({ length: 50 }, () => ({
            percentage: 20,
            canary: { ...arm, journeys: canary },
            control: { ...arm, journeys: control },
          })),
          LINES && { ...LINES, journeys },
        ),
        1,
      ).find(({ title }) => title === 'Journeys')
    expect(of(20, 80)?.bands.at(-1)?.estimate).toBeCloseTo(1, 9)
    expect(of(20, 80)?.standing).toBe('within')
    expect(of(5, 80)?.standing).toBe('beyond')
    expect(of(0, 0)).toBeUndefined()
    expect(of(20, 80, null)).toBeUndefined()
  })
})

describe('a difference in words', () => {
  it.each([
    [1, '0 %'],
    [1.4, '+40 %'],
    [0.5, '−50 %'],
    [9.9, '+890 %'],
    [12.4, '× 12'],
    [null, '–'],
  ])('%s: %s', (ratio, text) => {
    expect(differenceText(ratio)).toBe(text)
  })

  it('the bands hold as often as the lowest level says', () => {
    const rollbackWealth = 100
    expect(coverageOf({ lines: LINES, rollbackWealth })).toBeCloseTo(1 - 2 / 222, 9)
    const alone = { errors: null, latency: null, clientErrors: null, journeys: 0.7 }
    expect(coverageOf({ lines: alone, rollbackWealth })).toBeCloseTo(1 - (2 * 0.015) / 100, 9)
  })
})
