import { describe, expect, it } from 'vitest'
import type { Arrivals } from '../../../../src/core/metrics/arrivals.ts'
import { metricAlphas, periodWeight } from '../../../../src/core/metrics/judge/alpha.ts'
import { judge } from '../../../../src/core/metrics/judge/judge.ts'
import type { JudgeSpec, JudgeState } from '../../../../src/core/metrics/judge-types.ts'
import type { Measures, Metric } from '../../../../src/core/metrics/spec.ts'
import type { MetricSums, Summaries } from '../../../../src/core/metrics/summary.ts'

const DAY_MS = 86_400_000
const START = 1_790_000_000_000

const metric = (name: string, parts: Partial<Metric> = {}): Metric => ({
  name,
  type: 'conversion',
  better: 'higher',
  role: 'secondary',
  guard: undefined,
  cap: undefined,
  windowMs: null,
  definition: name,
  ...parts,
})
const ORDER = metric('order', { role: 'primary', guard: { marginPercent: 5, action: 'rollback' } })

function specOf(metrics: readonly Metric[], parts: Partial<JudgeSpec> = {}): JudgeSpec {
  const measures: Measures = {
    metrics,
    variants: ['off', 'on'],
    control: 'off',
    inside: new Map([['on', 1]]),
    outside: 'off',
    stages: 1,
  }
  return {
    flag: 'f',
    measures,
    shares: [0.5, 0.5],
    guardAlpha: 0.01,
    unproven: 3,
    refused: { repeated: 2, late: 1 },
    ...parts,
  }
}

const converted = (nonzero: number): MetricSums => ({ nonzero, sum: nonzero, sumOfSquares: nonzero })

function summaries(
  arms: Record<string, [visitors: number, ...metrics: MetricSums[]]>,
  parts: Partial<Summaries> = {},
): Summaries {
  return {
    generation: 1,
    stage: 0,
    sinceMs: START,
    variants: Object.entries(arms).map(([variant, [visitors, ...metrics]]) => ({
      variant,
      visitors,
      metrics,
    })),
    caps: [null, null],
    kept: { visitors: 1, bytes: 2, share: 1, mixed: 0, refused: { repeated: 4 } },
    ...parts,
  }
}

const look = (off: [number, number], on: [number, number], parts: Partial<Summaries> = {}) =>
  summaries({ off: [off[0], converted(off[1])], on: [on[0], converted(on[1])] }, parts)

/** Visitors who came evenly, all of whom are followed. */
function steady(visitors: number, days: number): Arrivals {
  const counts = new Array<number>(24 * days).fill(visitors / (24 * days))
  return { counts, slotMs: DAY_MS / 24, room: 10_000_000, most: 10_000_000 }
}

function judged(seen: Summaries, spec = specOf([ORDER]), state?: JudgeState) {
  return judge(state, seen, spec, START + DAY_MS)
}

