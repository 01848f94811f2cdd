/**
 * Pinned parts of the comparison with the weeks before, on small and gappy histories by seed: what is learned of the hours,
 * how a run goes on block by block, and what happens as ticks come early, late, not at all, or by another clock.
 */
import { type Basis, basisOf, noiseOf } from '../../../../src/core/guard/before-after/basis.ts'
import {
  type BeforeAfterState,
  type BeforeAfterTick,
  initialBeforeAfter,
  stepBeforeAfter,
} from '../../../../src/core/guard/before-after/before-after.ts'
import { lookBack, type Subject } from '../../../../src/core/guard/before-after/finding.ts'
import { BLOCK_MS, type Hours, WEEK_HOURS } from '../../../../src/core/guard/before-after/hours.ts'
import {
  afterBlocks,
  beginRun,
  fallOf,
  isBasis,
  isOutlived,
  rebased,
  standingOf,
} from '../../../../src/core/guard/before-after/run.ts'
import { totalWealth } from '../../../../src/core/guard/evidence/wealth.ts'
import { type Random, seeded } from '../../../../test-kit/simulation/random.ts'
import { plain } from './pinned.ts'

const UNTIL = 490_344
const pick = <T>(random: Random, ...from: readonly T[]): T => from[random.below(from.length)] as T

/** A past of so many hours with a day's shape; some days are odd, some hours are not known. */
function pastOf(random: Random, length: number, mean: number, oddity: number): Hours {
  const days = Array.from({ length: 36 }, () => pick(random, 1, 1, 1, 1 - oddity, 1 + oddity, 1 - 2 * oddity))
  const hourOf = (index: number) => {
    const hour = UNTIL - length + index
    const level = (1 + 0.8 * Math.sin((Math.PI * (hour % 24)) / 12)) * (days[Math.floor(hour / 24) % 36] ?? 1)
    return random.below(300) === 0 ? null : random.poisson(Math.max(0, mean * level))
  }
  return { until: UNTIL, values: Array.from({ length }, (_, index) => hourOf(index)) }
}

/** The same, as events of a metric: some for each hundred of journeys. */
function perJourney(random: Random, { until, values }: Hours): Hours {
  const events = values.map((value) => (value === null ? null : random.binomial(value, 0.2)))
  return { until, values: events, per: values }
}

/** Hours of a site, by length, journeys an hour, and how odd its days are. */
const PASTS: readonly (readonly [name: string, length: number, mean: number, oddity: number])[] = [
  ['just too short', 359, 30, 0],
  ['just long enough', 360, 30, 0],
  ['three weeks of a tiny site', 528, 0.3, 0],
  ['three weeks of a small one', 530, 4, 0.1],
  ['four weeks', 696, 60, 0.05],
  ['four weeks with odd days', 696, 60, 0.25],
  ['five weeks', 840, 200, 0.02],
  ['five weeks whose days are nothing alike', 840, 200, 0.45],
  ['five weeks without a journey', 840, 0, 0],
]

/** Fewer or more in the hours just before. */
const ENDINGS = { usual: 1, quieter: 0.7, 'much quieter': 0.2, busier: 1.6, silent: 0 }

function ended({ until, values, per }: Hours, factor: number, hours: number): Hours {
  const last = <T extends number | null>(value: T, index: number) =>
    value === null || index < values.length - hours ? value : Math.round(Number(value) * factor)
  return { until, values: values.map(last), ...(per && { per: per.map(last) }) }
}

/** What is learned of each past, however it ended. */
export function pinnedBases(): unknown[] {
  return PASTS.flatMap(([name, length, mean, oddity]) => {
    const random = seeded(name, 1)
    const journeys = pastOf(random, length, mean, oddity)
    const events = perJourney(random, journeys)
    return Object.entries(ENDINGS).map(([ending, factor], at) => {
      const hours = [24, 168, 72, 24, 72][at] as number
      const own = basisOf(ended(journeys, factor, hours), 0.3)
      return plain({
        name,
        ending,
        own,
        ...(at < 2 && { metric: basisOf(ended(events, factor, hours), 0.1) }),
      })
    })
  })
}

/** The noise of each past. */
export function pinnedNoise(): unknown[] {
  return PASTS.map(([name, length, mean, oddity]) =>
    plain({ name, noise: noiseOf(pastOf(seeded(name, 1), length, mean, oddity)) }),
  )
}

