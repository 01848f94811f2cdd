/** What a stage asks for besides the tests. */
import { describe, expect, it } from 'vitest'
import { type Cell, countOutcome, emptyCell, mergeCell } from '../../../../src/core/counters/cell.ts'
import { failureMark, type NetworkCounts } from '../../../../src/core/counters/networks.ts'
import { armPair } from '../../../../src/core/counters/ticks.ts'
import { watchedAnswer, watchedIn } from '../../../../src/core/flags/answers/watched-answers.ts'
import {
  type ArmTick,
  type GuardSettings,
  type GuardTick,
  resolveGuardSettings,
  type StageRequirements,
  stepGuard,
} from '../../../../src/core/guard/index.ts'
import { arm, feed, start, tick } from '../support.ts'

const NONE: StageRequirements = { minVisitors: null, maxErrorRate: null, maxP95Ms: null, answers: [] }
const ON_CHECKOUT = '5xx on /checkout/*'
const settings = (require: Partial<StageRequirements>): GuardSettings => ({
  ...resolveGuardSettings({ latency: false, bakeMs: 0 }),
  require: { ...NONE, ...require },
})

/** A quarter of an hour in which both arms do the same, so that the guard itself lets the stage go. */
const healthy = (part: Partial<ArmTick> = {}, requests = 100) =>
  Array.from({ length: 900 }, (_, second) =>
    tick((second + 1) * 1000, arm(requests, [], second === 3 ? part : {}), arm(requests)),
  )
const verdictOf = (require: Partial<StageRequirements>, part: Partial<ArmTick> = {}) =>
  feed(settings(require), start(), healthy(part)).verdict

const network = (of: number, requests: number, errors = 0): NetworkCounts => ({
  ...{ network: of, requests, errors, errored: 0, discordant: 0, unpaired: 0, unasked: 0, journeys: 0 },
})
/** Ten networks with as many requests each. */
const networks = (requests: number, errors: readonly number[] = []) =>
  Array.from({ length: 10 }, (_, k) => network(k + 2, requests / 10, errors[k] ?? 0))

describe('a stage that asks for something', () => {
  it('goes on once it has it, and shows what it asked for', () => {
    const verdict = verdictOf({ maxErrorRate: 0.01, answers: [{ id: ON_CHECKOUT, max: 0 }] })
    expect(verdict).toMatchObject({ kind: 'healthy', mayAdvance: true })
    expect(verdict.requirements).toEqual([
      { text: 'an error rate of at most 1 %', found: '0 % (0 of 90,000)', met: true },
      { text: 'at most 0 of 5xx on /checkout/*', found: '0', met: true },
    ])
  })

  it('says nothing of it where it asks for nothing', () => {
    const { verdict } = feed(resolveGuardSettings({ latency: false, bakeMs: 0 }), start(), healthy())
    expect('requirements' in verdict).toBe(false)
  })

  it('is held by too few visitors', () => {
    const of = (minVisitors: number, count: number) => {
      const visitors = Array.from({ length: count }, (_, k): [number, number] => [
        Math.floor(((k + 0.5) * 2 ** 32) / count),
        0,
      ])
      const ticks = healthy()
      // Thousands come last: a state that holds as many is slow to carry through all seconds.
      const at = count > 1_000 ? ticks.length - 1 : 3
      const both = arm(100, [], { visitors })
      ticks[at] = { ...(ticks[at] as GuardTick), canary: both, control: both }
      return feed(settings({ minVisitors }), start(), ticks).verdict
    }
    expect(of(40, 40).mayAdvance).toBe(true)
    expect(of(41, 40)).toMatchObject({
      mayAdvance: false,
      sentence: 'no harm found, but the stage asks for 41 visitors: 40',
    })
    // More than a sketch holds: an estimate.
    expect([of(9_000, 10_000).mayAdvance, of(11_000, 10_000).mayAdvance]).toEqual([true, false])
  })

  it('is held by an error rate that the guard would let pass', () => {
    const part = { errors: 91, erroredSlots: [], requests: 100 }
    expect(verdictOf({ maxErrorRate: 0.0011 }, part).mayAdvance).toBe(true)
    expect(verdictOf({ maxErrorRate: 0.001 }, part)).toMatchObject({
      mayAdvance: false,
      sentence: 'no harm found, but the stage asks for an error rate of at most 0.1 %: 0.1 % (91 of 90,000)',
    })
  })

  it('is held by a p95', () => {
    const slow = { latency: { 50: 100, 80: 5_000 } }
    expect(verdictOf({ maxP95Ms: 900 }, slow)).toMatchObject({
      mayAdvance: false,
      sentence: expect.stringMatching(
        /^no harm found, but the stage asks for a p95 of at most 900 ms: 5\.\d+ % of requests take longer$/,
      ),
    })
    expect(verdictOf({ maxP95Ms: 900 }, { latency: { 50: 100, 80: 4_000 } }).mayAdvance).toBe(true)
  })

  it('is held by answers on a path, and tells the first limit and how many others', () => {
    const watched = { [ON_CHECKOUT]: { requests: 3, marks: [5, 9] } }
    const answers = (max: number) => [{ id: ON_CHECKOUT, max }]
    expect(verdictOf({ answers: answers(3) }, { watched }).mayAdvance).toBe(true)
    expect(verdictOf({ minVisitors: 9, answers: answers(2) }, { watched }).sentence).toBe(
      'no harm found, but the stage asks for 9 visitors: 0, and 1 more',
    )
    expect(verdictOf({ answers: answers(2) }, { watched }).sentence).toBe(
      'no harm found, but the stage asks for at most 2 of 5xx on /checkout/*: 3',
    )
  })

  it('begins to count anew with the next stage', () => {
    const require = settings({ answers: [{ id: ON_CHECKOUT, max: 0 }] })
    const watched = { [ON_CHECKOUT]: { requests: 3, marks: [5, 9] } }
    const before = feed(require, start(), healthy({ watched }))
    const next = tick(901_000, arm(100), arm(100), { stage: 1 })
    expect(stepGuard(require, before.state, next).verdict.requirements?.[0]).toMatchObject({
      found: '0',
      met: true,
    })
  })

  it('is found to be kept by no two networks, and broken by no two', () => {
    const every = (errors: readonly number[]) => {
      const all = errors.reduce((sum, count) => sum + count, 0)
      const ticks = Array.from({ length: 900 }, (_, second) =>
        tick(
          (second + 1) * 1000,
          arm(100, [], {
            networks: networks(100, second === 3 ? errors : []),
            errors: second === 3 ? all : 0,
            erroredSlots: [],
          }),
          arm(100, [], { networks: networks(100) }),
        ),
      )
      return feed(settings({ maxErrorRate: 0.0001 }), start(), ticks).verdict.requirements?.[0]?.met
    }
    expect(every([5_000, 5_000])).toBe(true)
    expect(every([0, 0, 4, 4, 4, 4])).toBe(false)
    const marks = (groups: readonly number[]) => groups.map((each, k) => failureMark(k, each))
    const ofPaths = (groups: readonly number[]) => {
      const watched = { [ON_CHECKOUT]: { requests: groups.length, marks: marks(groups) } }
      const ticks = healthy().map((each, second) => ({
        ...each,
        canary: { ...each.canary, networks: networks(100), ...(second === 3 && { watched }) },
        control: { ...each.control, networks: networks(100) },
      }))
      return feed(settings({ answers: [{ id: ON_CHECKOUT, max: 0 }] }), start(), ticks).verdict
        .requirements?.[0]?.met
    }
    expect([ofPaths([2, 2, 3, 3, 3]), ofPaths([2, 3, 4])]).toEqual([true, false])
  })
})