describe('a conversion', () => {
  it.each([
    ['a fifth lower', [100_000, 5_000], [100_000, 4_000], 'worse', 1],
    ['a fifth higher', [100_000, 5_000], [100_000, 6_000], 'better', 0],
    ['the same, with many visitors', [800_000, 40_000], [800_000, 40_000], 'not worse', 0],
    ['the same, with few visitors', [10_000, 500], [10_000, 500], 'undecided', 0],
    ['of no one yet', [10_000, 0], [10_000, 0], 'undecided', 0],
    ['of no visitors', [0, 0], [0, 0], 'undecided', 0],
  ] as const)('that is %s', (_, off, on, word, findings) => {
    const found = judged(look([...off], [...on]))
    expect(found.results.metrics[0]?.comparisons[0]?.word).toBe(word)
    expect(found.findings).toHaveLength(findings)
  })

  it('of no visitors has no mean, and no interval', () => {
    const { results } = judged(look([0, 0], [10, 1]))
    expect(results.metrics[0]?.variants).toMatchObject([
      { variant: 'off', visitors: 0, converted: 0, total: 0, mean: null, low: null, high: null },
      { variant: 'on', visitors: 10, converted: 1, total: 1, mean: 0.1 },
    ])
  })

  it('shows rates and the difference, with intervals around them', () => {
    const { results } = judged(look([100_000, 5_000], [100_000, 4_000]))
    const [shown] = results.metrics
    expect(shown?.variants).toMatchObject([
      { variant: 'off', visitors: 100_000, converted: 5_000, total: 5_000, mean: 0.05 },
      { variant: 'on', visitors: 100_000, converted: 4_000, total: 4_000, mean: 0.04 },
    ])
    const { relative, low, high } = shown?.comparisons[0] ?? {}
    expect(relative).toBeCloseTo(-0.2, 10)
    expect(low).toBeGreaterThan(-0.28)
    expect(low).toBeLessThan(-0.24)
    expect(high).toBeGreaterThan(-0.16)
    expect(high).toBeLessThan(-0.12)
    expect(shown).toMatchObject({ role: 'primary', alpha: 0.05, marginPercent: 5, action: 'rollback' })
    expect(results).toMatchObject({
      flag: 'f',
      generation: 1,
      sinceMs: START,
      atMs: START + DAY_MS,
      control: 'off',
      kept: { unproven: 3, refused: { repeated: 6, late: 1 } },
    })
  })

  it('that should be low is worse when it is high', () => {
    const tickets = metric('tickets', {
      better: 'lower',
      guard: { marginPercent: 10, action: 'freeze' },
    })
    const high = judged(look([100_000, 2_000], [100_000, 3_000]), specOf([tickets]))
    expect(high.results.metrics[0]?.comparisons[0]?.word).toBe('worse')
    expect(high.findings).toMatchObject([{ metric: 'tickets', variant: 'on', action: 'freeze' }])
    expect(high.findings[0]?.sentence).toBe(
      'tickets of on is more than 10 % above that of off: rate 3 % against 2 %; chance of that by luck below 0.015 %.',
    )
    const low = judged(look([100_000, 3_000], [100_000, 2_000]), specOf([tickets]))
    expect(low.results.metrics[0]?.comparisons[0]?.word).toBe('better')
    expect(low.findings).toEqual([])
  })

  it('is worse, and within the margin, without a finding', () => {
    const { findings, results } = judged(look([4_000_000, 400_000], [4_000_000, 392_000]))
    expect(results.metrics[0]?.comparisons[0]?.word).toBe('worse')
    expect(findings).toEqual([])
  })
})

