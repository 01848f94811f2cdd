import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Exposure, MetricEvent } from '../../../../src/core/metrics/entries.ts'
import { Ledger, type LedgerSpec } from '../../../../src/core/metrics/ledger/ledger.ts'
import type { Block } from '../../../../src/core/metrics/ledger/saved.ts'
import type { Metric } from '../../../../src/core/metrics/spec.ts'
import type { VariantSummary } from '../../../../src/core/metrics/summary.ts'
import { SEED } from '../../../support/seed.ts'
import stored from './form-1.json' with { type: 'json' }
import { NaiveLedger } from './naive.ts'

const START = 1_790_000_000_000
const metric = (name: string, parts: Partial<Metric> = {}): Metric => ({
  name,
  type: 'conversion',
  better: 'higher',
  role: 'primary',
  guard: undefined,
  cap: undefined,
  windowMs: null,
  definition: name,
  ...parts,
})
const SPEC: LedgerSpec = {
  generation: 3,
  stage: 1,
  variants: ['off', 'on', 'b'],
  metrics: [
    metric('order'),
    metric('tickets', { type: 'count', windowMs: 3_600_000 }),
    metric('revenue', { type: 'sum', cap: 500 }),
  ],
}
const exposure = (position: number, parts: Partial<Exposure> = {}): Exposure => ({
  flag: 'f',
  generation: 3,
  stage: 1,
  variant: 'on',
  position,
  atMs: START,
  ...parts,
})
const event = (position: number, name: string, parts: Partial<MetricEvent> = {}): MetricEvent => ({
  ...exposure(position),
  metric: name,
  value: 1,
  id: 0,
  ...parts,
})
const sumsOf = (ledger: Ledger, variant: string, name: string) =>
  ledger.summaries().variants.find((each) => each.variant === variant)?.metrics[
    ledger.spec.metrics.findIndex((each) => each.name === name)
  ]

/** A group's part of each variant, in the shape of the whole. */
const ofGroup = (variants: readonly VariantSummary[], group: number): VariantSummary[] =>
  variants.map(({ variant, groups = [], metrics: all }) => {
    const { visitors = 0, metrics = all.map(() => ({ nonzero: 0, sum: 0, sumOfSquares: 0 })) } =
      groups[group] ?? {}
    return {
      variant,
      visitors,
      metrics: metrics.map(({ nonzero, sum, sumOfSquares }) => ({ nonzero, sum, sumOfSquares })),
    }
  })

type Entry = { kind: 'expose'; entry: Exposure } | { kind: 'record'; entry: MetricEvent }

/** Few positions, so that they meet again; entries of other attempts, of two variants, repeated, early and late. */
const entryOf = (spec: LedgerSpec) => {
  const base = {
    flag: fc.constant('f'),
    generation: fc.constantFrom(3, 3, 3, 3, 3, 3, 3, 2),
    stage: fc.constantFrom(1, 1, 1, 1, 1, 1, 1, 0),
    variant: fc.constantFrom(...spec.variants, 'gone'),
    position: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(0, 0xffffffff, 0x80000000)),
    atMs: fc.integer({ min: START - 400_000, max: START + 8_000_000 }),
  }
  const group = fc.constantFrom(0, 1, 2, 30)
  return fc.oneof(
    fc.record({ ...base, group }).map((entry): Entry => ({ kind: 'expose', entry })),
    fc
      .record({
        ...base,
        metric: fc.constantFrom(...spec.metrics.map(({ name }) => name), 'unknown'),
        // Whole cents and halves: sums are exact.
        value: fc.integer({ min: 0, max: 1_600 }).map((value) => value / 2),
        id: fc.constantFrom(0, 0, 1, 2, 0xffffffff),
      })
      .map((entry): Entry => ({ kind: 'record', entry })),
  )
}

function take(ledger: Ledger | NaiveLedger, { kind, entry }: Entry): void {
  if (kind === 'expose') ledger.expose(entry)
  else ledger.record(entry as MetricEvent)
}

/** A position that a ledger follows, and none of its visitors has. */
function positionLike(ledger: Ledger): number {
  const probe = (position: number) => ledger.record(event(position, 'order')) === 'sampled'
  let position = 5_000
  while (probe(position)) position++
  return position
}

/** Storage with a row for each block. */
class Rows {
  readonly #rows = new Map<number, Uint8Array>()

