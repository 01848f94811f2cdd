/**
 * Pinned arithmetic of metrics (`test/vectors/metrics/judge.json`): each function at and around its limits, and whole looks of the
 * judge at flags by seed. When a change of it is wanted: `node test/vectors/make.ts`, and read in the diff what it moves.
 */
import { type Arrivals, arrivalsOf, timeUntil } from '../../../../src/core/metrics/arrivals.ts'
import { hasValueFor } from '../../../../src/core/metrics/entries.ts'
import { metricAlphas, periodWeight } from '../../../../src/core/metrics/judge/alpha.ts'
import {
  type Arm,
  areDealt,
  armInterval,
  isEarly,
  lnGuardEvidence,
  relativeOf,
  wordOf,
} from '../../../../src/core/metrics/judge/compare.ts'
import { judge } from '../../../../src/core/metrics/judge/judge.ts'
import {
  labelsReach,
  lnEvidence,
  lnEvidenceBeyond,
  rateInterval,
  ratioInterval,
} from '../../../../src/core/metrics/judge/labels.ts'
import {
  factorToEnough,
  isEnough,
  lnMeanEvidenceBeyond,
  meanInterval,
  meanOf,
  meanRatioInterval,
  meansReach,
  type Sample,
} from '../../../../src/core/metrics/judge/means.ts'
import { lnHeld, standingOf } from '../../../../src/core/metrics/judge/networks.ts'
import {
  comparisonSentence,
  findingSentence,
  overallSentence,
  splitResult,
} from '../../../../src/core/metrics/judge/sentences.ts'
import { noted } from '../../../../src/core/metrics/judge/series.ts'
import { crossing, lnBeta, lnGamma, normalBelow } from '../../../../src/core/metrics/judge/special.ts'
import { lnSplitEvidence } from '../../../../src/core/metrics/judge/split.ts'
import { waitOf } from '../../../../src/core/metrics/judge/wait.ts'
import { waitWords } from '../../../../src/core/metrics/judge/wait-words.ts'
import type { JudgeSpec, JudgeState } from '../../../../src/core/metrics/judge-types.ts'
import type { Comparison, MetricResult } from '../../../../src/core/metrics/results.ts'
import { exposedAs, type Measures, type Metric, sharesOf } from '../../../../src/core/metrics/spec.ts'
import {
  type ArmSums,
  addedUp,
  type MetricSums,
  type Summaries,
} from '../../../../src/core/metrics/summary.ts'
import { type Random, seeded } from '../../../../test-kit/simulation/random.ts'