describe('a guard line', () => {
  it('says nothing of fewer than 20 visitors of a canary', () => {
    const at = (visitors: number) => {
      const share = visitors / (10_000 + visitors)
      return judged(look([10_000, 9_000], [visitors, 0]), specOf([ORDER], { shares: [1 - share, share] }))
    }
    expect(at(19)).toMatchObject({ findings: [], results: { split: { word: 'ok' } } })
    expect(at(19).results.metrics[0]?.comparisons[0]).toMatchObject({ relative: null, word: 'undecided' })
    expect(at(20).findings).toHaveLength(1)
    expect(at(20).results.metrics[0]?.comparisons[0]).toMatchObject({ relative: -1, word: 'worse' })
  })

  it('that is crossed before the interval tells is said with its own evidence', () => {
    const { findings, results } = judged(look([122, 50], [125, 12]))
    const [comparison] = results.metrics[0]?.comparisons ?? []
    expect(comparison).toMatchObject({ word: 'worse' })
    expect(comparison?.high).toBeGreaterThan(0)
    expect(findings[0]?.sentence).toBe(
      'order of on is more than 5 % below that of off: rate 9.6 % against 41 %; chance of that by luck below 0.015 %.',
    )
    expect(comparison?.sentence).toMatch(
      /^order of on is 77 % lower than that of off: worse, as the guard's test found it more than 5 % below \(interval: between \d+ % lower and \S+ % higher\)\.$/,
    )
    expect(results.sentence).toBe(
      "off is better by order: on is 77 % lower; the guard's test found it more than 5 % below.",
    )
  })

  it('says that stages before have added to it', () => {
    const spec = { ...specOf([ORDER]), guardAlpha: 0.01 }
    const staged = { ...spec, measures: { ...spec.measures, stages: 2 } }
    const first = judge(undefined, look([100_000, 5_000], [100_000, 4_000]), staged, START)
    const next = judge(first.state, look([200, 10], [200, 10], { stage: 1 }), staged, START)
    expect(next.findings[0]?.sentence).toContain(
      'rate 5 % against 5 % in this stage, added to those before; chance',
    )
  })

  it('stays crossed until the next generation', () => {
    const first = judged(look([100_000, 5_000], [100_000, 4_000]))
    expect(first.findings[0]?.evidence.pValue).toBeLessThan(0.000_15)
    const better = look([200_000, 10_000], [200_000, 10_500])
    expect(judged(better, undefined, first.state).findings).toHaveLength(1)
    expect(judged({ ...better, generation: 2 }, undefined, first.state).findings).toEqual([])
  })

  it('is crossed at its part of α, divided among lines and variants', () => {
    const seen = look([100_000, 5_000], [100_000, 4_480])
    const pValueOf = (spec: JudgeSpec) => {
      const found = judged(seen, { ...spec, guardAlpha: 60 })
      return found.findings[0]?.evidence.pValue ?? 1
    }
    const alone = pValueOf(specOf([ORDER]))
    expect(alone).toBeGreaterThan(0)
    expect(judged(seen, specOf([ORDER], { guardAlpha: (alone / 0.015) * 1.001 })).findings).toHaveLength(1)
    expect(judged(seen, specOf([ORDER], { guardAlpha: (alone / 0.015) * 0.999 })).findings).toEqual([])
    const other = metric('other', { guard: { marginPercent: 5, action: 'rollback' } })
    const seenOther = summaries({
      off: [100_000, converted(5_000), converted(0)],
      on: [100_000, converted(4_480), converted(0)],
    })
    const spec = specOf([ORDER, other], { guardAlpha: 60 })
    expect(judged(seenOther, spec).findings[0]?.evidence.pValue).toBeCloseTo(2 * alone, 12)
  })

  it('adds up the evidence of stages with weights that come to 1', () => {
    const spec = specOf([ORDER])
    const staged = { ...spec, measures: { ...spec.measures, stages: 2 }, guardAlpha: 0.5 }
    const pValueOf = (seen: Summaries, state?: JudgeState) => {
      const found = judge(state, seen, staged, START + DAY_MS)
      return { p: found.findings[0]?.evidence.pValue ?? 1, state: found.state }
    }
    const bad = look([50_000, 2_500], [50_000, 2_100])
    const first = pValueOf(bad)
    const even = look([10, 0], [10, 0], { stage: 1 })
    const second = pValueOf(even, first.state)
    // The evidence of stage 0 stays, that of stage 1 is 1.
    expect(1 / second.p).toBeCloseTo(1 / first.p + 0.45, 6)
    const weights = Array.from({ length: 60 }, (_, period) => periodWeight(period, 3))
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9)
  })

  it('of a metric that is defined anew begins anew, and counts those who came since', () => {
    const bad = judged(look([100_000, 5_000], [100_000, 4_000]))
    expect(bad.findings).toHaveLength(1)
    const since = START + 1_000
    const anew = (begunMs: readonly number[]) =>
      summaries(
        {
          off: [100_000, { visitors: 1_000, ...converted(50) }],
          on: [100_000, { visitors: 900, ...converted(45) }],
        },
        { begunMs },
      )
    const next = judged(anew([since]), specOf([ORDER]), bad.state)
    expect(next.findings).toEqual([])
    expect(next.state).toMatchObject({ crossed: [], begunMs: { order: since } })
    expect(next.results.metrics[0]).toMatchObject({
      sinceMs: since,
      variants: [
        { visitors: 1_000, mean: 0.05 },
        { visitors: 900, mean: 0.05 },
      ],
      series: [{ atMs: START + DAY_MS }],
    })
    expect(next.results.variants[0]?.visitors).toBe(100_000)
    // What it has found since stays, until it is defined once more.
    const worse = {
      off: [9, { visitors: 9e5, ...converted(45_000) }],
      on: [9, { visitors: 9e5, ...converted(30_000) }],
    }
    const found = judged(summaries(worse as never, { begunMs: [since] }), specOf([ORDER]), next.state)
    expect(found.findings).toHaveLength(1)
    expect(judged(anew([since]), specOf([ORDER]), found.state).findings).toHaveLength(1)
    expect(judged(anew([since + 1_000]), specOf([ORDER]), found.state).findings).toEqual([])
    expect(judged(look([100_000, 5_000], [100_000, 5_000])).results.metrics[0]).not.toHaveProperty('sinceMs')
  })

  it('begins a new period where the shares change', () => {
    const spec = specOf([ORDER])
    const first = judged(look([1_000, 50], [1_000, 50]), spec)
    const next = judged(look([1_000, 50], [1_000, 50]), { ...spec, shares: [0.75, 0.25] }, first.state)
    expect([first.state.periods, next.state.periods]).toEqual([0, 1])
    expect(judged(look([1_000, 50], [1_000, 50]), spec, first.state).state.periods).toBe(0)
  })

  it('says nothing while visitors are not split as planned', () => {
    const { findings, results } = judged(look([100_000, 5_000], [80_000, 3_200]))
    expect(findings).toEqual([])
    expect(results.split.word).toBe('broken')
    expect(results.metrics[0]?.comparisons[0]?.word).toBe('undecided')
    expect(results.sentence).toContain('Visitors are not split as planned')
  })

  it('says nothing where a stage has no visitors on the canary', () => {
    const { findings, results } = judged(look([100_000, 5_000], [0, 0]), specOf([ORDER], { shares: [1, 0] }))
    expect(findings).toEqual([])
    expect(results.metrics[0]?.comparisons[0]).toMatchObject({ low: null, high: null, word: 'undecided' })
  })
})

