/** Verdicts name the figures of the test that spoke, recent and whole. */
import { describe, expect, it } from 'vitest'
import type { VisitorMark } from '../../../../src/core/counters/visitors.ts'
import { rateText } from '../../../../src/core/figures.ts'
import {
  type GuardState,
  initialGuardState,
  resolveGuardSettings,
  restoreGuardState,
} from '../../../../src/core/guard/index.ts'
import { arm, feed, start, tick } from '../support.ts'

const MINUTE_S = 60
const settings = resolveGuardSettings({ latency: false })
const seconds = (from: number, to: number) => Array.from({ length: to - from }, (_, k) => from + k)

/** Canary and control with ten requests a second; so many of the canary's fail, each of another visitor. */
const second = (at: number, failing: number, part: object = {}) =>
  tick(at * 1000, arm(10, failing === 0 ? [] : seconds(at * 7, at * 7 + failing), part), arm(10))

describe('a canary that breaks after an hour of health', () => {
  const healthy = feed(
    settings,
    start(),
    seconds(1, 60 * MINUTE_S).map((at) => second(at, 0)),
  )
  const broken = feed(
    settings,
    healthy.state,
    seconds(60 * MINUTE_S, 61 * MINUTE_S).map((at) => second(at, at % 2 === 0 ? 6 : 0)),
  )
  const said =
    /^the canary fails more requests than control since (\d\d:\d\d UTC): (\d+) % \((\d+) of (\d+)\), control 0 % \(0 of (\d+)\); whole attempt ([\d.]+ %), control 0 % \(p = 0\.0\d+\)$/.exec(
      broken.verdict.sentence,
    )

  it('is said to fail since then, with the counts since then and the rate of the whole attempt', () => {
    const [, from, percent, failed, requests] = said ?? [broken.verdict.sentence]
    expect([from, Number(percent)]).toEqual([
      '00:59 UTC',
      Math.round((100 * Number(failed)) / Number(requests)),
    ])
    expect(Number(percent)).toBeGreaterThan(25)
    expect(Number(requests)).toBeLessThan(80)
  })

  it('has the whole attempt as the evidence has it', () => {
    const { canaryErrors, canaryRequests } = broken.verdict.evidence
    expect(said?.[6]).toBe(rateText(canaryErrors / canaryRequests))
  })

  it('is dated where that was another day', () => {
    const days = { ...broken.state, decision: null, lastAtMs: 30 * 3_600_000 } as GuardState
    const { verdict } = feed(settings, days, [second(30 * 3600 + 1, 0)])
    expect(verdict.sentence).toMatch(/since 1970-01-01 00:59 UTC: /)
  })
})

