/** Pinned parts of the guard, called directly: small counts by seed and figures around each limit. */
import { failureMark } from '../../../../src/core/counters/networks.ts'
import { EMPTY_ARM } from '../../../../src/core/counters/ticks.ts'
import { mixed, type VisitorMark } from '../../../../src/core/counters/visitors.ts'
import { type DedupeState, initialDedupe, stepDedupe } from '../../../../src/core/guard/dedupe/dedupe.ts'
import { ratioBands } from '../../../../src/core/guard/evidence/band.ts'
import type { Counts } from '../../../../src/core/guard/evidence/formula.ts'
import type { ArmTick } from '../../../../src/core/guard/index.ts'
import { resolveGuardSettings } from '../../../../src/core/guard/index.ts'
import {
  burstCap,
  initialBursts,
  lastsLonger,
  noteBlocks,
  spend,
} from '../../../../src/core/guard/latency/bursts.ts'
import {
  enterStageOfPopulation,
  initialPopulation,
  noteSlices,
} from '../../../../src/core/guard/latency/population.ts'
import { durationsOf } from '../../../../src/core/guard/networks/durations.ts'
import {
  enterStageOfNetworks,
  initialNetworks,
  noteNetworks,
  type Regime,
  type Standing,
  standingOf,
} from '../../../../src/core/guard/networks/groups.ts'
import {
  holdsWithoutTwo,
  leastOverPairs,
  withoutTwoLargest,
} from '../../../../src/core/guard/networks/without-two.ts'
import { ADVANCE_BETS, advanceDelta, initialAdvance } from '../../../../src/core/guard/tests/advance.ts'
import {
  type CollapseState,
  collapsePValue,
  initialCollapse,
  isCollapseCarried,
  stepCollapse,
} from '../../../../src/core/guard/tests/collapse.ts'
import { latencyPassSeconds, marginFor, passSeconds } from '../../../../src/core/guard/tests/pass-time.ts'
import { chosenMargin, withLateMargin } from '../../../../src/core/guard/tests/stage-margin.ts'
import { NO_VISITORS, noteVisitors } from '../../../../src/core/guard/tests/visitors.ts'
import { type Random, seeded } from '../../../../test-kit/simulation/random.ts'
import { tick } from '../support.ts'
import { crowd } from './crowd-runs.ts'
import { hashed, plain } from './pinned.ts'

const GROUPS = 31
const pick = <T>(random: Random, ...from: readonly T[]): T => from[random.below(from.length)] as T
const standing = (regime: Regime, asideGroup = -1, suspects: readonly number[] = []): Standing => ({
  ...{ regime, groups: 4, suspects },
  aside: Array.from({ length: GROUPS }, (_, group) => group === asideGroup),
})

/** Margins of stages that are to be left within a time. */
export function pinnedMargins(): unknown[] {
  const settings = resolveGuardSettings({})
  const within = (withinMs: number) => ({ ...settings, withinMs })
  const counted = (requests: number, errors: number, elapsedMs: number) => ({
    totals: { canaryRequests: 10, controlRequests: requests - 10, controlErrors: errors },
    elapsedMs,
  })
  const chosen = [0, 600_000, 14_400_000].flatMap((withinMs) =>
    [
      counted(29, 0, 1_000),
      counted(30, 0, 1_000),
      counted(900, 4, 60_000),
      counted(900, 0, 0),
      counted(900, 90, 1),
    ].map((each) => chosenMargin(within(withinMs), 10, each)),
  )
  const late = [null, 0.02].flatMap((margin) =>
    [29_999, 30_000, 30_001].map((elapsedMs) => {
      const state = { margin, advance: initialAdvance(), percentage: 10 }
      return withLateMargin(within(600_000), state, counted(400, 2, elapsedMs)).margin
    }),
  )
  const site = { requestsPerSecond: 3, errorRate: 0.01 }
  const deltas = [0.5, 1, 2, 5, 10, 25, 40, 50, 75, 90, 99, 99.5].map(advanceDelta)
  const seconds = [1, 10, 50, 90].map((percentage) => [
    passSeconds(settings, site, percentage),
    latencyPassSeconds(settings, site, percentage),
    latencyPassSeconds(
      resolveGuardSettings({ latency: { warmUpMs: 0, quantiles: [0.9] } }),
      site,
      percentage,
    ),
    marginFor(settings, site, { percentage, seconds: 7_200 }),
  ])
  return [{ chosen }, { late }, { deltas }, { seconds }].map(plain)
}