describe('a sum', () => {
  const revenue = metric('revenue', { type: 'sum', guard: { marginPercent: 5, action: 'signal' } })
  const sums = (nonzero: number, mean: number): MetricSums => ({
    nonzero,
    sum: nonzero * mean,
    sumOfSquares: nonzero * (mean * mean + 400),
  })
  const seen = (mean: number, cap: number | null) =>
    summaries({ off: [100_000, sums(5_000, 50)], on: [100_000, sums(5_000, mean)] }, { caps: [cap] })

  it('is compared once its cap is known', () => {
    const unknown = judged(seen(30, null), specOf([revenue]))
    expect(unknown.findings).toEqual([])
    expect(unknown.results.metrics[0]?.comparisons[0]).toMatchObject({ low: null, word: 'undecided' })
    const known = judged(seen(30, 500), specOf([revenue]))
    expect(known.findings).toMatchObject([{ action: 'signal' }])
    expect(known.results.metrics[0]).toMatchObject({ cap: 500 })
    const given = judged(seen(30, null), specOf([{ ...revenue, cap: 400 }]))
    expect(given.findings).toHaveLength(1)
    expect(given.results.metrics[0]).toMatchObject({ cap: 400 })
  })

  it('of a canary that sells nothing is worse, though no interval can be given', () => {
    const nothing = summaries({ off: [20_000, sums(1_000, 50)], on: [20_000, sums(0, 0)] }, { caps: [500] })
    const { findings, results } = judged(nothing, specOf([revenue]))
    expect(findings).toHaveLength(1)
    expect(results.metrics[0]?.comparisons[0]).toMatchObject({ relative: -1, low: null, word: 'worse' })
  })

  it('that should be low, and of which control has none, is worse when the canary has some', () => {
    const tickets = metric('tickets', {
      type: 'count',
      better: 'lower',
      guard: { marginPercent: 20, action: 'rollback' },
    })
    const some = summaries({ off: [20_000, sums(0, 0)], on: [20_000, converted(800)] })
    const { findings, results } = judged(some, specOf([tickets]))
    expect(findings).toHaveLength(1)
    expect(results.metrics[0]?.comparisons[0]).toMatchObject({
      relative: null,
      word: 'worse',
      sentence: 'tickets of on is worse: off has none.',
    })
    const few = summaries({ off: [20_000, sums(0, 0)], on: [20_000, converted(299)] })
    expect(judged(few, specOf([tickets])).findings).toEqual([])
  })

  it('of few visitors is not', () => {
    const few = summaries({ off: [100_000, sums(5_000, 50)], on: [2_000, sums(100, 10)] }, { caps: [500] })
    const { findings, results } = judged(few, specOf([revenue], { shares: [0.98, 0.02] }))
    expect(findings).toEqual([])
    expect(results.metrics[0]?.comparisons[0]?.low).toBeNull()
    expect(results.metrics[0]?.variants[1]).toMatchObject({ mean: 0.5, low: null })
  })
})

