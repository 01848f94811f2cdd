/** How fast counts travel: what it depends on, and that no pace is slower than a kill may be. */
import { describe, expect, it } from 'vitest'
import { ForwardClock } from '../../../src/core/counters/forward-clock.ts'
import { ATTENDED_MS, flushMsAt, holdsAt, PACES, paceOf } from '../../../src/core/counters/load/pace.ts'

const gate = { isLive: true, commandAtMs: 1_000, shards: 1 }

describe('the pace', () => {
  it('is attended for ten minutes after a command, then live while something is judged, else calm', () => {
    expect(paceOf(gate, 1_000 + ATTENDED_MS - 1)).toBe(PACES.attended)
    expect(paceOf(gate, 1_000 + ATTENDED_MS)).toBe(PACES.live)
    expect(paceOf({ ...gate, isLive: false }, 1_000 + ATTENDED_MS)).toBe(PACES.calm)
    const forwardMs = (shards: number) => paceOf({ ...gate, shards }, 1e9).forwardMs
    expect([3, 4].map(forwardMs)).toEqual([10_000, 1_500])
  })

  it('lets a kill reach isolates with traffic in two seconds while something is judged, in six otherwise', () => {
    for (const pace of [PACES.prompt, PACES.attended, PACES.live])
      expect(Math.max(pace.flushMs, pace.sparseFlushMs)).toBeLessThanOrEqual(1_800)
    expect(PACES.calm.sparseFlushMs).toBeLessThanOrEqual(5_000)
    // Evicted after ten seconds without a call: by then counts are stored or forwarded.
    for (const pace of Object.values(PACES)) expect(pace.forwardMs).toBeLessThanOrEqual(10_000)
  })

  it('asks isolates with fewer than ten requests to come less often', () => {
    expect([9, 10].map((requests) => flushMsAt(PACES.live, requests))).toEqual([1_800, 1_000])
  })

  it('holds replies where that costs one per cent of the traffic, or always', () => {
    expect([533, 534].map((perSecond) => holdsAt(PACES.live, perSecond))).toEqual([false, true])
    expect([PACES.prompt, PACES.attended].map((pace) => holdsAt(pace, 0))).toEqual([true, true])
  })

  it('takes a shard for busy by its mean requests per second, and forgets it within a minute', () => {
    const clock = new ForwardClock()
    const cells = (requests: number) =>
      [{ arm: 'control', requests }] as unknown as Parameters<typeof clock.note>[0]
    let nowMs = 1e6
    const run = (seconds: number, requests: number) => {
      for (let second = 0; second < seconds; second++) {
        clock.note(cells(requests))
        nowMs += 1_000
        clock.start(nowMs)
      }
    }
    clock.start(nowMs)
    run(5, 1_000)
    expect(clock.holds).toBe(false)
    run(15, 1_000)
    expect(clock.holds).toBe(true)
    run(60, 10)
    expect(clock.holds).toBe(false)
  })
})