/** Seven digits, and a word for what JSON has none for. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, each: unknown) => {
      if (typeof each !== 'number') return each
      return Number.isFinite(each) ? Number(each.toPrecision(7)) : String(each)
    }),
  )

const pick = <T>(random: Random, ...from: readonly T[]): T => from[random.below(from.length)] as T

const metric = (parts: Partial<Metric>): Metric => ({
  ...{
    name: 'order',
    type: 'conversion',
    better: 'higher',
    role: 'primary',
    guard: undefined,
    cap: undefined,
  },
  ...{ windowMs: null, definition: '' },
  ...parts,
})
const sample = (visitors: number, nonzero: number, sum: number, sumOfSquares: number): Sample => ({
  ...{ visitors, nonzero, sum, sumOfSquares },
})
const NONE = sample(0, 0, 0, 0)
const [JUST, FEW, SHORT] = [
  sample(200, 150, 300, 800),
  sample(199, 150, 300, 800),
  sample(200, 149, 300, 800),
]
const MANY = sample(5_000, 4_000, 12_000, 60_000)
const LESS = sample(4_900, 3_500, 9_000, 45_000)
const WILD = sample(900, 200, 260, 90_000)

export function pinnedMeans(): unknown[] {
  const one = [NONE, sample(1, 1, 5, 25), sample(2, 2, 6, 20), JUST, FEW, SHORT, MANY, WILD].map((each) => ({
    ...{ of: each, mean: meanOf(each), isEnough: isEnough(each) },
    intervals: [0.05, 0.001].map((alpha) => meanInterval(each, alpha)),
  }))
  const pairs = [
    ...[
      [JUST, JUST],
      [JUST, FEW],
      [SHORT, JUST],
      [MANY, MANY],
      [LESS, MANY],
      [MANY, LESS],
      [WILD, MANY],
    ],
    ...[
      [MANY, WILD],
      [sample(400, 60, 100, 300), sample(400, 240, 700, 3_000)],
      [sample(300, 299, 299, 299), MANY],
    ],
    ...[
      [sample(500, 500, 500, 500), sample(500, 500, 500, 500)],
      [sample(300, 200, 0.001, 0.001), LESS],
    ],
  ] as [Sample, Sample][]
  const two = pairs.map(([variant, control], pair) => ({
    ...{
      pair,
      interval: meanRatioInterval(variant, control, 0.01),
      factor: factorToEnough(variant, control),
    },
    beyond: [0.95, 1.05, 0.5].map((margin) =>
      lnMeanEvidenceBeyond(variant, control, { margin, alpha: 0.001 }),
    ),
    reach: [1, 3].map((factor) => meansReach(variant, control).reach(factor, 0.05)),
  }))
  return [...one, ...two].map(plain)
}

export function pinnedLabels(): unknown[] {
  const labels = [
    ...[
      [0, 0, 0.5],
      [1, 0, 0.5],
      [0, 1, 0.5],
      [5, 5, 0.5],
      [40, 60, 0.5],
      [600, 500, 0.5],
      [90, 900, 0.1],
    ],
    ...[
      [1, 99, 0.01],
      [5_000, 1, 0.5],
      [0, 40_000, 0.3],
      [30_000, 0, 0.3],
    ],
  ] as [number, number, number][]
  const ratios = labels.map(([variant, control, share]) => ({
    ...{
      of: [variant, control, share],
      ln: [0.5, 1, 2].map((r) => lnEvidence({ variant, control, share }, r)),
    },
    intervals: [0.05, 0.001].map((alpha) => ratioInterval({ variant, control, share }, alpha)),
    beyond: [0.9, 0.95, 1.1].map((margin) => lnEvidenceBeyond({ variant, control, share }, margin)),
  }))
  const rates = [
    [0, 0],
    [0, 10],
    [10, 10],
    [1, 10],
    [500, 10_000],
  ] as [number, number][]
  const intervals = rates.map(([converted, visitors]) => ({
    ...{
      of: [converted, visitors],
      intervals: [0.05, 0.001].map((alpha) => rateInterval(converted, visitors, alpha)),
    },
  }))
  const reach = [1, 50, 4_000].map((converted) => {
    const { error, reach } = labelsReach(converted, 0.3)
    return { converted, error, reach: [1, 2, 50].map((factor) => reach(factor, 0.01)) }
  })
  return [...ratios, ...intervals, ...reach].map(plain)
}

export function pinnedNumbers(): unknown[] {
  const primary = metric({})
  const secondary = metric({ name: 'a', role: 'secondary' })
  return [
    { lnGamma: [0.5, 1, 2, 3.7, 10, 1_000, 1e6].map(lnGamma), lnBeta: [lnBeta(0.5, 0.5), lnBeta(3, 40)] },
    { normalBelow: [-6, -1, -0.1, 0, 0.1, 1, 6].map(normalBelow) },
    {
      crossing: [crossing((x) => x - 0.3, 0, 1), crossing((x) => x ** 3 - 5, -4, 9), crossing(() => 1, 2, 8)],
    },
    {
      split: [
        lnSplitEvidence([0, 0], [0.5, 0.5]),
        lnSplitEvidence([500, 500], [0.5, 0.5]),
        lnSplitEvidence([600, 400], [0.5, 0.5]),
        lnSplitEvidence([90, 900, 10], [0.1, 0.9, 0]),
        lnSplitEvidence([90, 900, 0], [0.1, 0.9, 0]),
        lnSplitEvidence([90], [0.1, 0.9]),
      ],
    },
    {
      alphas: [[], [primary], [secondary], [primary, secondary, secondary], [secondary, secondary]].map(
        metricAlphas,
      ),
    },
    { weights: [0, 1, 2, 3, 4, 7].map((period) => [1, 3].map((planned) => periodWeight(period, planned))) },
    {
      held: [-2, 0, 1, 2, 8].flatMap((rest) =>
        [-1, 0, 1, 4 * rest - 0.01, 4 * rest, 4 * rest + Math.log(8), 4 * rest + Math.log(8) + 0.01, 60].map(
          (all) => lnHeld(all, rest),
        ),
      ),
    },
  ].map(plain)
}

const armOf = (
  visitors: number,
  nonzero: number,
  share: number,
  sum = 2 * nonzero,
  squares = 6 * nonzero,
): Arm => ({
  ...{ visitors, nonzero, share, sum, sumOfSquares: squares },
})

export function pinnedComparisons(): unknown[] {
  const guard = { marginPercent: 5, action: 'rollback' } as const
  const metrics = [
    metric({ guard }),
    metric({ better: 'lower', guard: { ...guard, marginPercent: 20 } }),
    metric({ type: 'count' }),
    metric({ type: 'sum', better: 'lower', guard }),
  ]
  const pairs: [Arm, Arm][] = [
    ...(
      [
        [19, 20],
        [20, 19],
        [20, 20],
      ] as const
    ).map(([a, b]): [Arm, Arm] => [armOf(a, 9, 0.5), armOf(b, 8, 0.5)]),
    ...[4, 5].map((n): [Arm, Arm] => [armOf(50, n, 0.5), armOf(50, 5, 0.5)]),
    [armOf(400, 180, 0.5), armOf(400, 200, 0.5)],
    [armOf(9_000, 3_000, 0.3), armOf(21_000, 9_000, 0.7)],
    [armOf(900, 0, 0.5), armOf(900, 300, 0.5)],
    [armOf(900, 300, 0.5), armOf(900, 0, 0.5)],
    [armOf(900, 300, 0), armOf(900, 300, 1)],
    [armOf(400, 160, 0.5, 160, 160), armOf(400, 200, 0.5, 200, 200)],
  ]
  const words = [-0.2, -0.05, -0.01, 0, 0.01, null].flatMap((low) =>
    [-0.1, 0, 0.05, 0.2, null].map((high) =>
      metrics.map((each) => wordOf(each, { relative: 0, low, high }, false)).join(),
    ),
  )
  const counts = (number: number, each: number) => new Array<number>(number).fill(each)
  const arrivals: Arrivals[] = [
    { counts: counts(200, 30), slotMs: 3_600_000, room: 20_000, most: 40_000 },
    { counts: counts(23, 9), slotMs: 60_000, room: 1e6, most: 1e6 },
    { counts: [1], slotMs: 59_999, room: 1e6, most: 1e6 },
    { counts: [1], slotMs: 60_000, room: 1e6, most: 1e6 },
    { counts: counts(30, 0), slotMs: 60_000, room: 1e6, most: 1e6 },
  ]
  const compared = metrics.flatMap((of, at) =>
    pairs.map((pair, number) => {
      const [variant, control] = pair
      const wait = arrivals.map((each) =>
        waitOf(of, pair, { relative: -0.03 * number, alpha: 0.02, arrivals: each, visitors: 3_000 }),
      )
      const asked = { alpha: 0.02, isCapped: number !== 5 }
      const own = armInterval(of, variant, 0.01)
      return {
        ...{ at, number, early: isEarly(of, pair), dealt: areDealt(variant, control), own },
        ...{ found: relativeOf(of, pair, asked), ln: lnGuardEvidence(of, pair, asked), wait },
        said: wait[0] && waitWords(of, wait[0]),
      }
    }),
  )
  return [{ words }, ...compared].map(plain)
}

export function pinnedArrivals(): unknown[] {
  const seconds = [0, 0, 10, 59, 60, 61, 3_599, 3_600, 7_200, 90_000, 700_000]
  const visitors = { size: seconds.length, secondOf: (number: number) => seconds[number] ?? 0 }
  const times = [0, 1, 60_000, 3_600_000, 86_400_000, 86_400_001, 700_000_000]
  const found = times.map((nowMs) => arrivalsOf(visitors, { sinceMs: 0, nowMs, most: 100 }))
  const short = { counts: [3, 0, 5], slotMs: 1_000, room: 10, most: 16 }
  const day = Array.from({ length: 25 }, (_, n) => n % 4)
  const week = Array.from({ length: 168 }, (_, n) => n % 24)
  const until = [
    short,
    { ...short, counts: day },
    { ...short, counts: week },
    { ...short, counts: [...week, 9] },
  ].map((each) => [0, 1, 3, 4, 8, 10, 11, 18, 19, 26, 30, 160, 161, 1e6].map((more) => timeUntil(more, each)))
  const measures: Measures = {
    ...{ metrics: [], variants: ['off', 'on', 'blue'], control: 'off', stages: 1, outside: 'off' },
    inside: new Map([
      ['on', 0.5],
      ['blue', 0.25],
      ['off', 0.25],
    ]),
  }
  const shares = [-1, 0, 10, 100, 150].flatMap((percentage) => [
    sharesOf(measures, percentage),
    sharesOf({ ...measures, outside: undefined }, percentage),
    sharesOf({ ...measures, inside: new Map() }, percentage),
  ])
  const exposed = (['canary', 'control', 'other'] as const).flatMap((arm) =>
    ['on', 'red'].map((variant) => exposedAs(measures, { variant, placement: { arm } }) ?? null),
  )
  return [...found, { until }, { shares }, { exposed }].map(plain)
}

/** Sums of a variant by group of networks; some groups convert as no one else does. */
function sumsOf(
  random: Random,
  visitors: number,
  rates: readonly number[],
  types: readonly Metric[],
): ArmSums {
  const of = (rate: number, { type }: Metric): MetricSums => {
    const nonzero = random.binomial(visitors, rate)
    if (type === 'conversion') return { nonzero, sum: nonzero, sumOfSquares: nonzero }
    const sum = nonzero * 3 + random.below(1 + nonzero)
    return { nonzero, sum, sumOfSquares: 12 * sum }
  }
  return { visitors, metrics: types.map((each, at) => of(rates[at] ?? 0, each)) }
}