/** A look of a few networks, with durations that no network has as well. */
function look(random: Random, at: number, size: number) {
  const sizes = Array.from({ length: random.below(6) }, () => size * random.next())
  const truth = () => ({ sizes, failing: pick(random, 0, 0.3, 1), away: pick(random, 0, 0.5), reported: 0.5 })
  const arm = (first: number): ArmTick => {
    const counts = crowd(random, [first, 9], {
      ...truth(),
      unlisted: random.below(4),
      cut: random.below(5) === 0,
    })
    return { ...counts, timings: { ...counts.timings, 90: random.below(3) } }
  }
  return tick(at * 1_000, arm(0), arm(40_000))
}

export function pinnedDurations(): unknown[] {
  const random = seeded('durations', 1)
  return Array.from({ length: 12 }, (_, at) => {
    const one = look(random, at, 4)
    const of = (['none', 'few', 'many'] as const).map((regime) =>
      durationsOf(one, at % 2 === 0 ? 'latency' : 'timings', standing(regime, 2 + (at % 4))),
    )
    return plain(of.map(({ all, groups }) => [all, groups.length, hashed(groups)]))
  })
}

/** Runs of failures, from which the canary may be dead, tick by tick. */
export function pinnedCollapses(): unknown[] {
  const settings = [
    resolveGuardSettings({}),
    resolveGuardSettings({ errors: false, ceilings: { errorRate: 0.7 }, clientErrors: false }),
    resolveGuardSettings({ errors: false }),
    resolveGuardSettings({ alpha: 0.2 }),
  ]
  return settings.flatMap((of, run) =>
    (['none', 'few', 'many'] as const).map((regime) => {
      const random = seeded(`collapse ${regime}`, run)
      let state: CollapseState = initialCollapse()
      const seen: unknown[] = []
      for (let at = 1; at <= 40; at++) {
        const { canary, control } = look(random, at, 3)
        const isDead = at > 12 && at % 15 !== 0
        const dead = isDead ? crowd(random, [0, 30], { sizes: [2, 2, 1, 1, 1], failing: 0.95 }) : canary
        const calm = at % 3 === 0 ? control : crowd(random, [40_000, 99], { sizes: [6, 5, 4, 3] })
        const whose = standing(regime, at > 30 ? 4 : -1, at > 35 ? [4] : [])
        const paid = Math.min(0.5, at / 100)
        state = stepCollapse(of, state, tick(at * 1_000, dead, calm), { standing: whose, paid })
        const pValue = collapsePValue(of, state) ?? null
        seen.push([pValue, isCollapseCarried(of, state, whose), state.wealth.cash, state.record])
      }
      return plain({ run, regime, last: seen.slice(-3), marks: state.marks, all: hashed(seen) })
    }),
  )
}

export function pinnedPopulations(): unknown[] {
  return [3, 12, 60].flatMap((size) =>
    (['none', 'few', 'many'] as const).map((regime) => {
      const random = seeded(`population ${regime}`, size)
      let state = initialPopulation()
      const seen: unknown[] = []
      let percentage = 10
      for (let at = 1; at <= 24; at++) {
        const groups = Array.from({ length: random.below(8) }, () => random.below(64))
        const slices = Object.fromEntries(
          groups.map((slice) => [
            slice,
            { 60: random.below(size), 70: random.below(size), 80: random.below(size) },
          ]),
        )
        const edges = at === 1 ? null : [60, 65, 70, 79]
        const comingTo = pick(random, 30, 60, undefined)
        state = noteSlices(state, slices, { edges, isBatchOpen: random.below(4) === 0, percentage, comingTo })
        if (at % 6 === 0) {
          const before = percentage
          percentage = pick(random, 0, 30, 60, 100)
          const canaryRequests = pick(random, 0, 1, 400)
          state = enterStageOfPopulation(state, { before, percentage, canaryRequests, regime })
        }
        seen.push([state.widening, state.unevenness, state.known])
      }
      return plain({ size, regime, widening: state.widening, known: state.known, all: hashed(seen) })
    }),
  )
}

