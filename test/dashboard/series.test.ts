import { describe, expect, it } from 'vitest'
import { type SeriesPoint, smoothed } from '../../src/dashboard/state/series.ts'

const NOTHING = {
  requests: 0,
  errors: 0,
  sharedErrors: 0,
  clientErrors: 0,
  journeys: 0,
  p50Ms: null,
  p95Ms: null,
  p99Ms: null,
}
const NEW = { wealth: null, judged: null }
function point(requests: number, errors: number, generation = 1): SeriesPoint {
  const canary = { ...NOTHING, requests, errors }
  const at = '2026-01-01T00:00:00.000Z'
  return { at, generation, stage: 0, percentage: 5, canary, control: NOTHING, other: NOTHING, ...NEW }
}
const counts = (points: SeriesPoint[]) =>
  smoothed(points, 'canary').map(({ requests, errors }) => [errors, requests])

describe('rates of few requests', () => {
  it('are told with those just before', () => {
    expect(counts([point(1, 1), point(2, 0), point(1, 0)])).toEqual([
      [1, 1],
      [1, 3],
      [1, 4],
    ])
  })

  it('stand for themselves where there are enough, and forget what is long ago', () => {
    expect(counts([point(1, 1), point(100, 3)])).toEqual([
      [1, 1],
      [3, 100],
    ])
    expect(counts([point(1, 1), ...Array.from({ length: 6 }, () => point(1, 0))]).at(-1)).toEqual([0, 6])
  })

  it('never mix attempts', () => {
    expect(counts([point(5, 5), point(1, 0, 2)]).at(-1)).toEqual([0, 1])
  })
})