const LOOKS = [
  'plain',
  'three variants',
  'networks',
  'an enemy',
  'an office',
  'broken',
  'sums',
  'stages',
  'late metric',
]

/** A flag by seed, look by look; its visitors grow, and so does what two networks do. */
export function pinnedLooks(): unknown[] {
  return LOOKS.flatMap((kind, index) => {
    const random = seeded(kind, 3)
    const variants = kind === 'three variants' ? ['off', 'on', 'blue'] : ['off', 'on']
    const metrics = [
      metric({ guard: { marginPercent: 5 + index, action: pick(random, 'rollback', 'freeze', 'signal') } }),
      metric({ name: 'spent', type: kind === 'sums' ? 'sum' : 'count', role: 'secondary', better: 'lower' }),
      metric({
        name: 'left',
        role: 'guard',
        better: 'lower',
        guard: { marginPercent: 10, action: 'signal' },
      }),
    ]
    const measures: Measures = {
      ...{ metrics, variants, control: 'off', inside: new Map([['on', 1]]), outside: 'off' },
      stages: kind === 'stages' ? 2 : 1,
    }
    const shares = variants.length === 3 ? [0.5, 0.3, 0.2] : [0.6, 0.4]
    const isGrouped = ['networks', 'an enemy', 'an office'].includes(kind)
    let state: JudgeState | undefined
    const sums = variants.map(() => Array.from({ length: 32 }, () => sumsOf(random, 0, [], metrics)))
    return Array.from({ length: 7 }, (_, at) => {
      const size = 12 * 3 ** at
      for (const [number, arms] of sums.entries()) {
        const bad = number === 0 ? 1 : at > 2 ? 0.6 : 0.95
        const groups = kind === 'an office' ? [4, 9] : isGrouped ? [1, 2, 3, 8, 17, 30, 31] : [0]
        for (const group of groups) {
          const isEnemy = kind === 'an enemy' && (group === 3 || group === 8) && number === 1
          const share = (shares[number] ?? 0) * (kind === 'broken' && number === 1 ? 2 : isEnemy ? 5 : 1)
          const rates = isEnemy ? [0, 0.9, 0.9] : [0.3 * bad, 0.5, 0.1 / bad]
          const more = sumsOf(random, random.poisson((size * share) / groups.length), rates, metrics)
          arms[group] = addedUp([arms[group] ?? more, more], metrics.length)
        }
      }
      const summaries: Summaries = {
        ...{
          generation: at === 6 ? 2 : 1,
          stage: kind === 'stages' ? Math.floor(at / 2) : 0,
          sinceMs: at === 0 ? 0 : 5,
        },
        variants: sums.map((arms, number) => ({
          ...{ variant: variants[number] ?? '', ...addedUp(arms, metrics.length) },
          ...(isGrouped && { groups: arms }),
        })),
        caps: [null, kind === 'sums' && at < 3 ? null : 90, null],
        ...(kind === 'late metric' && { begunMs: [0, 77, at > 3 ? 99 : 0] }),
        kept: { visitors: size, bytes: 9, share: 1, mixed: 2, refused: { repeated: 4 } },
      }
      const spec: JudgeSpec = {
        ...{ flag: 'f', measures, shares, guardAlpha: 0.05, unproven: 3, refused: { repeated: 2, late: 1 } },
        arrivals: { counts: new Array<number>(30).fill(size), slotMs: 60_000, room: 9_000, most: 20_000 },
      }
      const { findings, results, state: next } = judge(state, summaries, spec, 1e12 + at * 7_000)
      state = next
      const { now, before, crossed, periods } = next
      const said = results.metrics.map(({ variants, comparisons, series, cap, sinceMs, alpha }) => ({
        ...{
          alpha,
          cap,
          sinceMs,
          points: series.length,
          means: variants.map(({ mean, low }) => [mean, low]),
        },
        comparisons: comparisons.map(({ sentence, why, ...rest }) => [
          sentence,
          why,
          rest.word,
          rest.low,
          rest.high,
        ]),
      }))
      const { sentence, split, kept, variants: visitors } = results
      return plain({
        kind,
        at,
        sentence,
        split,
        kept,
        visitors,
        now,
        before,
        crossed,
        periods,
        findings,
        said,
      })
    })
  })
}

