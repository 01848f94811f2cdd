/** `guard.metrics` of a flag without a split: which falls per journey close it, and what is said of several at once. */
import { describe, expect, it } from 'vitest'
import type { BeforeAfterState } from '../../../../src/core/guard/before-after/before-after.ts'
import { judgeBeforeAfter, type MetricLook, type Verdict } from '../../../../src/core/guard/index.ts'
import { BLOCKS_OF_DAY, SETTINGS, START_MS, usual, VERDICT } from './site.ts'

const NO_TRAFFIC = { ...SETTINGS, traffic: { ...SETTINGS.traffic, maxDropPercent: null } }
type Line = MetricLook['line']
const ORDER: Line = { metric: 'order', maxDropPercent: 30, action: 'rollback' }

/** A shop of which one in twenty journeys is an order; more at noon. */
class Shop {
  states: (BeforeAfterState | undefined)[] = []
  traffic: BeforeAfterState | undefined
  verdict: Verdict = VERDICT
  signals: string[] = []
  block = 0
  readonly #left: number[] = []
  readonly lines: readonly Line[]
  readonly settings: typeof SETTINGS

  constructor(lines: readonly Line[] = [ORDER], settings: typeof SETTINGS = NO_TRAFFIC) {
    this.lines = lines
    this.settings = settings
  }

  /** Blocks that pass; ends early with a verdict that acts. */
  pass(blocks: number, { isOn = true, orders = [1], journeys = 1 } = {}): number {
    for (let passed = 0; passed < blocks; passed++, this.block++) {
      const had = Math.round(usual(this.block) * journeys)
      const rate = 0.05 * (1 + 0.2 * Math.sin((2 * Math.PI * this.block) / BLOCKS_OF_DAY))
      const came = (at: number) => {
        // What is left of fractions comes with a later block.
        const all = had * rate * (orders[at] ?? orders[0] ?? 1) + (this.#left[at] ?? 0)
        this.#left[at] = all - Math.floor(all)
        return Math.floor(all)
      }
      const judged = judgeBeforeAfter(
        this.settings,
        this.traffic,
        {
          ...{ atMs: START_MS + this.block * 300_000 + 60_000, offsetMs: 0, generation: 1, isOpen: true },
          ...{ requests: 3 * had, journeys: had, served: isOn ? 3 * had : 0 },
        },
        VERDICT,
        this.lines.map((line, at) => ({ line, before: this.states[at], events: came(at) })),
      )
      this.traffic = judged.state
      this.states = judged.metrics.map(({ state }) => state)
      this.signals.push(...judged.metrics.flatMap(({ signal }) => signal ?? []))
      this.verdict = judged.verdict
      if (judged.verdict.kind === 'failing') return passed + 1
    }
    return blocks
  }
}
const DAY = BLOCKS_OF_DAY

function opened(lines?: readonly Line[], settings?: typeof SETTINGS): Shop {
  const shop = new Shop(lines, settings)
  shop.pass(28 * DAY + 108, { isOn: false })
  return shop
}

describe('a metric', () => {
  it('that falls per journey closes the flag; one that keeps its rate does not, however few visitors come', () => {
    const shop = opened()
    expect(shop.pass(5 * DAY, { journeys: 0.4 })).toBe(5 * DAY)
    expect(shop.verdict.kind).toBe('healthy')
    expect(shop.pass(2 * DAY, { orders: [0.5] })).toBeLessThan(DAY / 2)
    expect(shop.verdict).toMatchObject({ kind: 'failing', action: 'rollback', trigger: 'metric' })
    expect(shop.verdict.beforeAfter).toMatchObject({ metric: 'order', actsFrom: 0.285 })
  })

  it('that comes more often, or a little less, closes nothing', () => {
    const shop = opened()
    expect(shop.pass(7 * DAY, { orders: [1.6] })).toBe(7 * DAY)
    const less = opened()
    expect(less.pass(7 * DAY, { orders: [0.9] })).toBe(7 * DAY)
  })

  it('says what it waits for, and what it sees', () => {
    const shop = new Shop()
    shop.pass(DAY, { isOn: false })
    expect(shop.verdict.sentence).toBe(
      'waits for visitors who have the flag: events of order are counted, to be compared with; a comparison needs 2 weeks and a day, and begins in 14 d',
    )
    shop.pass(DAY)
    expect(shop.verdict.sentence).toMatch(/^collects events of order to compare with the same hours/)
    const late = opened()
    late.pass(2 * DAY)
    expect(late.verdict.sentence).toMatch(
      /^no fall of order per journey against the same hours of the weeks before, since .*; compared with \d weeks before, not with a control$/,
    )
    const seldom = new Shop()
    seldom.pass(28 * DAY, { isOn: false, orders: [0.002] })
    seldom.pass(3, { orders: [0.002] })
    expect(seldom.verdict.sentence).toMatch(/^too few events of order to compare with the weeks before/)
  })
})

describe('several metrics', () => {
  const LINES: Line[] = [ORDER, { metric: 'signup', maxDropPercent: 20, action: 'signal' }]

  it('are told one after the other, with one caveat', () => {
    const shop = opened(LINES, SETTINGS)
    shop.pass(DAY)
    expect(shop.verdict.kind).toBe('healthy')
    expect(shop.verdict.sentence).toMatch(
      /^no fall of journeys .*; no fall of order per journey .*; no fall of signup per journey [^;]*; compared with 3 weeks before, not with a control$/,
    )
  })

  it('act each by its own action: a signal is given once, and the flag stays on', () => {
    const shop = opened(LINES)
    expect(shop.pass(3 * DAY, { orders: [1, 0.5] })).toBe(3 * DAY)
    expect(shop.signals).toEqual([expect.stringMatching(/^signup per journey fell by (4|5)\d %/)])
    expect(shop.verdict).toMatchObject({ kind: 'collecting' })
    expect(shop.pass(3 * DAY, { orders: [0.5, 0.5] })).toBeLessThan(2 * DAY)
    expect(shop.verdict.sentence).toMatch(/^order per journey fell by/)
    expect(shop.signals).toHaveLength(1)
  })

  it('share the probability of a false alarm, so each takes longer', () => {
    const alone = opened().pass(2 * DAY, { orders: [0.5] })
    const many = Array.from({ length: 20 }, (_, at) => ({ ...ORDER, metric: `m${at}` }))
    const orders = many.map((_, at) => (at === 0 ? 0.5 : 1))
    expect(opened(many).pass(2 * DAY, { orders })).toBeGreaterThan(alone)
  })
})