it('an attempt that fails from its start has no other figures than these', () => {
  const { verdict } = feed(
    settings,
    start(),
    seconds(1, 20).map((at) => second(at, 3)),
  )
  expect(verdict.sentence).toMatch(/since 00:00 UTC: 30 % \((\d+) of (\d+)\), control 0 % \(0 of \2\) \(p = /)
})

it('latency is told at the quantile where the canary differs most', () => {
  const fast = arm(20, [], { latency: { 50: 18, 60: 2 } })
  const slow = arm(20, [], { latency: { 50: 12, 75: 8 } })
  const slower = resolveGuardSettings({ errors: false, latency: { warmUpMs: 0 } })
  const before = feed(
    slower,
    start(),
    seconds(1, 2400).map((at) => tick(at * 1000, fast, fast)),
  )
  expect(before.verdict.action).toBe('none')
  const { verdict } = feed(
    slower,
    before.state,
    seconds(2400, 2520).map((at) => tick(at * 1000, slow, fast)),
  )
  expect(verdict).toMatchObject({ action: 'rollback', trigger: 'latency' })
  expect(verdict.sentence).toMatch(
    /^the canary is slower than control's p\d\d in more requests than chance explains since 00:(39|40) UTC: (3\d|40) % \(\d+ of \d+\), control .*; whole attempt [\d.]+ %, control [\d.]+ % \(p = /,
  )
})

describe('journeys that go missing', () => {
  const watched = resolveGuardSettings({ traffic: { maxDropPercent: 30 }, latency: false })
  const visitors = (from: number, count: number): VisitorMark[] =>
    seconds(from, from + count).map((n) => [Math.imul(n, 0x9e3779b1) >>> 0, 0])
  /** Both arms' visitors are new ones; four of five of the canary's don't come. */
  const leaving = (at: number, canary: number) =>
    tick(
      at * 1000,
      arm(canary * 2, [], { journeys: canary, visitors: visitors(at * 40, canary) }),
      arm(20, [], { journeys: 10, visitors: visitors(at * 40 + 20, 10) }),
    )

  it('are not first called a broken split', () => {
    let state = start()
    const kinds = new Set<string>()
    for (const at of seconds(1, 600)) {
      const step = feed(watched, state, [leaving(at, 2)])
      state = step.state
      kinds.add(step.verdict.kind)
      if (step.verdict.kind !== 'failing') continue
      expect(step.verdict.trigger).toBe('traffic')
      expect(step.verdict.sentence).toMatch(
        /over 30 % fewer journeys .* since 00:00 UTC: 17 % \(\d+ of \d+\) where 50 % is set$/,
      )
      break
    }
    expect([...kinds].sort()).toEqual(['failing', 'inconclusive'])
  })

  it('are a broken split where no one watches journeys', () => {
    const { verdict } = feed(
      settings,
      start(),
      seconds(1, 100).map((at) => leaving(at, 2)),
    )
    expect(verdict.kind).toBe('broken-split')
  })

  it('hold the stage on the way, with their figures', () => {
    const { verdict } = feed(
      watched,
      start(),
      seconds(1, 40).map((at) => leaving(at, 2)),
    )
    expect(verdict).toMatchObject({ kind: 'inconclusive', mayAdvance: false })
    expect(verdict.sentence).toMatch(
      /^the canary completes fewer journeys .* 17 % \(78 of 468\) where 50 % is set; waiting/,
    )
  })
})

describe('silence', () => {
  const busy = seconds(1, 20).map((at) => second(at, 0))
  const next = (at: number, canary: number, control: number) =>
    tick(at * 1000, arm(canary), arm(control), { stage: 1, percentage: 60 })

  it.each([
    ['no requests since this stage began, at 00:01 UTC', [next(62, 0, 0), next(74, 0, 0)]],
    ['no canary requests since this stage began, at 00:01 UTC', [next(62, 0, 5), next(74, 0, 5)]],
    ['no canary requests to judge since 00:01 UTC', [next(62, 9, 9), next(190, 0, 9)]],
  ])('%s: as true when it is read later, and never as if the attempt had none', (sentence, ticks) => {
    const { state } = feed(settings, start(), busy)
    expect(feed(settings, state, ticks).verdict.sentence).toBe(sentence)
  })

  it('is just that where no one ever came', () => {
    expect(feed(settings, start(), [tick(5_000, arm(0), arm(0))]).verdict.sentence).toBe(
      'no canary requests to judge',
    )
  })
})

it('a state of an earlier release is read on, and its rises begin with the next tick', () => {
  const { state } = feed(
    settings,
    start(),
    seconds(1, 60).map((at) => second(at, 0)),
  )
  const { rises: _, ...stored } = JSON.parse(JSON.stringify(state))
  for (const sums of ['totals', 'stageTotals', 'recent']) delete stored[sums].canaryJourneys
  const restored = restoreGuardState(stored)
  expect(restored?.totals).toEqual({ ...state.totals, canaryJourneys: 0 })
  const { verdict } = feed(
    settings,
    restored ?? initialGuardState({ generation: 1, stage: 0, percentage: 50, atMs: 0 }),
    seconds(60, 90).map((at) => second(at, 4)),
  )
  expect(verdict.sentence).toMatch(/since 00:00 UTC: 40 % \(\d+ of \d+\), .*; whole attempt/)
})