/** Who takes part where a split is odd, with few and with enough visitors left. */
export function pinnedStandings(): unknown[] {
  const arms = (rows: readonly (readonly number[])[]) =>
    rows.map((visitors, number) => {
      const groups = visitors.map((each): ArmSums => ({ visitors: each, metrics: [] }))
      return { variant: `v${number}`, ...addedUp(groups, 0), groups }
    })
  const cases = [
    [
      [0, 0],
      [0, 0],
    ],
    [
      [0, 400, 400],
      [0, 400, 400],
    ],
    [
      [0, 900, 100],
      [0, 100, 100],
    ],
    [
      [0, 900, 100, 100],
      [0, 100, 100, 100],
    ],
    [
      [0, 900, 900, 100, 100],
      [0, 100, 100, 100, 100],
    ],
    [
      [0, 2_000, 50, 50],
      [0, 10, 50, 50],
    ],
    [
      [0, 2_000, 49, 50],
      [0, 10, 50, 50],
    ],
    [
      [0, 1_780, 50, 49],
      [0, 1, 50, 50],
    ],
    [
      [0, 900, 900, 900, 100],
      [0, 100, 100, 100, 100],
    ],
    [
      [500, 0],
      [100, 0],
    ],
  ] as const
  return cases.map((rows, at) => {
    const { isBroken, aside, arms: left } = standingOf(arms(rows), [0.5, 0.5])
    return plain({ at, isBroken, aside, left: left.map(({ visitors }) => visitors) })
  })
}

