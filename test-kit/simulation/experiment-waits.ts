/** How long experiments are said to take, and how long they take: sites whose visitors come by hours and weekdays. */
import type { Arrivals } from '../../src/core/metrics/arrivals.ts'
import { judge } from '../../src/core/metrics/judge/judge.ts'
import type { JudgeSpec } from '../../src/core/metrics/judge-types.ts'
import type { Comparison } from '../../src/core/metrics/results.ts'
import { type Random, seeded } from './random.ts'

const HOUR_MS = 3_600_000
const START_MS = 1_790_000_000_000
const MOST_HOURS = 60 * 24
const MOST_FOLLOWED = 131_072
/** Shares of the time that a site usually takes, after which someone asks how long it still takes. */
export const ASKED_AT = [0.1, 0.25, 0.5, 0.75] as const

export type WaitSite = {
  what: string
  /** Visitors an hour, on average. */
  visitors: number
  rate: number
  /** How many times as many of the variant's visitors convert. */
  effect: number
  /** How much visitors swing within a day and within a week (0–1). */
  day: number
  week: number
  /** Hours from the visit to the conversion, on average. */
  delayHours: number
}

/** What was told at an hour, in hours. */
type Told = { about: number; from: number; to: number }
export type WaitRun = { hours: number; told: readonly (Told | undefined)[] }

/** Runs an experiment until it is decided. */
export function runWait(site: WaitSite, spec: JudgeSpec, random: Random): WaitRun | undefined {
  const arms = [0, 1].map(() => ({ visitors: 0, converted: 0, waiting: 0 }))
  let counts: number[] = []
  let [followed, share] = [0, 1]
  const told: (Told | undefined)[] = []
  for (let hour = 1; hour <= MOST_HOURS; hour++) {
    const swing = (1 + site.day * Math.sin(hour / 3.82)) * (1 + site.week * Math.sin(hour / 26.74))
    let come = 0
    for (const [at, arm] of arms.entries()) {
      const visitors = poisson((site.visitors * swing * share) / 2, random)
      come += visitors
      arm.visitors += visitors
      arm.waiting += poisson(visitors * site.rate * (at === 1 ? site.effect : 1), random)
      const due = site.delayHours === 0 ? arm.waiting : Math.round(arm.waiting / (site.delayHours + 1))
      arm.converted += due
      arm.waiting -= due
    }
    counts.push(come)
    followed += come
    if (followed > MOST_FOLLOWED) {
      share /= 2
      followed /= 2
      counts = counts.map((count) => count / 2)
    }
    const arrivals: Arrivals = {
      counts: counts.slice(-192),
      slotMs: HOUR_MS,
      room: MOST_FOLLOWED - followed,
      most: MOST_FOLLOWED,
    }
    const comparison = lookAt(arms, { ...spec, arrivals }, hour)
    if (comparison?.word !== 'undecided') return { hours: hour, told }
    if (spec.measures.metrics[0]?.guard === undefined && isAsNarrow(comparison)) return { hours: hour, told }
    const { etaMs = Infinity, etaRangeMs: [from, to] = [Infinity, Infinity] } = comparison
    told.push({ about: etaMs / HOUR_MS, from: (from ?? Infinity) / HOUR_MS, to: (to ?? Infinity) / HOUR_MS })
  }
  return undefined
}

function lookAt(arms: readonly { visitors: number; converted: number }[], spec: JudgeSpec, hour: number) {
  const variants = arms.map(({ visitors, converted }, at) => ({
    variant: at === 0 ? 'control' : 'variant',
    visitors,
    metrics: [{ nonzero: converted, sum: converted, sumOfSquares: converted }],
  }))
  const kept = { visitors: 0, bytes: 0, share: 1, mixed: 0, refused: {} }
  const summaries = { generation: 1, stage: 0, sinceMs: START_MS, variants, caps: [null], kept }
  return judge(undefined, summaries, spec, START_MS + hour * HOUR_MS).results.metrics[0]?.comparisons[0]
}

const isAsNarrow = ({ low, high }: Comparison) => low !== null && high !== null && high - low <= 0.1

function poisson(mean: number, random: Random): number {
  if (mean > 40) {
    const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal))
  }
  const least = Math.exp(-mean)
  let count = 0
  for (let product = random.next(); product > least; product *= random.next()) count++
  return count
}

export type Asked = Told & { left: number }
export type Waits = { runs: number; hours: readonly number[]; told: readonly Asked[] }

/** Experiments of one site, each asked how long still after the same times. */
export function waitsOf(
  site: WaitSite,
  marginPercent: number | undefined,
  runs: number,
  seed: string,
): Waits {
  const spec = specOf(marginPercent)
  const done = Array.from({ length: runs }, (_, run) =>
    runWait(site, spec, seeded(`${seed} ${site.what}`, run)),
  )
  const hours = done.map((run) => run?.hours ?? Infinity).toSorted((a, b) => a - b)
  const median = hours[Math.floor(runs / 2)] ?? 0
  const told = ASKED_AT.flatMap((part) => {
    const at = Math.max(1, Math.round(part * median))
    return done.flatMap((run) => {
      const each = run?.told[at - 1]
      return each === undefined || run === undefined ? [] : [{ left: run.hours - at, ...each }]
    })
  })
  return { runs, hours, told }
}

function specOf(marginPercent: number | undefined): JudgeSpec {
  const guard = marginPercent === undefined ? undefined : { marginPercent, action: 'signal' as const }
  const metric = { name: 'order', type: 'conversion', better: 'higher', role: 'primary' } as const
  const measures = {
    metrics: [{ ...metric, guard, cap: undefined, windowMs: null, definition: '' }],
    ...{
      variants: ['control', 'variant'],
      control: 'control',
      inside: new Map(),
      outside: undefined,
      stages: 1,
    },
  }
  return { flag: 'f', measures, shares: [0.5, 0.5], guardAlpha: 0.01, unproven: 0 }
}