/** A run of blocks, as many journeys as a share of what is usual; with all that is asked of it in between. */
export function pinnedBlocks(): unknown[] {
  const random = seeded('blocks', 1)
  const journeys = pastOf(random, 840, 40, 0)
  return [journeys, perJourney(random, journeys)].flatMap((hours, kind) => {
    const limits = { maxDropPercent: 20, level: 40 }
    const basis = basisOf(hours, 0.2) as Basis
    const mean = (kind === 0 ? 40 : 8) / 12
    let run = beginRun(hours, limits, { generation: 1, block: UNTIL * 12 })
    let from = UNTIL * 12
    return [1, 1.1, 0.8, 0.6, 0.6, 0.3, 0, 0, 0.1, 1, 1, 2].map((factor, at) => {
      const to = from + ([1, 2, 6, 12, 24][at % 5] ?? 1)
      const blocks = { from, to, journeys: Math.round(mean * factor * (to - from)), per: 4 * (to - from) }
      run = afterBlocks(run, hours, limits, blocks)
      from = to
      const wealth = totalWealth(run.wealth)
      const ages = [23, 24, 335, 336].map((age) => isOutlived(run, basis.hour + age, limits))
      const told = { ...run, information: Math.log(limits.level) }
      const toldAges = [23, 24, 335, 336].map((age) => isOutlived(told, basis.hour + age, limits))
      const standings = [wealth * 0.999, wealth, wealth * 1.001].map((level) => standingOf(run, { level }))
      const leastFall = fallOf(run.risen)
      const atFall = { ...run, basis: { ...basis, leastFall } }
      const next = rebased(run, hours, limits, to)
      return plain({
        ...{
          kind,
          at,
          run: { ...run, basis: isBasis(run.basis) },
          fall: leastFall,
          ages,
          toldAges,
          standings,
        },
        ...{ atLeastFall: standingOf(atFall, { level: wealth }), rebased: next.whole, tested: next.tested },
      })
    })
  })
}

/** A state after a past, as it is when a tick comes. */
function stateAfter(hours: Hours, atMs: number): BeforeAfterState {
  const state = initialBeforeAfter({ atMs, offsetMs: 0, per: hours.per && 0 })
  return { ...state, hours, hour: 0 }
}

const SUBJECTS: readonly Subject[] = [
  { maxDropPercent: 20, level: 40, action: 'rollback' },
  { maxDropPercent: 10, level: 5, action: 'freeze', metric: 'order' },
  { maxDropPercent: 60, level: 2, action: 'signal', metric: 'sign-up' },
]

/** Blocks that pass until the next tick: most often one, at times more than an hour, a day or two weeks. */
const STEPS = [0, 1, 1, 1, 1, 1, 1, 2, 11, 12, 23, 24, 25, 26, 49]

export function pinnedTicks(): unknown[] {
  return SUBJECTS.flatMap((subject) =>
    PASTS.filter((_, at) => at % 2 === 1).map(([name, length, mean, oddity]) => {
      const random = seeded(`ticks ${name}`, subject.level)
      const past = pastOf(random, length, mean, oddity)
      const hours = subject.metric === undefined ? past : perJourney(random, past)
      let block = UNTIL * 12
      let state: BeforeAfterState | undefined = stateAfter(hours, block * BLOCK_MS)
      let at = { generation: 1, offsetMs: 0, isOpen: true }
      const said: unknown[] = []
      for (let look = 1; look <= 40; look++) {
        const blocks = pick(random, ...STEPS)
        block += blocks
        if (look % 14 === 0) at = { ...at, generation: at.generation + 1 }
        if (look % 17 === 0) at = { ...at, offsetMs: at.offsetMs === 0 ? 3_600_000 : 0 }
        const journeys = random.poisson(Math.max(1, blocks) * (mean / 12) * (look > 20 ? 0.4 : 1))
        const tick: BeforeAfterTick = {
          ...{ ...at, atMs: block * BLOCK_MS + random.below(BLOCK_MS), requests: 2 * journeys },
          ...{ served: random.below(5) === 0 ? 0 : journeys, isOpen: random.below(9) !== 0 },
          ...(hours.per ? { journeys: random.binomial(journeys, 0.2), per: journeys } : { journeys }),
        }
        const looked = lookBack(subject, state, tick)
        state = looked.state
        const { sentence, caveat, judgement, figures, isNew } = looked.finding
        said.push([judgement.kind, sentence, caveat, figures, isNew])
      }
      const { hours: known, ...rest } = state
      const values = [known.until, known.values.slice(-40), known.per?.slice(-40)]
      return plain({
        name,
        metric: subject.metric ?? null,
        said: said.filter((_, at) => at % 4 === 3),
        rest,
        values,
      })
    }),
  )
}

/** What one tick does that comes so many blocks later, by a clock so much ahead. */
export function pinnedGaps(): unknown[] {
  const random = seeded('gaps', 1)
  const hours = pastOf(random, 500, 50, 0)
  const limits = { maxDropPercent: 30, level: 40 }
  const tickAt = (block: number, offsetMs: number): BeforeAfterTick => ({
    ...{ atMs: block * BLOCK_MS, offsetMs, generation: 1, isOpen: true },
    ...{ requests: 30, journeys: 4, served: 9, per: 4 },
  })
  const start = UNTIL * 12 + 5
  const first = stepBeforeAfter(limits, stateAfter(hours, start * BLOCK_MS), tickAt(start, 0))
  const before = stepBeforeAfter(limits, first, tickAt(start + 1, 0))
  const gaps = [1, 2, 7, 12, 24, 25, 26, 27, 12 * 336, 12 * (2 * WEEK_HOURS + 1), 12 * (2 * WEEK_HOURS + 2)]
  const shifts = [0, 1, -1, 1.5, 2, -2, 2.01, -2.01]
  const of = (blocks: number, shift: number) => {
    const tick = tickAt(start + 1 + blocks, shift * 3_600_000)
    const { hours, ...after } = stepBeforeAfter(limits, before, tick)
    return plain({ blocks, shift, after, hours: [hours.until, hours.values.length, hours.values.slice(-4)] })
  }
  return [...gaps.map((blocks) => of(blocks, 0)), ...shifts.flatMap((shift) => [of(1, shift), of(7, shift)])]
}
