/** A site whose visitors are dealt two or three variants, buy, come back, and buy again; with known truths. */
import type { Summaries } from '../../src/core/metrics/summary.ts'
import type { Random } from '../../test-kit/simulation/random.ts'

export type Site = {
  name: string
  /** Shares of the variants, control first. */
  shares: readonly number[]
  visitors: number
  days: number
  /** Share of control's visitors who order. */
  rate: number
  /** How many times as many order in each other variant, by the time passed (0–1). */
  effect(passed: number): number
  /** How much the rate of orders swings within a week (0–1). */
  week: number
  /** Mean days from the first visit to the order. */
  delayDays: number
  /** The probability of another order after each, as far away again. */
  again: number
  /** The value of an order. */
  value(random: Random): number
  /** What a visitor adds at most. */
  cap: number
}

export type Look = {
  summaries: Summaries
  nowMs: number
  /** Visitors so far. */
  visitors: number
  /** The ratio of the expected rates so far. */
  ratio: number
}

type Visitor = { arm: number; total: number }
type Sums = { nonzero: number; sum: number; sumOfSquares: number }
type Arm = { visitors: number; orders: Sums; revenue: Sums }

const START_MS = 1_790_000_000_000
const DAY_MS = 86_400_000
/** Looks come as often as 4 % more visitors have been here: never is one skipped that matters. */
const GROWTH = 1.04
const FIRST_LOOK = 100

/** Numbers of visitors after which someone looks. */
function looksOf(visitors: number): number[] {
  const looks: number[] = []
  for (let at = FIRST_LOOK; at < visitors; at = Math.ceil(at * GROWTH)) looks.push(at)
  return [...looks, visitors]
}

const emptySums = (): Sums => ({ nonzero: 0, sum: 0, sumOfSquares: 0 })

/** Runs a site and shows it at each look, until `onLook` says that it is enough. */
export function runSite(site: Site, random: Random, onLook: (look: Look) => boolean): void {
  const { shares, rate, days, visitors: all } = site
  const arms = shares.map((): Arm => ({ visitors: 0, orders: emptySums(), revenue: emptySums() }))
  const looks = looksOf(all)
  const due: Visitor[][] = looks.map(() => [])
  const expected = { variant: 0, control: 0 }
  let look = 0
  for (let number = 1; number <= all; number++) {
    const passed = number / all
    const arm = armOf(shares, random)
    const own = arms[arm] as Arm
    own.visitors++
    const now = rate * (1 + site.week * Math.sin((2 * Math.PI * passed * days) / 7))
    const effect = site.effect(passed)
    expected.control += now
    expected.variant += now * effect
    if (random.next() < (arm === 0 ? now : now * effect)) {
      const visitor = { arm, total: 0 }
      let atDay = passed * days
      do {
        atDay += -Math.log(1 - random.next()) * site.delayDays
        const when = looks.findIndex((count) => count >= (atDay / days) * all, look)
        if (when >= 0) due[Math.max(when, look)]?.push(visitor)
      } while (random.next() < site.again)
    }
    if (number !== looks[look]) continue
    for (const visitor of due[look] ?? []) order(arms[visitor.arm] as Arm, visitor, site, random)
    const seen = { nowMs: START_MS + passed * days * DAY_MS, visitors: number }
    if (onLook({ ...seen, summaries: summariesOf(arms), ratio: expected.variant / expected.control })) return
    look++
  }
}

function armOf(shares: readonly number[], random: Random): number {
  let draw = random.next()
  for (let arm = 0; arm < shares.length - 1; arm++) {
    draw -= shares[arm] ?? 0
    if (draw < 0) return arm
  }
  return shares.length - 1
}

function order(arm: Arm, visitor: Visitor, { value, cap }: Site, random: Random): void {
  if (visitor.total === 0) {
    arm.orders.nonzero++
    arm.orders.sum++
    arm.orders.sumOfSquares++
    arm.revenue.nonzero++
  }
  const before = Math.min(cap, visitor.total)
  visitor.total += value(random)
  const after = Math.min(cap, visitor.total)
  arm.revenue.sum += after - before
  arm.revenue.sumOfSquares += after * after - before * before
}

export const VARIANTS = ['control', 'variant', 'third']

function summariesOf(arms: readonly Arm[]): Summaries {
  return {
    generation: 1,
    stage: 0,
    sinceMs: START_MS,
    variants: arms.map(({ visitors, orders, revenue }, at) => ({
      variant: VARIANTS[at] ?? '',
      visitors,
      metrics: [{ ...orders }, { ...revenue }],
    })),
    caps: [null, null],
    kept: { visitors: 0, bytes: 0, share: 1, mixed: 0, refused: {} },
  }
}

const normal = (random: Random) =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())

/** Values of orders, with what 99.5 % of them stay below. */
export const VALUES = {
  /** The median order is 20, one in a hundred above 200. */
  logNormal: {
    value: (random: Random) => 20 * Math.exp(normal(random)),
    cap: 20 * Math.exp(2.576),
  },
  /** Without a variance: one order in 1,000 is above 2,000. */
  pareto: {
    value: (random: Random) => 20 * (1 - random.next()) ** (-1 / 1.5),
    cap: 20 * 0.005 ** (-1 / 1.5),
  },
}