/** A series that fills up. */
export function pinnedSeries(): unknown[] {
  let series: ReturnType<typeof noted> | undefined
  const sizes: unknown[] = []
  const comparison = {
    variant: 'on',
    against: 'off',
    relative: 0.123456,
    low: -0.5,
    high: null,
    word: 'undecided',
  }
  for (let at = 0; at < 700; at++) {
    series = noted(
      series,
      at % 50 === 7 ? [] : [{ ...comparison, sentence: '' } as never],
      at * 9_999 + (at % 3),
    )
    if (at % 20 === 0) sizes.push([series.points.length, series.gapMs, series.points.at(-1)?.atMs])
  }
  return sizes.map(plain)
}

const at = <T>(list: readonly T[], index: number): T => list[index % list.length] as T

/** Comparisons of all kinds: lists of coprime lengths, so that each value meets each other one. */
function comparisons(count: number): Comparison[] {
  const [words, relatives] = [
    ['better', 'worse', 'not worse', 'undecided'],
    [-0.05, 0.0004, 0.0005, 0.3, null],
  ] as const
  const lows = [-1.2, -1, -0.6, -0.05, 0, 0.03, null]
  const highs = [-0.01, 0, 0.0004, 0.05, 0.99, 1, 1.01, null, 2.5]
  return Array.from({ length: count }, (_, n) => ({
    ...{
      variant: n % 2 === 0 ? 'on' : 'blue',
      against: 'off',
      word: at(words, n),
      relative: at(relatives, n),
    },
    ...{ low: at(lows, n), high: at(highs, n), sentence: `sentence ${n}` },
    ...(n % 3 === 0 && { wait: `wait ${n}`, why: `Why ${n}.` }),
  }))
}

