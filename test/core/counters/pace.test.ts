/** How fast counts travel: what it depends on, and that no pace is slower than a kill may be. */
import { describe, expect, it } from 'vitest'
import { ForwardClock } from '../../../src/core/counters/forward-clock.ts'
import {
  ATTENDED_MS,
  flushMsAt,
  holdsAt,
  PACES,
  type Pace,
  paceOf,
} from '../../../src/core/counters/load/pace.ts'

const gate = { isLive: true, commandAtMs: 1_000, shards: 1 }

describe('the pace', () => {
  it('is attended for ten minutes after a command, then live while something is judged, else calm', () => {
    expect(paceOf(gate, 1_000 + ATTENDED_MS - 1)).toBe(PACES.attended)
    expect(paceOf(gate, 1_000 + ATTENDED_MS)).toBe(PACES.live)
    expect(paceOf({ ...gate, isLive: false }, 1_000 + ATTENDED_MS)).toBe(PACES.calm)
    const forwardMs = (shards: number) => paceOf({ ...gate, shards }, 1e9).forwardMs
    expect([3, 4].map(forwardMs)).toEqual([10_000, 1_500])
  })

  it('is as fast as docs/costs.md reckons, in milliseconds', () => {
    const times = (pace: Pace) => [pace.flushMs, pace.sparseFlushMs, pace.urgentForwardMs, pace.forwardMs]
    expect(Object.values(PACES).map(times)).toEqual([
      [1_000, 1_000, 1_000, 1_000],
      [1_000, 1_800, 1_000, 1_500],
      [1_000, 1_800, 1_000, 10_000],
      [4_500, 4_500, 4_000, 4_000],
    ])
    expect(Object.values(PACES).map(({ saveMs }) => saveMs)).toEqual([0, 5_000, 5_000, 10_000])
    expect(ATTENDED_MS).toBe(600_000)
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

describe('a clock of forwards', () => {
  type Cells = Parameters<ForwardClock['note']>[0]
  const cells = (parts: object) => [{ arm: 'control', requests: 0, errors: {}, ...parts }] as unknown as Cells
  const dueInMs = (clock: ForwardClock, nowMs = 0) => clock.dueMs - nowMs
  const failed = { errors: { status: 1, timeout: 0, connect: 0, 'aborted-by-origin': 0, reported: 0 } }

  it('waits for what is urgent no longer than the pace says, and that once', () => {
    const clock = new ForwardClock()
    expect(dueInMs(clock)).toBe(10_000)
    clock.hurry()
    expect(dueInMs(clock)).toBe(1_000)
    clock.start(50_000)
    expect(dueInMs(clock, 50_000)).toBe(10_000)
    clock.setPace(PACES.calm)
    expect(dueInMs(clock, 50_000)).toBe(4_000)
    clock.succeed({ pace: PACES.attended, intervalMs: 3_000 })
    expect(dueInMs(clock, 50_000)).toBe(3_000)
    clock.succeed({ pace: undefined, intervalMs: 200 } as unknown as Parameters<typeof clock.succeed>[0])
    expect([clock.pace, dueInMs(clock, 50_000)]).toEqual([PACES.prompt, 1_000])
  })

  it.each([
    ['nothing', [], 10_000],
    ['nine requests', [cells({ requests: 9 })], 10_000],
    ['ten, in two flushes', [cells({ requests: 4 }), cells({ requests: 6 })], 1_000],
    ['nine requests of canary', [cells({ requests: 9, arm: 'canary' })], 10_000],
    ['failures of control', [cells(failed)], 10_000],
    ['failures of canary', [cells({ ...failed, arm: 'canary' })], 1_000],
    ['failures of visitors whom a rule serves', [cells({ ...failed, arm: 'other' })], 1_000],
    ['durations of control', [cells({ timings: { 3: 1 } })], 10_000],
    ['durations of canary', [cells({ timings: { 3: 1 }, arm: 'canary', errors: { status: 0 } })], 1_000],
  ] as [string, Cells[], number][])('%s: in %3$s ms', (_, flushes, expected) => {
    const clock = new ForwardClock()
    for (const each of flushes)
      clock.note(each.map((cell) => ({ ...cell, errors: { ...NO_ERRORS, ...cell.errors } })))
    expect(dueInMs(clock)).toBe(expected)
  })

  it('tries again after 1, 2, 4 … 30 seconds, however urgent it is', () => {
    const clock = new ForwardClock()
    expect(clock.isFailing).toBe(false)
    const waits = Array.from({ length: 7 }, () => {
      clock.fail()
      expect(clock.isFailing).toBe(true)
      if (dueInMs(clock) > 1_000) clock.hurry()
      return dueInMs(clock)
    })
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    expect(clock.waitsFor(0, 100)).toBe(false)
    clock.succeed({ pace: PACES.live, intervalMs: 1_000 })
    expect([clock.isFailing, dueInMs(clock)]).toEqual([false, 1_000])
    expect([clock.waitsFor(1_000, 7), clock.waitsFor(1_001, 7), clock.waitsFor(1_001, 8)]).toEqual([
      ...[true, false, true],
    ])
  })

  it.each([
    // After two half-lives three quarters are of now: 533 1/3 a second are 14,222 2/9 in 20 seconds.
    [20_000, 14_222, 14_223],
    // In less than a second as if it were one, of which 1 - 2^(-1/100) counts: 77,210.1.
    [100, 77_210, 77_211],
  ])('takes a shard for busy after %d ms with that many requests', (elapsedMs, calm, busy) => {
    const holds = [calm, busy].map((requests) => {
      const clock = new ForwardClock()
      clock.start(1_000)
      clock.note(cells({ requests, errors: NO_ERRORS }))
      clock.start(1_000 + elapsedMs)
      return clock.holds
    })
    expect(holds).toEqual([false, true])
  })
})

const NO_ERRORS = { status: 0, timeout: 0, connect: 0, 'aborted-by-origin': 0, reported: 0 }