describe('an early look', () => {
  const revenue = metric('revenue', { type: 'sum', cap: 500 })
  const few = (nonzero: number) => ({ nonzero, sum: 50 * nonzero, sumOfSquares: 4_000 * nonzero })
  const at = (nonzero: number, visitors: number, days = 1) => {
    const seen = summaries({ off: [visitors, few(nonzero)], on: [visitors, few(nonzero)] })
    const spec = specOf([revenue], { arrivals: steady(2 * visitors, days) })
    return judge(undefined, seen, spec, START + days * DAY_MS).results
  }

  it('at a sum tells how long still, also where too few have bought to say anything', () => {
    const [comparison] = at(120, 3_000).metrics[0]?.comparisons ?? []
    expect(comparison).toMatchObject({ word: 'undecided', low: null, high: null })
    expect(comparison?.etaMs).toBeGreaterThan(2 * DAY_MS)
    // 150 must have bought at the least, which takes half a day more, where that decides.
    const apart = {
      off: [3_000, few(100)],
      on: [3_000, { ...few(100), sum: 60_000, sumOfSquares: 40_000_000 }],
    }
    const spec = specOf([revenue], { arrivals: steady(6_000, 1) })
    const big = judged(summaries(apart as never), spec).results.metrics[0]?.comparisons[0]
    expect(big?.etaMs).toBe(DAY_MS / 2)
    expect(at(120, 3_000).sentence).toMatch(
      /too few visitors to say how sure that is\. About \d+ more days at this rate .*, until a difference of 5 % would show\.$/,
    )
    expect(at(19, 500).metrics[0]?.comparisons[0]).not.toHaveProperty('wait')
  })

  it('says nothing where any ratio is possible', () => {
    const wild = { nonzero: 200, sum: 5_000, sumOfSquares: 5_000_000 }
    const { results } = judged(summaries({ off: [250, wild], on: [250, wild] }), specOf([revenue]))
    expect(results.metrics[0]?.comparisons[0]).toMatchObject({ low: null, high: null, word: 'undecided' })
    expect(results.metrics[0]?.series).toEqual([])
  })

  it('at sums of tenths has no dust of doubles', () => {
    const tenths = { nonzero: 3, sum: 0.1 + 0.2, sumOfSquares: 0.05 }
    const { results } = judged(summaries({ off: [3, tenths], on: [3, tenths] }), specOf([revenue]))
    expect(results.metrics[0]?.variants[0]).toMatchObject({ total: 0.3, mean: 0.1 })
  })
})

