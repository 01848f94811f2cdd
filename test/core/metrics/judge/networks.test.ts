/** Enemies with one, two and three networks: what they send must neither close a healthy canary nor keep a bad one open. */
import { describe, expect, it } from 'vitest'
import { judge } from '../../../../src/core/metrics/judge/judge.ts'
import { lnHeld, standingOf } from '../../../../src/core/metrics/judge/networks.ts'
import { Ledger } from '../../../../src/core/metrics/ledger/ledger.ts'
import type { Measures, Metric, MetricAction } from '../../../../src/core/metrics/spec.ts'
import { addedUp } from '../../../../src/core/metrics/summary.ts'

const START = 1_790_000_000_000
const common = { better: 'higher', windowMs: null, definition: '' } as const
const order = (action: MetricAction, marginPercent: number): Metric => ({
  ...{ ...common, name: 'order', type: 'conversion', role: 'primary', cap: undefined },
  guard: { marginPercent, action },
})
const revenue: Metric = {
  ...{ ...common, name: 'revenue', type: 'sum', role: 'secondary', cap: 500, guard: undefined },
}

/** A ledger of a flag at 25 %, whose visitors come from the groups of networks named, in turn. */
function shop(action: MetricAction = 'rollback', marginPercent = 5) {
  const metrics = [order(action, marginPercent), revenue]
  const place = { generation: 1, stage: 0, variant: 'on' }
  const ledger = new Ledger({ ...place, variants: ['off', 'on'], metrics })
  const measures: Measures = {
    ...{ metrics, variants: ['off', 'on'], control: 'off' },
    ...{ inside: new Map([['on', 1]]), outside: 'off', stages: 1 },
  }
  let last = 0
  const come = (variant: string, visitors: number, orders: number, groups: readonly number[]) => {
    for (let n = 0; n < visitors; n++) {
      const at = { ...place, flag: 'f', variant, position: ++last, atMs: START }
      const group = groups[(n + Math.floor(n / groups.length)) % groups.length] ?? 0
      ledger.expose({ ...at, group })
      // Evenly among the groups.
      if (Math.floor(((n + 1) * orders) / visitors) === Math.floor((n * orders) / visitors)) continue
      for (const metric of ['order', 'revenue']) ledger.record({ ...at, metric, value: 20 + (n % 7), id: 0 })
    }
  }
  const judged = (shares = [0.75, 0.25]) => {
    const spec = { flag: 'f', measures, shares, guardAlpha: 0.01, unproven: 0 }
    const { findings, results } = judge(undefined, ledger.summaries(), spec, START + 60_000)
    const words = results.metrics.map(({ comparisons }) => comparisons[0]?.word)
    return { findings, results, words, split: results.split.word }
  }
  return { come, judged }
}
const EVERYWHERE = Array.from({ length: 30 }, (_, group) => group + 1)
const ONE = [7]
const TWO = [7, 19]
const UNKNOWN = [31]
const THREE = [7, 19, 23]

