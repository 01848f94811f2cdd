/** Networks of any size stay within what a Durable Object can take, and a kill reaches all of it: seeded, so exact. */
import { describe, expect, it } from 'vitest'
import { adapt, simulate } from '../../test-kit/network/measure.ts'

const TIMES = { warmUpMs: 30_000, killMs: 45_000, endMs: 50_000 }

describe('a network', () => {
  const sizes = [
    { requestsPerSecond: 1_000, colos: 1, isolates: 4 },
    { requestsPerSecond: 200_000, colos: 1, isolates: 1_000 },
    { requestsPerSecond: 200_000, colos: 60, isolates: 1_000 },
  ]
  it.each(sizes)('of $isolates isolates in $colos colos keeps its budgets', (size) => {
    const outcome = simulate(size, TIMES, undefined, 'none')
    expect(outcome.perMillion).toBeLessThanOrEqual(5_000)
    expect(Math.max(outcome.busiestShard, outcome.controller)).toBeLessThanOrEqual(220)
    expect(outcome.killP99Ms).toBeLessThanOrEqual(1_000)
    expect(outcome.killSlowestMs).toBeLessThanOrEqual(2_000)
    expect(outcome.lost).toBe(0)
  })

  it('loses nothing, and counts nothing twice, while the Controller or the shards are away', () => {
    const size = { requestsPerSecond: 20_000, colos: 20, isolates: 100 }
    for (const what of ['controller', 'shard'] as const) {
      const fault = { what, delayMs: Number.POSITIVE_INFINITY, fromMs: 20_000, toMs: 40_000 }
      const outcome = simulate(size, TIMES, fault, what)
      expect(outcome.lost).toBe(0)
      expect(outcome.busiestShardEver).toBeLessThanOrEqual(200)
      expect(outcome.killSlowestMs).toBeLessThanOrEqual(2_000)
    }
  })
})

it('a colo gets more shards when isolates come, and fewer when they go', () => {
  const points = adapt(
    { requestsPerSecond: 10_000, colos: 1, isolates: 50 },
    { isolates: 1_150, fromMs: 30_000, toMs: 70_000 },
    120_000,
  )
  const at = (second: number) => points.find((point) => point.second === second)
  expect(at(25)).toMatchObject({ isolates: 50, shards: 1 })
  expect(at(68)?.shards).toBeGreaterThanOrEqual(8)
  expect(at(68)?.shards).toBeLessThanOrEqual(16)
  expect(at(68)?.busiestShard).toBeLessThanOrEqual(120)
  expect(at(120)).toMatchObject({ isolates: 50, shards: 1 })
})
