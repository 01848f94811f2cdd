/** An enemy with some networks beside the visitors of a site: what they close, what they hide, and what the rule against them costs. */
import { NETWORK_GROUPS } from '../../src/core/counters/networks.ts'
import { judge } from '../../src/core/metrics/judge/judge.ts'
import type { JudgeSpec } from '../../src/core/metrics/judge-types.ts'
import { Totals } from '../../src/core/metrics/ledger/totals.ts'
import type { Metric } from '../../src/core/metrics/spec.ts'
import { percentile } from '../../test-kit/report/percentiles.ts'
import { type Random, seeded } from '../../test-kit/simulation/random.ts'
import type { MetricsReport } from './report.ts'

/** Honest visitors and the enemy's a second. */
const [HONEST, ENEMY] = [20, 12]
const SHARE = 0.25
const RATE = 0.1
const LOOK_SECONDS = 5
const GROWTH = 1.03
/** Two carriers have a fifth of the visitors each, the others come from 5,000 networks by Zipf's law. */
const CARRIERS = 0.4
const HOMES = 5_000

type Row = {
  what: string
  /** Of orders, for the canary. */
  effect: number
  /** How many networks the enemy has; 0: there is none. */
  enemy: number
  /** What they do: with ids of one variant alone. */
  sends?: { variant: 'off' | 'on'; orders: boolean; perSecond?: number }
  /** Whether the judge knows networks. */
  known?: boolean
  runs: number
  visitors: number
  most?: number
  least?: number
}
const ORDERS = { variant: 'off', orders: true } as const
const ROWS: readonly Row[] = [
  { what: 'healthy; one network orders as control', effect: 1, enemy: 1, sends: ORDERS },
  { what: 'healthy; two networks do', effect: 1, enemy: 2, sends: ORDERS },
  {
    ...{ what: 'healthy; one orders as control, once a second', effect: 1, enemy: 1 },
    sends: { ...ORDERS, perSecond: 1 },
  },
  {
    ...{ what: 'healthy; one does every third second', effect: 1, enemy: 1 },
    sends: { ...ORDERS, perSecond: 1 / 3 },
  },
  {
    ...{ what: 'healthy; one visits as control, and never orders', effect: 1, enemy: 1 },
    sends: { variant: 'off', orders: false } as const,
  },
].map((row) => ({ ...row, runs: 40, visitors: 20_000, most: 0.01 }))
const BY_NONE: readonly Row[] = [
  {
    what: 'healthy; one orders as control, no network known',
    effect: 1,
    enemy: 1,
    sends: ORDERS,
    known: false,
  },
  { what: 'healthy; three order as control', effect: 1, enemy: 3, sends: ORDERS },
].map((row) => ({ ...row, runs: 20, visitors: 20_000 }))
const FALLS: readonly Row[] = [
  { what: 'orders 20 % below, no network known', enemy: 0, known: false },
  { what: 'orders 20 % below', enemy: 0 },
  {
    what: 'orders 20 % below; one visits as control',
    enemy: 1,
    sends: { variant: 'off', orders: false } as const,
  },
  {
    what: 'orders 20 % below; one orders as the canary',
    enemy: 1,
    sends: { variant: 'on', orders: true } as const,
  },
].map((row) => ({ ...row, effect: 0.8, runs: 20, visitors: 400_000, least: 0.9 }))

export function enemyRows(runsOf: (full: number) => number, seed: string): MetricsReport['enemies'] {
  return [...ROWS, ...BY_NONE, ...FALLS].map((row) => {
    const found = Array.from({ length: runsOf(row.runs) }, (_, run) =>
      visitorsUntil(row, seeded(`${seed} enemies`, run)),
    )
    const { what, most, least } = row
    const target = { ...(most !== undefined && { most }), ...(least !== undefined && { least }) }
    const rolledBack = found.filter((visitors) => visitors < Infinity).length
    return { what, ...target, runs: found.length, rolledBack, median: percentile(found, 0.5) }
  })
}

/** Honest visitors until the canary is rolled back; Infinity where it never is. */
function visitorsUntil(row: Row, random: Random): number {
  const { effect, enemy, sends, known = true, visitors: most } = row
  const variants = ['off', 'on']
  const totals = new Totals(variants, [0])
  const come = (variant: number, network: number, orders: boolean) => {
    const dealt = { variant, group: known ? 1 + (network % NETWORK_GROUPS) : 0 }
    totals.addVisitors(dealt, 1, 1)
    if (orders) totals.change(dealt, 0, 0, 1)
  }
  const enemies = Array.from({ length: enemy }, () => random.below(1e9))
  let visitors = 0
  let next = HONEST * LOOK_SECONDS
  while (visitors < most) {
    for (; visitors < next; visitors++) {
      const isOn = random.next() < SHARE
      come(isOn ? 1 : 0, networkOf(random), random.next() < (isOn ? RATE * effect : RATE))
      for (const each of enemies)
        if (sends !== undefined && random.next() < (sends.perSecond ?? ENEMY) / HONEST / enemy)
          come(variants.indexOf(sends.variant), each, sends.orders)
    }
    const seen = { ...SUMMARIES, variants: totals.summaries() }
    if (judge(undefined, seen, SPEC, 1).findings.length > 0) return visitors
    next = Math.max(visitors + HONEST * LOOK_SECONDS, Math.ceil(visitors * GROWTH))
  }
  return Infinity
}

function networkOf(random: Random): number {
  if (random.next() < CARRIERS) return random.below(2)
  return 2 + Math.floor(HOMES ** random.next())
}

const METRIC: Metric = {
  ...{ name: 'order', type: 'conversion', better: 'higher', role: 'guard', definition: '' },
  ...{ cap: undefined, windowMs: null, guard: { marginPercent: 5, action: 'rollback' } },
}
const SPEC: JudgeSpec = {
  ...{ flag: 'f', shares: [1 - SHARE, SHARE], guardAlpha: 0.01, unproven: 0 },
  measures: {
    ...{ metrics: [METRIC], variants: ['off', 'on'], control: 'off' },
    ...{ inside: new Map(), outside: undefined, stages: 1 },
  },
}
const SUMMARIES = {
  ...{ generation: 1, stage: 0, sinceMs: 1, caps: [null] },
  kept: { visitors: 0, bytes: 0, share: 1, mixed: 0, refused: {} },
}