export function pinnedSentences(): unknown[] {
  const guard = { marginPercent: 7, action: 'signal' } as const
  const metrics = [
    metric({ guard }),
    metric({ better: 'lower', type: 'count', guard }),
    metric({ type: 'sum', guard }),
  ]
  const compared = comparisons(180).map((each, n) => [n, comparisonSentence(at(metrics, n), each)])
  const findings = metrics.flatMap((of) =>
    [
      [0.1, 0.4],
      [0, null],
      [null, 12.3456],
    ].map(([one = null, two = null], n) => {
      const evidence = { means: [one, two], level: 0.000_15, isAddedUp: n === 1 } as const
      return findingSentence(of, { variant: 'on', against: 'off' }, evidence)
    }),
  )
  const splits = [0, 1, 499, 500].flatMap((visitors) =>
    [0, 3].map((aside) => {
      const arms = ['off', 'on'].map((variant) => ({ variant, visitors }))
      return splitResult(arms, [0.5, 0.5], { isBroken: visitors === 1, aside })
    }),
  )
  const split = splitResult([], [], { isBroken: false, aside: 0 })
  const results = (list: Comparison[], n: number): MetricResult[] => [
    {
      ...{ name: 'order', type: 'conversion', better: n % 2 === 0 ? 'higher' : 'lower', role: 'primary' },
      ...{ alpha: 0.025, marginPercent: 7, variants: [], comparisons: list, series: [] },
    },
  ]
  const all = comparisons(180)
  const overall = all.map((each, n) => [n, overallSentence(results([each], n), split, 'off')])
  const pairs = all.map((each, n) => {
    const other = at(all, 7 * n + 3)
    return [n, overallSentence(results([each, { ...other, variant: 'green' }], n), split, 'off')]
  })
  const none = [overallSentence([], split, 'off'), overallSentence(results([], 0), split, 'off')]
  const values = ['sum', 'count'] as const
  const valid = values.map((type) =>
    [undefined, -0.01, 0, 1e9, 1e9 + 1, Number.NaN].map((value) => hasValueFor(type, value)),
  )
  return [...compared, ...findings, ...splits, ...overall, ...pairs, none, valid]
}