  write(blocks: readonly Block[]): void {
    for (const { id, bytes } of blocks) {
      expect(bytes.byteLength).toBeLessThanOrEqual(65_536)
      this.#rows.set(id, bytes.slice())
    }
  }

  all(): Block[] {
    return [...this.#rows].map(([id, bytes]) => ({ id, bytes })).reverse()
  }
}

describe('a ledger', () => {
  it('says the same as a map of visitors, in whatever order entries come, and over restarts', () => {
    const caps = [null, null, 500]
    fc.assert(
      fc.property(
        fc.array(entryOf(SPEC), { maxLength: 120 }),
        fc.array(fc.nat({ max: 120 }), { maxLength: 4 }),
        (entries, restarts) => {
          const naive = new NaiveLedger(SPEC)
          const rows = new Rows()
          let ledger = new Ledger(SPEC)
          for (const [at, entry] of entries.entries()) {
            if (restarts.includes(at)) {
              rows.write(ledger.dirtyBlocks())
              ledger = new Ledger(SPEC, rows.all())
            }
            take(naive, entry)
            take(ledger, entry)
          }
          rows.write(ledger.dirtyBlocks())
          for (const each of [ledger, new Ledger(SPEC, rows.all())]) {
            const { variants } = each.summaries()
            expect(variants.map(({ groups: _, ...all }) => all)).toEqual(naive.variants(caps))
            for (const group of [1, 2, 30])
              expect(ofGroup(variants, group)).toEqual(naive.variants(caps, group))
            expect(each.summaries().kept.mixed).toBe(naive.mixed)
          }
        },
      ),
      { seed: SEED },
    )
  })

  it('of a release that kept no networks goes on as it was, its visitors of no network', () => {
    const before = stored.blocks.map(([id, text]) => ({
      id: Number(id),
      bytes: Uint8Array.from(Buffer.from(String(text), 'base64')),
    }))
    const rows = new Rows()
    rows.write(before)
    const upgraded = new Ledger(SPEC, rows.all())
    expect(upgraded.summaries()).toMatchObject(stored.summaries)
    upgraded.expose(exposure(0x9e3779b1, { variant: 'on', group: 4, atMs: START + 99_000 }))
    upgraded.expose(exposure(positionLike(upgraded), { group: 7 }))
    rows.write(upgraded.dirtyBlocks())
    const again = new Ledger(SPEC, rows.all())
    expect(again.dirtyBlocks()).toEqual([])
    const [, on] = again.summaries().variants
    const [, onBefore] = stored.summaries.variants
    expect(on?.visitors).toBe((onBefore?.visitors ?? 0) + 1)
    expect([on?.groups?.[0]?.visitors, on?.groups?.[7]?.visitors]).toEqual([onBefore?.visitors, 1])
  })

  it('keeps what visitors did by the group of networks that they came from first', () => {
    const ledger = new Ledger({ ...SPEC, mostVisitors: 60 })
    const groupsOf = ({ spec }: Ledger, rows: readonly Block[]) =>
      new Ledger(spec, rows).summaries().variants[1]?.groups
    ledger.expose(exposure(1, { group: 3, atMs: START + 5_000 }))
    ledger.record(event(1, 'order', { atMs: START + 6_000 }))
    ledger.expose(exposure(1, { group: 5, atMs: START + 9_000 }))
    expect(groupsOf(ledger, ledger.dirtyBlocks())?.[3]?.visitors).toBe(1)
    ledger.expose(exposure(1, { group: 6 }))
    const { 3: left, 6: now } = ledger.summaries().variants[1]?.groups ?? []
    expect([left?.visitors, left?.metrics[0]?.nonzero]).toEqual([0, 0])
    expect([now?.visitors, now?.metrics[0]?.nonzero]).toEqual([1, 1])
    // One of a release that knows more.
    ledger.expose(exposure(2, { group: 99 }))
    expect(ledger.summaries().variants[1]?.groups?.[31]?.visitors).toBe(1)
    // Those who are no longer followed stay with their group.
    for (let n = 2; n <= 100; n++) ledger.expose(exposure(Math.imul(n, 0x9e3779b1) >>> 0, { group: 9 }))
    const { groups = [], visitors = 0 } = ledger.summaries().variants[1] ?? {}
    expect(ledger.summaries().kept.share).toBeLessThan(1)
    expect(groups[9]?.visitors).toBe(visitors - 2)
    expect(groupsOf(ledger, ledger.dirtyBlocks())?.[9]).toEqual(groups[9])
  })

  it('writes nothing when nothing has happened', () => {
    const ledger = new Ledger(SPEC)
    ledger.expose(exposure(1))
    expect(ledger.dirtyBlocks().length).toBeGreaterThan(0)
    expect(ledger.dirtyBlocks()).toEqual([])
    expect(ledger.expose(exposure(1))).toBe('known')
    expect(ledger.dirtyBlocks()).toEqual([])
  })

  it('leaves aside what was stored of another generation or stage', () => {
    const ledger = new Ledger(SPEC)
    ledger.expose(exposure(1))
    const blocks = ledger.dirtyBlocks()
    for (const other of [{ generation: 4 }, { stage: 2 }])
      expect(new Ledger({ ...SPEC, ...other }, blocks).summaries().kept.visitors).toBe(0)
    expect(new Ledger(SPEC, blocks).summaries().kept.visitors).toBe(1)
  })

  it('keeps what it knows when the document measures other metrics', () => {
    const ledger = new Ledger(SPEC)
    ledger.expose(exposure(1))
    ledger.record(event(1, 'order'))
    ledger.record(event(1, 'revenue', { value: 20, id: 7 }))
    const [order, , revenue] = SPEC.metrics
    const metrics = [metric('new'), revenue, order].filter((each) => each !== undefined)
    const other = new Ledger({ ...SPEC, metrics, variants: ['on', 'off'] }, ledger.dirtyBlocks())
    expect(sumsOf(other, 'on', 'order')?.sum).toBe(1)
    expect(sumsOf(other, 'on', 'revenue')?.sum).toBe(20)
    expect(sumsOf(other, 'on', 'new')?.sum).toBe(0)
    expect(other.record(event(1, 'revenue', { value: 20, id: 7 }))).toBe('repeated')
    expect(other.dirtyBlocks().length).toBeGreaterThan(1)
  })

  describe('with a metric that is defined anew', () => {
    const LATER = START + 60_000
    const anew = SPEC.metrics.map((each) => (each.name === 'order' ? { ...each, definition: 'anew' } : each))
    const since = (ledger: Ledger) =>
      new Ledger({ ...SPEC, metrics: anew, atMs: LATER }, ledger.dirtyBlocks())
    const orders = (ledger: Ledger) => sumsOf(ledger, 'on', 'order')

    it('counts those exposed since for it, and all for the others', () => {
      const before = new Ledger(SPEC)
      before.expose(exposure(1))
      before.record(event(1, 'order'))
      before.record(event(1, 'tickets'))
      const ledger = since(before)
      expect(ledger.summaries().begunMs).toEqual([LATER, 0, 0])
      expect(orders(ledger)).toEqual({ visitors: 0, nonzero: 0, sum: 0, sumOfSquares: 0 })
      expect(ledger.record(event(1, 'order', { atMs: LATER + 1_000 }))).toBe('earlier')
      expect(ledger.record(event(1, 'tickets', { atMs: LATER + 1_000 }))).toBe('counted')
      ledger.expose(exposure(2, { atMs: LATER }))
      ledger.expose(exposure(1, { atMs: LATER }))
      expect(ledger.record(event(2, 'order', { atMs: LATER + 1_000 }))).toBe('counted')
      expect(orders(ledger)).toEqual({ visitors: 1, nonzero: 1, sum: 1, sumOfSquares: 1 })
      expect(sumsOf(ledger, 'on', 'tickets')).toEqual({ nonzero: 1, sum: 2, sumOfSquares: 4 })
      expect(ledger.summaries().variants.find(({ variant }) => variant === 'on')?.visitors).toBe(2)
      // As it was after a restart, and with the document as it is now.
      const restarted = new Ledger({ ...SPEC, metrics: anew, atMs: LATER + 99_000 }, ledger.dirtyBlocks())
      expect(orders(restarted)).toEqual(orders(ledger))
      expect(restarted.summaries().begunMs).toEqual([LATER, 0, 0])
    })

    it('counts no one whose exposure turns out to be earlier, nor one who meets another variant', () => {
      const begun = since(withOne())
      for (const position of [2, 3, 4]) {
        begun.expose(exposure(position, { atMs: LATER + 1_000 }))
        begun.record(event(position, 'order', { atMs: LATER + 2_000 }))
      }
      expect(orders(begun)).toMatchObject({ visitors: 3, nonzero: 3 })
      begun.expose(exposure(2, { atMs: START + 1_000 }))
      expect(orders(begun)).toEqual({ visitors: 2, nonzero: 2, sum: 2, sumOfSquares: 2 })
      begun.expose(exposure(3, { variant: 'off', atMs: LATER + 3_000 }))
      expect(orders(begun)).toEqual({ visitors: 1, nonzero: 1, sum: 1, sumOfSquares: 1 })
      begun.expose(exposure(1, { variant: 'off', atMs: LATER + 3_000 }))
      expect(orders(begun)).toMatchObject({ visitors: 1 })
    })

    it('keeps events that wait, each at its metric', () => {
      const before = new Ledger(SPEC)
      before.expose(exposure(1))
      before.record(event(9, 'order'))
      before.record(event(9, 'revenue', { value: 7 }))
      const [, tickets, revenue] = SPEC.metrics
      const metrics = [revenue, tickets].filter((each) => each !== undefined)
      const ledger = new Ledger({ ...SPEC, metrics, atMs: LATER }, before.dirtyBlocks())
      ledger.expose(exposure(9))
      expect(sumsOf(ledger, 'on', 'revenue')).toMatchObject({ sum: 7 })
      expect(sumsOf(ledger, 'on', 'tickets')).toMatchObject({ sum: 0 })
    })

    it('learns its cap anew', () => {
      const free = metric('revenue', { type: 'sum' })
      const before = new Ledger({ ...SPEC, metrics: [free], caps: { revenue: 50 } })
      before.expose(exposure(1))
      const blocks = before.dirtyBlocks()
      const spec = { ...SPEC, metrics: [{ ...free, definition: 'anew' }], atMs: LATER }
      expect(new Ledger(spec, blocks).summaries().caps).toEqual([null])
      expect(new Ledger({ ...SPEC, metrics: [free] }, blocks).summaries().caps).toEqual([50])
    })

    function withOne(): Ledger {
      const ledger = new Ledger(SPEC)
      ledger.expose(exposure(1))
      return ledger
    }
  })

  it('keeps names of every script', () => {
    const variants = ['très-bien', '日本']
    const ledger = new Ledger({ ...SPEC, variants })
    ledger.expose(exposure(1, { variant: '日本' }))
    const again = new Ledger({ ...SPEC, variants }, ledger.dirtyBlocks())
    expect(again.summaries()).toEqual(ledger.summaries())
    expect(again.dirtyBlocks()).toEqual([])
  })

  it('makes room where wider records leave less of it', () => {
    const ledger = new Ledger(SPEC)
    for (let n = 0; n < 100; n++) ledger.expose(exposure(Math.imul(n, 0x9e3779b1) >>> 0))
    const fewer = new Ledger({ ...SPEC, mostVisitors: 50 }, ledger.dirtyBlocks())
    expect(fewer.summaries().kept.visitors).toBeLessThanOrEqual(50)
  })

  it('says what became of an entry', () => {
    const ledger = new Ledger(SPEC)
    expect(ledger.expose(exposure(1))).toBe('new')
    expect(ledger.expose(exposure(1, { atMs: START + 5 }))).toBe('known')
    expect(ledger.expose(exposure(2, { generation: 2 }))).toBe('foreign')
    expect(ledger.expose(exposure(2, { stage: 0 }))).toBe('foreign')
    expect(ledger.expose(exposure(2, { variant: 'gone' }))).toBe('foreign')
    expect(ledger.record(event(1, 'order'))).toBe('counted')
    expect(ledger.record(event(1, 'order'))).toBe('converted already')
    expect(ledger.record(event(1, 'gone'))).toBe('foreign')
    expect(ledger.record(event(1, 'tickets', { id: 5 }))).toBe('counted')
    expect(ledger.record(event(1, 'tickets', { id: 5 }))).toBe('repeated')
    expect(ledger.record(event(1, 'revenue', { id: 5, value: 3 }))).toBe('counted')
    expect(ledger.record(event(1, 'tickets', { atMs: START + 3_601_000 }))).toBe('outside')
    expect(ledger.record(event(1, 'tickets', { atMs: START + 3_600_999 }))).toBe('counted')
    expect(ledger.record(event(1, 'tickets', { atMs: START - 300_001 }))).toBe('outside')
    expect(ledger.record(event(1, 'tickets', { atMs: START - 300_000 }))).toBe('counted')
    expect(ledger.record(event(9, 'order'))).toBe('waiting')
    expect(ledger.record(event(1, 'order', { variant: 'off' }))).toBe('mixed')
    expect(ledger.expose(exposure(1))).toBe('mixed')
    const { kept } = ledger.summaries()
    expect(kept.refused).toEqual({
      ...{ repeated: 1, 'converted already': 1, foreign: 1, outside: 2, mixed: 1 },
      'not exposed': 1,
    })
    expect(kept.mixed).toBe(1)
    expect(sumsOf(ledger, 'on', 'revenue')).toEqual({ nonzero: 0, sum: 0, sumOfSquares: 0 })
  })

  it('lets a bounded number of events wait, and forgets those of the day before', () => {
    const ledger = new Ledger(SPEC)
    for (let position = 0; position < 2_048; position++)
      expect(ledger.record(event(position, 'order', { atMs: START - 1_000 }))).toBe('waiting')
    expect(ledger.record(event(5_000, 'order'))).toBe('full')
    expect(ledger.summaries().kept.refused).toEqual({ full: 1, 'not exposed': 2_048 })
    expect(ledger.record(event(5_000, 'order', { atMs: START + 86_400_000 }))).toBe('waiting')
    expect(ledger.summaries().kept.refused).toEqual({ full: 1, 'not exposed': 2_049 })
    expect(ledger.dirtyBlocks().every(({ bytes }) => bytes.byteLength <= 65_536)).toBe(true)
    ledger.expose(exposure(7))
    expect(sumsOf(ledger, 'on', 'order')?.sum).toBe(0)
    // Whose visitor comes after all counts; what is forgotten stays told of, over a restart as well.
    ledger.expose(exposure(5_000, { atMs: START + 86_400_000 }))
    expect(sumsOf(ledger, 'on', 'order')?.sum).toBe(1)
    const restarted = new Ledger(SPEC, ledger.dirtyBlocks())
    for (const each of [ledger, restarted])
      expect(each.summaries().kept.refused).toEqual({ full: 1, 'not exposed': 2_048 })
  })

  it('caps a sum per visitor, not per event', () => {
    const ledger = new Ledger(SPEC)
    ledger.expose(exposure(1))
    for (let id = 1; id <= 3; id++) ledger.record(event(1, 'revenue', { value: 200, id }))
    expect(sumsOf(ledger, 'on', 'revenue')).toEqual({ nonzero: 1, sum: 500, sumOfSquares: 250_000 })
  })
})

describe('a cap that the document does not give', () => {
  const spec = { ...SPEC, metrics: [metric('revenue', { type: 'sum' })] }
  const filled = (buyers: number, caps?: Record<string, number>) => {
    const ledger = new Ledger({ ...spec, ...(caps && { caps }) })
    for (let position = 0; position < buyers; position++) {
      ledger.expose(exposure(position, { variant: position % 2 ? 'on' : 'off' }))
      ledger.record(event(position, 'revenue', { variant: position % 2 ? 'on' : 'off', value: position + 1 }))
    }
    return ledger
  }

  it('is learned from 500 visitors of all variants, once', () => {
    expect(filled(499).summaries().caps).toEqual([null])
    expect(filled(500).summaries().caps).toEqual([498])
    const more = filled(600)
    expect(more.summaries().caps).toEqual([498])
    const total = (sumsOf(more, 'on', 'revenue')?.sum ?? 0) + (sumsOf(more, 'off', 'revenue')?.sum ?? 0)
    expect(total).toBe((498 * 499) / 2 + 102 * 498)
    expect(new Ledger(spec, more.dirtyBlocks()).summaries()).toEqual(more.summaries())
  })

  it('is that of the attempt before, where there was one', () => {
    const before = filled(1_000)
    expect(before.learnedCaps()).toEqual({ revenue: 995 })
    const ledger = filled(600, { revenue: 100 })
    expect(ledger.summaries().caps).toEqual([100])
    expect(filled(10).learnedCaps()).toEqual({})
    expect(filled(10, { revenue: 100 }).learnedCaps()).toEqual({ revenue: 100 })
  })
})

describe('a ledger with too many visitors', () => {
  const SMALL = { ...SPEC, mostVisitors: 1_000 }
  /** Position and variant go together, as in a split. */
  const variantOf = (position: number) => (position < 2 ** 31 ? 'on' : 'off')
  const positions = Array.from({ length: 20_000 }, (_, n) => Math.imul(n, 0x9e3779b1) >>> 0)

  function filled() {
    const rows = new Rows()
    let ledger = new Ledger(SMALL)
    for (const [at, position] of positions.entries()) {
      ledger.expose(exposure(position, { variant: variantOf(position) }))
      if (at % 10 === 0) ledger.record(event(position, 'order', { variant: variantOf(position) }))
      if (at % 997 === 0) {
        rows.write(ledger.dirtyBlocks())
        ledger = new Ledger(SMALL, rows.all())
      }
    }
    return ledger
  }

  it('follows a share of them by a hash, and neither arm more than the other', () => {
    const ledger = filled()
    const { kept, variants } = ledger.summaries()
    expect(kept.visitors).toBeLessThanOrEqual(1_000)
    expect(kept.visitors).toBeGreaterThan(400)
    expect(kept.share).toBeGreaterThan(20_000 / 2 ** 6 / 1_000 / 20)
    expect(kept.share * 20_000).toBeGreaterThan(400)
    expect(kept.share * 20_000).toBeLessThan(1_100)
    const [off, on] = variants
    const all = (off?.visitors ?? 0) + (on?.visitors ?? 0)
    expect((on?.visitors ?? 0) / all).toBeGreaterThan(0.46)
    expect((on?.visitors ?? 0) / all).toBeLessThan(0.54)
    const orders = (off?.metrics[0]?.sum ?? 0) + (on?.metrics[0]?.sum ?? 0)
    expect(orders / all).toBeGreaterThan(0.08)
    expect(orders / all).toBeLessThan(0.12)
  })

  it('never counts fewer than before, and keeps what those had whom it no longer follows', () => {
    const ledger = new Ledger(SMALL)
    let before = 0
    for (const position of positions.slice(0, 5_000)) {
      ledger.expose(exposure(position, { variant: variantOf(position) }))
      const now = ledger.summaries().variants.reduce((sum, { visitors }) => sum + visitors, 0)
      expect(now).toBeGreaterThanOrEqual(before)
      before = now
    }
    expect(new Ledger(SMALL, ledger.dirtyBlocks()).summaries()).toMatchObject({
      variants: ledger.summaries().variants,
    })
  })

  it('refuses events of visitors whom it no longer follows', () => {
    const ledger = filled()
    const words = positions.map((position) =>
      ledger.record(event(position, 'tickets', { variant: variantOf(position) })),
    )
    expect(new Set(words)).toEqual(new Set(['counted', 'sampled']))
    expect(ledger.expose(exposure(positions[words.indexOf('sampled')] ?? 0))).toBe('sampled')
  })
})

it('keeps 131,072 visitors exactly, in a few megabytes', () => {
  const ledger = new Ledger(SPEC)
  for (let n = 0; n < 131_072; n++) ledger.expose(exposure(Math.imul(n, 0x9e3779b1) >>> 0))
  const { kept, variants } = ledger.summaries()
  expect(kept).toMatchObject({ visitors: 131_072, share: 1 })
  expect(variants[1]?.visitors).toBe(131_072)
  expect(kept.bytes).toBeLessThan(6_000_000)
})

it('tells how visitors came, and how many more are followed', () => {
  const ledger = new Ledger({ ...SPEC, mostVisitors: 5 })
  const HOUR_MS = 3_600_000
  expect(ledger.arrivals(START)).toMatchObject({ room: 5, most: 5 })
  for (const [position, hours] of [0, 0.5, 30, 30].entries())
    ledger.expose(exposure(position + 1, { atMs: START + hours * HOUR_MS }))
  ledger.expose(exposure(1, { atMs: START + 31 * HOUR_MS }))
  const { counts, ...rest } = ledger.arrivals(START + 31 * HOUR_MS)
  expect(rest).toEqual({ slotMs: HOUR_MS, room: 1, most: 5 })
  expect([counts.length, counts[0], counts.at(-1)]).toEqual([31, 2, 2])
})
