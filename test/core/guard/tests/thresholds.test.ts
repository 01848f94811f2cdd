/** Plain limits of errors and slow requests, of everybody who is served the flag. */
import { expect, it } from 'vitest'
import { resolveGuardSettings } from '../../../../src/core/guard/index.ts'
import { arm, feed, start, tick } from '../support.ts'

const settings = resolveGuardSettings({ errors: false, latency: false, thresholds: { errors: 10 } })

it('closes at one more error than the threshold', () => {
  const at = (errors: number) => tick(1000, arm(100, [1], { errors }), arm(100))
  expect(feed(settings, start(), [at(10)]).verdict.action).toBe('none')
  const { verdict } = feed(settings, start(), [at(11)])
  expect(verdict).toMatchObject({ action: 'rollback', trigger: 'threshold' })
  expect(verdict.sentence).toBe('11 canary errors, more than the threshold of 10')
})

it('freezes when control has as many', () => {
  const both = tick(1000, arm(100, [1], { errors: 11 }), arm(100, [50_000], { errors: 12 }))
  expect(feed(settings, start(), [both]).verdict).toMatchObject({ action: 'freeze', trigger: 'threshold' })
})

it('compares rates, not counts: of a small canary, and of all who are served the flag', () => {
  // Control's rate of 10 % lets expect 11 of the canary, by the errors' margin of 1.1.
  const at = (control: number, part: object = {}) =>
    feed(settings, start(5), [
      tick(1000, arm(100, [], { errors: 11 }), arm(1_900, [], { errors: control }), {
        percentage: 5,
        ...part,
      }),
    ]).verdict
  expect([at(190), at(189)].map(({ action }) => action)).toEqual(['freeze', 'rollback'])
  expect(at(190).sentence).toBe(
    '11 canary errors, more than the threshold of 10, but control fares no better: a shared outage',
  )
  expect([at(95, { others: arm(100) }), at(94, { others: arm(100) })].map(({ action }) => action)).toEqual([
    'freeze',
    'rollback',
  ])
})

it('needs no control to act, and takes one request of it for one', () => {
  const at = (control: number, errors: number) =>
    feed(settings, start(), [tick(1000, arm(100, [], { errors: 11 }), arm(control, [], { errors }))]).verdict
      .action
  expect([at(0, 0), at(1, 0), at(1, 1)]).toEqual(['rollback', 'rollback', 'freeze'])
})

it('depends on networks only where some are known', () => {
  const at = (...networks: number[]) => {
    const counts = {
      requests: 1,
      errors: 0,
      errored: 0,
      discordant: 0,
      unpaired: 0,
      unasked: 0,
      journeys: 0,
    }
    const listed = networks.map((network) => ({ network, ...counts }))
    const canary = arm(100, [], { errors: 11, networks: listed })
    return feed(settings, start(), [tick(1000, canary, arm(100))]).verdict.action
  }
  expect([at(), at(7)]).toEqual(['rollback', 'none'])
})

it('counts everybody who is served the flag, also who is listed by name and never compared', () => {
  const at = (canary: number, others: number) =>
    tick(1000, arm(0, [], { errors: canary }), arm(100), { others: arm(0, [], { errors: others }) })
  expect(feed(settings, start(), [at(4, 6)]).verdict.action).toBe('none')
  const { verdict } = feed(settings, start(), [at(4, 7)])
  expect(verdict).toMatchObject({ action: 'rollback', trigger: 'threshold' })
  expect(verdict.sentence).toBe('11 errors, more than the threshold of 10')
})

it('counts durations that the app reports like slow requests', () => {
  const slow = resolveGuardSettings({ latency: false, thresholds: { slow: { count: 5, baselineMs: 500 } } })
  const at = (count: number) =>
    tick(1000, arm(0, [], { timings: { 50: 9, 80: count } }), arm(0), {
      others: arm(0, [], { timings: { 80: 2 } }),
    })
  expect(feed(slow, start(), [at(3)]).verdict.action).toBe('none')
  expect(feed(slow, start(), [at(4)]).verdict).toMatchObject({ action: 'rollback', trigger: 'threshold' })
})

it('counts slow requests against the baseline', () => {
  const slow = resolveGuardSettings({ latency: false, thresholds: { slow: { count: 5, baselineMs: 500 } } })
  const at = (count: number) =>
    tick(1000, arm(100, [], { latency: { 50: 100 - count, 80: count } }), arm(100))
  expect(feed(slow, start(), [at(5)]).verdict.action).toBe('none')
  expect(feed(slow, start(), [at(6)]).verdict).toMatchObject({ action: 'rollback', trigger: 'threshold' })
})
