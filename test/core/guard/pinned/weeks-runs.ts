/**
 * Pinned runs of flags without a split, which are compared with the weeks before: noisy sites with a past hour by hour, and
 * days that are counted in blocks of five minutes.
 */
import { murmur3 } from '../../../../src/core/flags/murmur3.ts'
import type { BeforeAfterState } from '../../../../src/core/guard/before-after/before-after.ts'
import type { MetricLook } from '../../../../src/core/guard/before-after/judge.ts'
import { type GuardSettings, judgeBeforeAfter } from '../../../../src/core/guard/index.ts'
import { type Random, seeded } from '../../../../test-kit/simulation/random.ts'
import { BLOCKS_OF_DAY, SETTINGS, START_MS, usual, VERDICT } from '../before-after/site.ts'
import { plain, rounded } from './pinned.ts'

const BLOCK_MS = 300_000

/** What is true of a block. */
type Truth = {
  /** Of what is usual. */
  journeys?: number
  orders?: number
  signups?: number
  isOn?: boolean
  /** No tick comes. */
  isSilent?: boolean
  generation?: number
  offsetMs?: number
}

export type WeeksRun = {
  name: string
  /** Journeys of a block on average. */
  size: number
  /** Days of the past, and what was true of them; off unless it says so. */
  past: { days: number; truth?: (day: number, random: Random) => Truth }
  days: number
  truth: (hour: number) => Truth
  traffic?: Partial<GuardSettings['traffic']>
  action?: GuardSettings['action']
  lines?: readonly MetricLook['line'][]
}

const LINES: readonly MetricLook['line'][] = [
  { metric: 'order', maxDropPercent: 30, action: 'rollback' },
  { metric: 'signup', maxDropPercent: 25, action: 'signal' },
]

export const WEEKS_RUNS: readonly WeeksRun[] = [
  {
    ...{ name: 'a steady site that loses a third of its journeys', size: 60, past: { days: 30 }, days: 2 },
    truth: (hour) => ({ isOn: hour >= 3, journeys: hour >= 30 ? 0.6 : 1 }),
  },
  {
    ...{ name: 'a site of few, then of more', size: 0.05, past: { days: 36 }, days: 2 },
    truth: (hour) => ({ isOn: true, journeys: hour > 20 ? 40 : 1 }),
  },
  {
    ...{ name: 'a site whose days differ', size: 40, days: 2 },
    past: { days: 29, truth: (_, random) => ({ journeys: 0.4 + 1.2 * random.next() }) },
    truth: () => ({ isOn: true }),
  },
  {
    ...{ name: 'a young site that learns', size: 40, past: { days: 14 }, days: 3 },
    truth: (hour) => ({ isOn: true, journeys: hour > 50 ? 0.3 : 1 }),
  },
  {
    ...{ name: 'a week of holidays, a crowd, and a quiet day before', size: 50, days: 3 },
    past: {
      days: 35,
      truth: (day) => ({
        journeys: day > 20 && day < 28 ? 0.5 : day === 31 ? 2 : day === 34 ? 0.7 : 1,
        isOn: day > 28,
      }),
    },
    truth: (hour) => ({ isOn: true, journeys: hour > 40 ? 0.9 : 0.75, generation: hour > 12 ? 2 : 1 }),
  },
  {
    ...{ name: 'clocks that change, silence, and time off', size: 50, past: { days: 30 }, days: 4 },
    truth: (hour) => ({
      ...{ isOn: hour < 30 || hour > 37, offsetMs: hour < 20 ? 0 : hour < 60 ? 3_600_000 : 0 },
      ...{ isSilent: hour >= 44 && hour < 47, journeys: hour > 80 ? 0.5 : 1 },
    }),
  },
  {
    ...{ name: 'a clock of another place', size: 50, past: { days: 20 }, days: 1 },
    truth: (hour) => ({ isOn: true, offsetMs: hour < 10 ? 0 : 9 * 3_600_000 }),
  },
  {
    ...{ name: 'orders per journey that fall, and sign-ups', size: 60, past: { days: 29 }, days: 3 },
    truth: (hour) => ({
      isOn: hour > 1,
      journeys: hour < 24 ? 1 : 0.5,
      orders: hour > 36 ? 0.45 : 1,
      signups: hour > 9 ? 0.5 : 1,
    }),
    ...{ traffic: { maxDropPercent: null }, lines: LINES },
  },
  {
    ...{ name: 'journeys and orders, which only freeze', size: 30, past: { days: 29 }, days: 2 },
    truth: (hour) => ({ isOn: true, journeys: hour > 24 ? 0.4 : 1.1, orders: hour > 12 ? 0.9 : 1 }),
    ...{ action: 'freeze', lines: LINES.map((line) => ({ ...line, action: 'freeze' as const })) },
  },
]

const LOOK_EVERY_HOURS = 8

const hashed = (value: unknown) => murmur3(JSON.stringify(value, rounded) ?? '', 0).toString(36)
const partsOf = (state: BeforeAfterState | undefined) =>
  Object.fromEntries(Object.entries(state ?? {}).map(([part, value]) => [part, hashed(value)]))

/** What a run has to show, every few hours. */
export function pinnedWeeks(run: WeeksRun): unknown[] {
  const settings = {
    ...{ ...SETTINGS, action: run.action ?? SETTINGS.action },
    traffic: { ...SETTINGS.traffic, ...run.traffic },
  }
  const random = seeded(run.name, 1)
  const lines = run.lines ?? []
  let state: BeforeAfterState | undefined
  let states: (BeforeAfterState | undefined)[] = lines.map(() => undefined)
  const signals: string[] = []
  const step = (block: number, blocks: number, truth: Truth) => {
    const { journeys = 1, orders = 1, signups = 1, isOn = false, generation = 1, offsetMs = 0 } = truth
    let mean = 0
    for (let each = block; each < block + blocks; each++) mean += (usual(each) * 12 * run.size) / 1_000
    const had = random.poisson(mean * journeys)
    const events = lines.map((_, at) => random.binomial(had, 0.1 * (at === 0 ? orders : signups)))
    const judged = judgeBeforeAfter(
      settings,
      state,
      {
        ...{ atMs: START_MS + block * BLOCK_MS + 1_000, offsetMs, generation, isOpen: isOn },
        ...{ requests: 3 * had, journeys: had, served: isOn ? 3 * had : 0 },
      },
      VERDICT,
      lines.map((line, at) => ({ line, before: states[at], events: events[at] ?? 0 })),
    )
    state = judged.state
    states = judged.metrics.map((each) => each.state)
    signals.push(...judged.metrics.flatMap(({ signal }) => signal ?? []))
    return judged.verdict
  }
  const first = BLOCKS_OF_DAY * run.past.days
  for (let day = 0, truth: Truth = {}; day < run.past.days; day++) {
    truth = run.past.truth?.(day, random) ?? {}
    for (let hour = 0; hour < 24; hour++) step(BLOCKS_OF_DAY * day + 12 * hour, 12, truth)
  }
  const seen: unknown[] = []
  for (let block = 0; block < BLOCKS_OF_DAY * run.days; block++) {
    const hour = Math.floor(block / 12)
    const truth = run.truth(hour)
    if (truth.isSilent) continue
    const { kind, sentence, beforeAfter } = step(first + block, 1, truth)
    if ((block + 1) % (12 * LOOK_EVERY_HOURS) !== 0) continue
    const parts = [state, ...states].map(partsOf)
    seen.push(plain({ hour: hour + 1, kind, sentence, beforeAfter, parts, signals: [...signals] }))
  }
  return seen
}
