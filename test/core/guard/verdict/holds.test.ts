/** How much evidence keeps a stage from advancing, on the way to a verdict: at each line, and just below it. */
import { expect, it } from 'vitest'
import { type GuardState, resolveGuardSettings } from '../../../../src/core/guard/index.ts'
import { judge } from '../../../../src/core/guard/verdict/verdict.ts'
import { arm, feed, start, tick } from '../support.ts'

const options = {
  bakeMs: 0,
  latency: false,
  advance: { byTime: true },
  traffic: { maxDropPercent: 30 },
  ceilings: { errorRate: 0.2, p95Ms: 900, minRequests: 20 },
} as const
const settings = resolveGuardSettings(options)
const { state: healthy } = feed(settings, start(), [tick(1_000, arm(20), arm(20))])
const wealthOf = (total: number) => ({ cash: total, parts: [] })

/** Undefined where the stage may advance. */
function hold(parts: Partial<GuardState>, used = settings): string | undefined {
  const { verdict } = judge(used, { ...healthy, ...parts })
  return verdict.kind === 'healthy' ? undefined : verdict.sentence
}

it.each<[string, number, (wealth: number) => Partial<GuardState>, RegExp]>([
  // The comparison of errors has four fifths of the whole, of which 2 hold.
  [
    'harm',
    2.25,
    (wealth) => ({ rollback: { ...healthy.rollback, errors: wealthOf(wealth) } }),
    /^some evidence of harm: it fails since /,
  ],
  [
    'visitors who are turned away',
    4,
    (wealth) => ({ clientErrors: { ...healthy.clientErrors, wealth: wealthOf(wealth) } }),
    /^the canary turns visitors away .*; waiting until that clears or grows$/,
  ],
  [
    'journeys that go missing',
    4,
    (wealth) => ({ share: { ...healthy.share, drop: wealthOf(wealth) } }),
    /^the canary completes fewer journeys .*; waiting until that clears or grows$/,
  ],
  [
    'visitors for whom nothing works',
    4,
    (wealth) => ({ affected: { ...healthy.affected, wealth: [wealthOf(wealth), wealthOf(wealth)] } }),
    /^0 visitors of the canary failed .*; waiting until that clears or grows$/,
  ],
  [
    'an error rate above its ceiling',
    2,
    (wealth) => ({ errorCeiling: { ...healthy.errorCeiling, wealth: wealthOf(wealth) } }),
    /^some evidence that the canary is above a ceiling; waiting/,
  ],
  [
    'a p95 above its ceiling',
    2,
    (wealth) => ({ latencyCeiling: { ...healthy.latencyCeiling, wealth: wealthOf(wealth) } }),
    /^some evidence that the canary is above a ceiling; waiting/,
  ],
])('%s, from a wealth of %d on', (_, line, parts, sentence) => {
  expect(hold(parts(line - 0.001))).toBeUndefined()
  expect(hold(parts(line + 1e-9))).toMatch(sentence)
})

it('only what is set has a ceiling, and drops of journeys matter only where they are watched', () => {
  const { traffic: _, ...others } = options
  const state = { share: { ...healthy.share, drop: wealthOf(1e4) } }
  expect(hold(state, resolveGuardSettings(others))).toBeUndefined()
  const near = { wealth: wealthOf(50), since: [], bucketsSince: {} }
  const limits = (ceilings: object) => resolveGuardSettings({ ...options, ceilings })
  expect(hold({ errorCeiling: near }, limits({ p95Ms: 900, minRequests: 1 }))).toBeUndefined()
  expect(hold({ latencyCeiling: near }, limits({ errorRate: 0.2, minRequests: 1 }))).toBeUndefined()
})

it('a ceiling says nothing of fewer visitors than it needs', () => {
  const needing = (minRequests: number) =>
    hold({}, resolveGuardSettings({ ...options, ceilings: { p95Ms: 900, minRequests } }))
  expect([needing(20), needing(21)]).toEqual([
    undefined,
    '20 of the 21 canary requests that a ceiling needs have come in this stage',
  ])
  expect(hold({}, resolveGuardSettings({ ...options, ceilings: { minRequests: 99 } }))).toBeUndefined()
})

it('a stage that is past its longest bake calls a person, from that moment on', () => {
  const alert = (maxBakeMs: number) => {
    const used = resolveGuardSettings({ ...options, bakeMs: 2_000, maxBakeMs })
    const { verdict } = judge(used, { ...healthy, lastAtMs: 1_000 })
    return verdict.kind === 'baking' ? verdict.alert : verdict.kind
  }
  expect([alert(1_000), alert(1_001)]).toEqual([
    expect.stringMatching(
      /^the stage is past its longest bake: it climbs by time: .*; bakes for another 1 s$/,
    ),
    null,
  ])
})