describe('what holds a stage', () => {
  const held = (require: Partial<StageRequirements>, part: Partial<ArmTick> = {}, bakeMs = 0) => {
    const asked = { ...settings(require), bakeMs }
    const { state } = feed(asked, start(), healthy(part))
    return stepGuard(asked, state, tick(901_000, arm(100), arm(100))).verdict
  }

  it('is a limit that is passed, which may never end, or visitors, who come', () => {
    const failing = { errors: 91, erroredSlots: [], requests: 100 }
    expect(held({ minVisitors: 9, maxErrorRate: 0.001 }, failing).holds).toBe(
      'an error rate of at most 0.1 %, 0.1 % (91 of 90,100) so far; no end in sight',
    )
    expect(held({ minVisitors: 9 }).holds).toBe('9 visitors, 0 so far')
    expect(held({ maxErrorRate: 0.001 })).not.toHaveProperty('holds')
  })

  it('is told while the stage still bakes', () => {
    expect(held({ minVisitors: 9 }, {}, 2_000_000)).toMatchObject({
      kind: 'baking',
      holds: '9 visitors, 0 so far',
    })
    expect(held({}, {}, 2_000_000)).not.toHaveProperty('holds')
  })

  it('is some evidence of harm, or an arm without requests', () => {
    const ticks = Array.from({ length: 30 }, (_, second) =>
      tick((second + 1) * 1000, arm(20, second === 3 ? [1, 2, 3, 4] : []), arm(20)),
    )
    const harmed = stepGuard(
      settings({}),
      feed(settings({}), start(), ticks.slice(0, 4)).state,
      ticks[4] as GuardTick,
    )
    expect(harmed.verdict.holds).toBe('the evidence of harm to clear or grow; no end in sight')
    const silent = stepGuard(settings({}), start(), tick(1_000, arm(0), arm(20)))
    expect(silent.verdict.holds).toBe('canary requests')
  })
})

describe('answers that a stage sets a limit for', () => {
  const limit = { path: '/checkout/*', statuses: ['5xx', 404] as const }
  const watched = [watchedAnswer(limit, (path) => path.startsWith('/checkout/'))]

  it('are those of its path with one of its statuses', () => {
    const of = (path: string, status: number) => watchedIn(watched, path, status)
    expect([of('/checkout/pay', 503), of('/checkout/pay', 404)]).toEqual([
      ['5xx, 404 on /checkout/*'],
      ['5xx, 404 on /checkout/*'],
    ])
    expect([of('/checkout/pay', 200), of('/checkout/pay', 403), of('/cart', 503)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('count for the canary, travel in cells, and add up', () => {
    const cell = (name: 'canary' | 'control'): Cell => {
      const made = emptyCell({ flag: 'f', variant: 'on', arm: name, generation: 1, stage: 0 })
      for (const position of [5 << 16, 5 << 16, 9 << 16]) {
        countOutcome(made, {
          decision: {
            ...{ flag: 'f', variant: 'on', value: true, reason: 'SPLIT', rule: 'r', generation: 1, stage: 0 },
            placement: { arm: name, position: position >>> 0 },
          },
          failure: undefined,
          latencyMs: 5,
          journey: false,
          rescued: false,
          watched: [ON_CHECKOUT],
        })
      }
      return made
    }
    const sum = cell('canary')
    mergeCell(sum, JSON.parse(JSON.stringify(cell('canary'))))
    const pair = armPair([sum, cell('canary'), cell('control')], 1, 0, 'off')
    expect(pair.canary.watched).toEqual({ [ON_CHECKOUT]: { requests: 9, marks: [5, 9] } })
    expect(pair.control.watched).toBeUndefined()
  })
})