export function pinnedBursts(): unknown[] {
  return [1, 2, 3].map((run) => {
    const random = seeded('bursts', run)
    let state = initialBursts(2_000)
    let atMs = 2_000
    const seen: unknown[] = []
    for (let at = 0; at < 160; at++) {
      atMs += pick(random, 0, 1_000, 1_000, 2_500, 5_000, run === 2 ? 90_000 : 3_000)
      const isStalled = at % 20 > 12
      const counts = (): Counts => ({
        ...{
          canaryN: random.below(40),
          controlN: random.below(90),
          canaryBad: random.below(isStalled ? 8 : 4),
        },
        controlBad: random.below(isStalled && run === 3 ? 9 : 3),
      })
      state = noteBlocks(state, [counts(), counts(), counts(), counts()], atMs)
      if (at % 5 === 0) state = spend(state, 0.01, pick(random, -1, 0, 0.2, 1, 3))
      seen.push([state, lastsLonger(state), burstCap(state, 0.01, 2)])
    }
    const learned = [1_799_999, 1_800_000].map((seenMs) => {
      const calm = { ...initialBursts(0), seenMs }
      return [lastsLonger(calm), ...[1, 5, 6].map((slowRun) => lastsLonger({ ...calm, slowRun, longest: 2 }))]
    })
    return plain({ run, state, learned, all: hashed(seen) })
  })
}

/** Failures of few visitors, who rest, are forgotten, and move to the canary with a stage. */
export function pinnedFailures(): unknown[] {
  return [1, 2, 3, 4].map((run) => {
    const random = seeded('failures', run)
    let state: DedupeState = initialDedupe(20)
    if (run > 2) state = { ...state, recent: Array.from({ length: GROUPS }, (_, n) => (n === 0 ? 4e6 : 1e6)) }
    let nowS = 0
    const seen: unknown[] = []
    for (let at = 0; at < 90; at++) {
      nowS += pick(random, 0, 1, 1, 30, 59, 60, 61, 240)
      const marks = (first: number) =>
        Array.from({ length: random.below(5) }, () => {
          const network = pick(random, 0, 31, 32)
          return failureMark(first + random.below(4), network)
        })
      const percentage = at < 50 ? 20 : 70
      const isLikeControl = run === 2 ? (mark: number) => mark % 2 === 0 : undefined
      let taken = 0
      const { eligible, counted, ...next } = stepDedupe(
        state,
        {
          ...{ nowS, percentage, canary: marks(0), control: marks(50_000), groups: 3, isLikeControl },
          unasked: { canary: marks(9), control: marks(50_009) },
        },
        () => () => ++taken >= (run === 1 ? 99 : 2),
      )
      state = next.state
      seen.push([eligible, counted, state.strict, state.plain, state.recent?.slice(0, 4)])
    }
    const { chunks, ...rest } = state
    return plain({
      run,
      rest: hashed(rest),
      chunks: chunks.filter((chunk) => chunk !== ''),
      all: hashed(seen),
    })
  })
}