describe('words', () => {
  it.each([
    ['one visitor and none', [0, 0], [1, 1]],
    ['one variant without visitors', [5_000, 400], [0, 0]],
    ['nineteen visitors', [5_000, 400], [19, 3]],
    ['nine conversions', [5_000, 5], [5_000, 4]],
  ] as const)('say that it is too early at %s', (_, off, on) => {
    const { results } = judged(look([...off], [...on]), specOf([ORDER], { shares: [0.5, 0.5] }))
    const [comparison] = results.metrics[0]?.comparisons ?? []
    expect(comparison).toMatchObject({ relative: null, low: null, high: null, word: 'undecided' })
    expect(comparison).not.toHaveProperty('etaMs')
    if (results.split.word !== 'broken')
      expect(results.sentence).toBe('Too early to compare on with off by order.')
  })

  it('say something from 20 visitors and 10 conversions on, and no bound that tells nothing', () => {
    const [least] = judged(look([20, 5], [20, 5])).results.metrics[0]?.comparisons ?? []
    expect(least).toMatchObject({ relative: 0, low: expect.any(Number), high: expect.any(Number) })
    expect(least?.sentence).toMatch(
      /^order of on is between \d+ % lower and \d+ % higher compared with off\.$/,
    )
  })

  it('say no more than what is known of few', () => {
    expect(judged(look([20, 6], [20, 4])).results.sentence).toMatch(
      /^Undecided by order: on is 33 % lower than off so far, (?!at least).* \(95 % sure at every look\)\.$/,
    )
    // Of one that no one knows the upper end of, the lower is a bound, and not how low it is.
    const open = judged(look([1_000, 1], [1_000, 16])).results
    expect(open.metrics[0]?.comparisons[0]?.sentence).not.toMatch(/at least \d+ % lower/)
  })

  it('say how long still, until what, and what is excluded', () => {
    const spec = specOf([ORDER], { arrivals: steady(100_000, 1) })
    const { results } = judged(look([50_000, 2_500], [50_000, 2_550]), spec)
    expect(results.metrics[0]?.comparisons[0]).toMatchObject({
      word: 'undecided',
      wait: 'about 10 more hours at this rate',
      why: 'About 10 more hours at this rate (3 h to 2 d in two of three cases), until a difference shows or more than 5 % lower is excluded.',
      sentence:
        'order of on is between 6.3 % lower and 11 % higher compared with off: a difference of more than 11 % either way is ruled out.',
    })
    expect(results.sentence).toBe(
      'Undecided by order: on is 2 % higher than off so far, between 6.3 % lower and 11 % higher (95 % sure at every look). About 10 more hours at this rate (3 h to 2 d in two of three cases), until a difference shows or more than 5 % lower is excluded.',
    )
  })

  it('name the better variant, by how much and how sure', () => {
    const { results } = judged(look([100_000, 5_000], [100_000, 6_000]))
    expect(results.sentence).toMatch(
      /^on is better than off by order: 20 % higher, between 1\d % and 2\d % higher \(95 % sure at every look\)\.$/,
    )
    const fine = judged(look([800_000, 40_000], [800_000, 40_400])).results
    expect(fine.sentence).toMatch(
      /^Not more than 5 % worse by order: on is 1 % higher than off so far, between \S+ % lower and \S+ % higher \(95 % sure at every look\)\.$/,
    )
    const worse = judged(look([100_000, 5_000], [100_000, 4_000])).results
    expect(worse.sentence).toMatch(/^off is better by order: on is 20 % lower, between/)
  })

  it('say that a split is fine, or too small to tell', () => {
    expect(judged(look([100, 5], [100, 5])).results.split.word).toBe('collecting')
    expect(judged(look([10_000, 5], [10_000, 5])).results.split).toEqual({
      word: 'ok',
      sentence:
        'Visitors are split as planned. 20,000 visitors: off 50 % (planned 50 %), on 50 % (planned 50 %).',
    })
  })
})