describe.each([
  ['one network', ONE],
  ['two networks', TWO],
  ['an unknown network', UNKNOWN],
])('an enemy with %s', (_, enemy) => {
  it.each(['rollback', 'freeze', 'signal'] as const)(
    'who orders with ids of control alone brings no %s on a healthy canary',
    (action) => {
      const { come, judged } = shop(action)
      come('off', 300, 12, EVERYWHERE)
      come('on', 100, 4, EVERYWHERE)
      come('off', 88, 88, enemy)
      const { findings, words, results, split } = judged()
      expect(findings).toEqual([])
      expect(words[0]).toBe('undecided')
      expect(split).toBe('collecting')
      expect(results.sentence).toContain('One or two networks decide this')
    },
  )

  it('who meets the flag with ids of control alone does not hide a canary that sells nothing', () => {
    const { come, judged } = shop()
    come('off', 180, 74, EVERYWHERE)
    come('on', 60, 0, EVERYWHERE)
    expect(judged().findings).toHaveLength(1)
    come('off', 420, 0, enemy)
    const { findings, words, split, results } = judged()
    expect(findings).toHaveLength(1)
    expect([words[0], split]).toEqual(['worse', 'collecting'])
    expect(results.split.sentence).toMatch(/Without \d{3} of a network or two, who are not\.$/)
    // What they are asked about is who takes part.
    expect(results.variants[0]?.visitors).toBeLessThan(180 + 420)
  })

  it('who meets it with ids of the canary alone neither hides nor helps it', () => {
    const { come, judged } = shop()
    come('off', 3_000, 1_200, EVERYWHERE)
    come('on', 1_000, 200, EVERYWHERE)
    come('on', 1_500, 1_500, enemy)
    expect(judged().findings).toHaveLength(1)
    expect(judged().split).toBe('ok')
  })

  it('who visits as planned and buys as the canary alone hides what it loses: what the docs say', () => {
    const { come, judged } = shop()
    come('off', 3_000, 900, EVERYWHERE)
    come('on', 1_000, 150, EVERYWHERE)
    expect(judged().findings).toHaveLength(1)
    come('off', 450, 0, enemy)
    come('on', 150, 150, enemy)
    expect(judged()).toMatchObject({ findings: [], split: 'ok' })
    expect(judged().words[0]).toBe('undecided')
  })

  it('makes no variant better or worse, nor not worse, by orders or revenue', () => {
    for (const [off, on] of [
      [0, 150],
      [400, 0],
    ] as const) {
      const { come, judged } = shop()
      come('off', 3_000, 600, EVERYWHERE)
      come('on', 1_000, 200, EVERYWHERE)
      come('off', 450, off, enemy)
      come('on', 150, on, enemy)
      const { words, findings } = judged()
      expect(words).toEqual(['undecided', 'undecided'])
      expect(findings).toEqual([])
    }
  })

  it('makes no variant not worse', () => {
    const words = [[0], enemy].map((groups) => {
      const { come, judged } = shop('rollback', 20)
      come('off', 3_000, 800, EVERYWHERE)
      come('on', 1_000, 230, EVERYWHERE)
      come('off', 150, 0, groups)
      come('on', 50, 50, groups)
      return judged().words[0]
    })
    // As if no network were known, and by the rule.
    expect(words).toEqual(['not worse', 'undecided'])
  })
})

describe('the evidence that counts', () => {
  it.each([
    ['is that of all, where the rest has its fourth root', 9, 2.5, 9],
    ['is four parts of the rest, where that is just below it', 9, 2, 8],
    ['is that of the rest, where all have far more', 40, 2, 2],
    ['is none, where the rest has none', 9, -0.5, -0.5],
    ['is none, where none is there', -1, -1, -1],
    ['is no more than that of all', 9, 9, 9],
  ])('%s', (_, all, rest, held) => {
    expect(lnHeld(all, rest)).toBe(held)
  })
})

describe('an enemy with three networks', () => {
  it('is believed: what the docs say', () => {
    const { come, judged } = shop()
    come('off', 300, 12, EVERYWHERE)
    come('on', 100, 4, EVERYWHERE)
    come('off', 300, 300, THREE)
    come('on', 100, 10, THREE)
    expect(judged().findings).toHaveLength(1)
    come('off', 1_500, 0, THREE)
    expect(judged().split).toBe('broken')
    expect(judged().findings).toEqual([])
  })
})