export function pinnedSketches(): unknown[] {
  return [1, 1.5].flatMap((tolerance) =>
    [
      ['as planned', 100, 100, 50],
      ['too many', 150, 40, 50],
      ['too few', 5, 60, 50],
      ['a tenth', 12, 90, 10],
      ['full', 900, 900, 50],
      ['full of canary', 2_000, 90, 50],
      ['of one network', 60, 60, 50],
    ].map(([name, canary, control, percentage]) => {
      const marks = (count: number, first: number): VisitorMark[] =>
        Array.from({ length: count }, (_, n) => [
          mixed(first + n, 3),
          name === 'of one network' && first === 0 && n % 2 === 0 ? 77 : n % 5 === 0 ? 0 : 40 + (n % 9),
        ])
      const arm = (visitors: VisitorMark[]): ArmTick => ({ ...EMPTY_ARM, visitors })
      const odd: VisitorMark[] = [
        [-1, 5],
        [2 ** 32, 5],
        [2 ** 32 - 1, 5],
        [0.5, 5],
        [0, 5],
      ]
      const one = tick(1_000, arm([...marks(Number(canary), 0), ...odd]), arm(marks(Number(control), 1e6)), {
        percentage: Number(percentage),
      })
      const state = noteVisitors(NO_VISITORS, one, tolerance)
      const again = noteVisitors(state, tick(2_000, arm(marks(3, 9e6)), EMPTY_ARM), tolerance)
      return plain({ name, tolerance, split: state.split, again: again.split, lengths: state.canary.length })
    }),
  )
}

/** Who takes part, look by look, as networks come, flood an arm, and leave. */
export function pinnedNetworks(): unknown[] {
  const traffic = [
    ['a crowd', [3, 3, 3, 3, 3], [3, 3, 3, 3, 3]],
    ['an office', [9, 9, 1], [9, 9, 1]],
    ['one that fills the canary', [30, 2, 2, 2], [2, 2, 2, 2]],
    ['one that fills control', [2, 2, 2, 2], [30, 2, 2, 2]],
    ['none', [], []],
  ] as const
  return traffic.flatMap(([name, canary, control]) =>
    [1, 50, 99, 100].map((percentage) => {
      const random = seeded(name, percentage)
      let state = initialNetworks()
      const seen: unknown[] = []
      for (let at = 1; at <= 36; at++) {
        const arms = [canary, control].map((sizes) =>
          crowd(random, [0, 9], { sizes, unlisted: random.below(2) }),
        )
        const [one = EMPTY_ARM, other = EMPTY_ARM] = arms
        state = noteNetworks(state, tick(at * 1_000, one, other, { percentage }))
        if (at === 20) state = enterStageOfNetworks(state)
        seen.push(standingOf(state, percentage))
      }
      const { regime, groups, suspects } = standingOf(state, percentage)
      return plain({ name, percentage, regime, groups, suspects, all: hashed(seen) })
    }),
  )
}

export function pinnedNumbers(): unknown[] {
  const counts = (canaryN: number, controlN: number, canaryBad: number, controlBad: number): Counts => ({
    ...{ canaryN, controlN, canaryBad, controlBad },
  })
  const batches = [
    ...[
      counts(0, 0, 0, 0),
      counts(10, 0, 1, 0),
      counts(10, 90, 0, 1),
      counts(100, 900, 4, 3),
      counts(50, 50, 20, 1),
    ],
    ...[counts(400, 400, 1, 30), counts(900, 900, 300, 4)],
  ]
  const bands = ratioBands(batches, ADVANCE_BETS, 20)
  const twoLargest = [[], [5], [5, 2], [1, 9, 4, 7], [0, 0, 3]].map((by) =>
    withoutTwoLargest(Array.from({ length: GROUPS }, (_, group) => by[group] ?? 0)),
  )
  const holds = [0.5, 4, 20, 100].flatMap((rest) =>
    [19, 20, 50, 80, 81, 4_000].flatMap((all) =>
      [[], [3]].map((suspects) => holdsWithoutTwo(all, rest, 20, standing('many', -1, suspects))),
    ),
  )
  const groups = Array.from({ length: GROUPS }, (_, group) => counts(group, 2 * group, group % 5, group % 3))
  const least = [[], [4], [4, 9], [4, 9, 12]].map((suspects) =>
    leastOverPairs(groups, standing('many', -1, suspects), (sum) => sum.canaryBad - sum.controlBad / 2),
  )
  return [{ bands }, { twoLargest }, { holds }, { least }].map(plain)
}