describe('several variants', () => {
  const abc = (parts: Partial<JudgeSpec> = {}): JudgeSpec => {
    const spec = specOf([metric('order', { role: 'primary' })], { shares: [0.4, 0.3, 0.3], ...parts })
    return { ...spec, measures: { ...spec.measures, variants: ['a', 'b', 'c'], control: 'a' } }
  }
  const seen = summaries({
    c: [90_000, converted(4_500)],
    a: [120_000, converted(4_800)],
    b: [90_000, converted(3_600)],
  })

  it('are compared with control each, never merged', () => {
    const { results } = judge(undefined, seen, abc(), START + DAY_MS)
    expect(results.metrics[0]?.comparisons.map(({ variant, word }) => [variant, word])).toEqual([
      ['b', 'undecided'],
      ['c', 'better'],
    ])
    expect(results.variants.map(({ variant }) => variant)).toEqual(['a', 'b', 'c'])
    expect(results.sentence).toContain('c is better than a by order: 25 % higher')
  })

  it('are led by the undecided one that is furthest on the good side', () => {
    const near = (b: number, c: number, better: 'higher' | 'lower' = 'higher') => {
      const spec = abc({ measures: abc().measures })
      const measures = { ...spec.measures, metrics: [metric('order', { role: 'primary', better })] }
      const arms = { a: [1_200, converted(48)], b: [900, converted(b)], c: [900, converted(c)] } as const
      return judge(undefined, summaries(arms as never), { ...spec, measures }, START).results.sentence
    }
    expect(near(36, 40)).toMatch(/^Undecided by order: c is/)
    expect(near(40, 36)).toMatch(/^Undecided by order: b is/)
    expect(near(40, 36, 'lower')).toMatch(/^Undecided by order: c is/)
  })

  it('have wider intervals than two', () => {
    const width = (results: ReturnType<typeof judge>['results']) => {
      const { low, high } = results.metrics[0]?.comparisons.find(({ variant }) => variant === 'b') ?? {}
      return (high ?? 0) - (low ?? 0)
    }
    const three = judge(undefined, seen, abc(), START).results
    const spec = abc({ shares: [4 / 7, 3 / 7] })
    const two = judge(
      undefined,
      { ...seen, variants: seen.variants.filter(({ variant }) => variant !== 'c') },
      { ...spec, measures: { ...spec.measures, variants: ['a', 'b'] } },
      START,
    ).results
    expect(width(three)).toBeGreaterThan(width(two))
  })
})

describe('the probability of a false alarm', () => {
  it('is half for the primary metric, the rest alike', () => {
    expect(metricAlphas([metric('a', { role: 'primary' })])).toEqual([0.05])
    expect(metricAlphas([metric('a', { role: 'primary' }), metric('b'), metric('c')])).toEqual([
      0.025, 0.0125, 0.0125,
    ])
    expect(metricAlphas([metric('a', { role: 'guard' }), metric('b', { role: 'guard' })])).toEqual([
      0.025, 0.025,
    ])
  })
})

describe('the series', () => {
  it('is bounded, and reaches from the beginning to now', () => {
    let state: JudgeState | undefined
    for (let minute = 0; minute < 5_000; minute++) {
      const visitors = 100 * (minute + 1)
      const seen = look([visitors, visitors / 20], [visitors, visitors / 20])
      const found = judge(state, seen, specOf([ORDER]), START + minute * 60_000)
      state = JSON.parse(JSON.stringify(found.state)) as JudgeState
    }
    const points = state?.series.order?.points ?? []
    expect(points.length).toBeGreaterThan(80)
    expect(points.length).toBeLessThanOrEqual(200)
    expect(points.at(-1)?.atMs).toBeGreaterThan(START + 4_900 * 60_000)
    expect(points[0]?.atMs).toBeLessThan(START + 120 * 60_000)
    expect(JSON.stringify(state).length).toBeLessThan(30_000)
  })
})