describe('without an enemy', () => {
  it.each([
    ['worse', 400, 1],
    ['better', 800, 0],
    ['not worse', 600, 0],
    ['undecided', 560, 0],
  ] as const)('a canary that is %s is found to be so, with networks as without', (word, orders, findings) => {
    // Behind a proxy that the gate isn't told of, all networks are unknown.
    for (const groups of [EVERYWHERE, [0], [31], [0, 31]]) {
      const { come, judged } = shop('rollback', 15)
      come('off', 6_000, 3_600, groups)
      come('on', 2_000, 2 * orders, groups)
      expect(judged().words[0]).toBe(word)
      expect(judged().findings).toHaveLength(findings)
    }
  })

  it('what is better only with some of the networks, and not worse without them, is not worse', () => {
    const words = [[0], ONE].map((groups) => {
      const { come, judged } = shop('rollback', 20)
      come('off', 6_000, 1_500, EVERYWHERE)
      come('on', 2_000, 520, EVERYWHERE)
      come('off', 600, 0, groups)
      come('on', 200, 200, groups)
      return judged().words[0]
    })
    expect(words).toEqual(['better', 'not worse'])
  })

  it('visitors of no network are never left out', () => {
    const { come, judged } = shop()
    come('off', 600, 300, EVERYWHERE)
    come('on', 200, 10, [0])
    expect(judged().findings).toHaveLength(1)
    expect(judged().words[0]).toBe('worse')
    const few = shop()
    few.come('off', 600, 300, [0])
    few.come('on', 200, 10, [0])
    few.come('on', 10, 10, ONE)
    expect(few.judged().findings).toHaveLength(1)
  })

  it('what is worse only with some of the networks, and not worse without them, is undecided', () => {
    const words = [[0], ONE].map((groups) => {
      const { come, judged } = shop('signal', 20)
      come('off', 6_000, 1_500, EVERYWHERE)
      come('on', 2_000, 500, EVERYWHERE)
      come('off', 600, 400, groups)
      come('on', 200, 0, groups)
      return judged().words[0]
    })
    expect(words).toEqual(['worse', 'undecided'])
  })

  it('of two networks none is left out: one may be the site', () => {
    const { come, judged } = shop()
    come('off', 300, 30, [3])
    come('on', 100, 10, [3])
    come('off', 1_500, 0, ONE)
    expect(judged().split).toBe('broken')
  })

  it('a split that is not as planned in every network is broken', () => {
    const { come, judged } = shop()
    come('off', 3_000, 300, EVERYWHERE)
    come('on', 600, 10, EVERYWHERE)
    expect(judged().split).toBe('broken')
    expect(judged().words).toEqual(['undecided', 'undecided'])
    expect(judged().findings).toEqual([])
  })

  it.each([
    ['one network', ONE],
    ['two networks', TWO],
  ])('visitors of %s alone decide nothing, and that is said; of a third, they do', (_, groups) => {
    const { come, judged } = shop()
    come('off', 3_000, 600, groups)
    come('on', 1_000, 20, groups)
    const { findings, words, results } = judged()
    expect([findings, words[0]]).toEqual([[], 'undecided'])
    expect(results.metrics[0]?.comparisons[0]).toMatchObject({
      wait: 'until it shows without any two networks',
      why: expect.stringContaining('networks'),
    })
    // Without them there is nothing to judge by: it may be an office, so its split is judged all the same.
    come('off', 6_000, 0, groups)
    expect(judged().split).toBe('broken')
    const more = shop()
    more.come('off', 3_000, 600, [...groups, 29, 30])
    more.come('on', 1_000, 20, [...groups, 29, 30])
    expect(more.judged().findings).toHaveLength(1)
  })

  it('a crowd that is left out leaves enough to judge by', () => {
    const { come, judged } = shop()
    // An office of 4,000 beside ten others, and its split is broken.
    come('off', 4_000, 100, ONE)
    come('off', 8, 0, [1, 2])
    come('on', 2, 0, [3])
    expect(judged().split).toBe('broken')
    come('off', 150, 0, EVERYWHERE)
    come('on', 50, 0, EVERYWHERE)
    expect(judged().split).toBe('collecting')
  })
})

it('computes the evidence of the split once for each group, and once for each pair', () => {
  let looks = 0
  const shares = new Proxy([0.5, 0.5], {
    get: (all, key) => {
      if (key === 'entries') looks++
      return Reflect.get(all, key)
    },
  })
  // Each group has visitors of one variant alone: without whichever two, the split is off.
  const sums = (visitors: number) => ({ visitors, metrics: [] })
  const armOf = (variant: string, parity: number, each: number) => {
    const groups = Array.from({ length: 31 }, (_, at) => sums(at > 0 && at % 2 === parity ? each : 0))
    return { variant, groups, ...addedUp(groups, 0) }
  }
  const standing = standingOf([armOf('off', 0, 9_000), armOf('on', 1, 1_000)], shares)
  expect([standing.isBroken, looks]).toEqual([true, 1 + 30 + (30 * 29) / 2])
})
