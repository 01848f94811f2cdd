import { describe, expect, it } from 'vitest'
import type { ComparisonView, MetricView } from '../../src/contract/responses/results.ts'
import { outcomeLines } from '../../src/contract/words/outcome.ts'
import {
  comparisonLines,
  isAlarming,
  keptText,
  marginOf,
  meanRangeText,
  meanText,
  metricAbout,
  rolledBackText,
  shareRangeText,
  shareText,
  wordText,
} from '../../src/contract/words/results.ts'
import { resultsCsv } from '../../src/contract/words/results-csv.ts'
import { ANSWERS } from '../cli/gate/answers.ts'
import { ORDER, RESULTS, REVENUE } from '../cli/gate/results.ts'

const compared = (more: Partial<ComparisonView>): ComparisonView => ({
  ...{ variant: 'b', against: 'a', relative: 0, low: null, high: null, word: 'undecided', sentence: '' },
  ...more,
})

describe('figures of metrics', () => {
  it.each([
    ['conversion', 0.0512, '5.1 %'],
    ['conversion', null, '–'],
    ['count', 1.2345, '1.23'],
    ['sum', 12_345.6, '12,346'],
    ['sum', 0, '0'],
    ['sum', -3.456, '-3.46'],
  ] as const)('a mean of type %s: %d is %s', (type, mean, text) =>
    expect(meanText({ type }, mean)).toBe(text),
  )

  it('an interval names its unit once, and an open one is left out', () => {
    expect(meanRangeText({ type: 'conversion' }, 0.036, 0.044)).toBe('3.6–4.4 %')
    expect(meanRangeText({ type: 'sum' }, 1.7, 2.3)).toBe('1.7–2.3')
    expect(meanRangeText({ type: 'sum' }, null, 2.3)).toBe('')
    expect(meanRangeText({ type: 'sum' }, 1.7, null)).toBe('')
  })

  it.each([
    [0.25, '+25 %'],
    [-0.2, '−20 %'],
    [0, '0 %'],
    [-0.0004, '−0.04 %'],
    [0.014, '+1.4 %'],
    [0.0997, '+10 %'],
    [0.1049, '+10 %'],
    [12, '+1,200 %'],
    [null, '–'],
  ])('a difference of %d is %s', (share, text) => expect(shareText(share)).toBe(text))

  it.each([
    [-0.14, 0.1, '−14 % to +10 %'],
    [null, 0.1, 'at most +10 %'],
    [-0.14, null, 'at least −14 %'],
    [null, null, 'not known yet'],
  ])('a difference between %d and %d is %s', (low, high, text) =>
    expect(shareRangeText({ low, high })).toBe(text),
  )

  it('a margin is a drop where higher is better, and a rise where lower is', () => {
    const metric = (more: Partial<MetricView>): MetricView => ({ ...ORDER, ...more })
    expect(marginOf(metric({ better: 'higher', marginPercent: 5 }))).toBe(-0.05)
    expect(marginOf(metric({ better: 'lower', marginPercent: 5 }))).toBe(0.05)
    expect(marginOf(REVENUE)).toBeUndefined()
    expect(metricAbout(metric({ better: 'lower', action: 'freeze' }))).toBe(
      'share of visitors, lower is better; the guard freezes beyond +5 %, by its own, surer test',
    )
    expect(metricAbout(metric({ action: 'signal', type: 'count' }))).toBe(
      'events per visitor, higher is better; the guard tells beyond −5 %, by its own, surer test',
    )
    expect(metricAbout(metric({ sinceMs: Date.UTC(2027, 2, 1, 12, 5) }))).toMatch(
      /; counts who met the flag since 2027-03-01 12:05 UTC$/,
    )
  })
})

it('a flag that was rolled back says so, with when and why', () => {
  const rolledBack = { atMs: Date.UTC(2027, 2, 1, 12, 5), reason: 'order of b is worse' }
  expect(rolledBackText({ rolledBack })).toBe('rolled back 2027-03-01 12:05 UTC: order of b is worse')
  expect(rolledBackText({})).toBeUndefined()
})

describe('the word on a comparison', () => {
  it.each([
    [{ word: 'better' }, 'better'],
    [{ word: 'worse', wait: 'about 3 more days at this rate', high: -0.01 }, 'worse'],
    [{ word: 'worse', low: -0.95, high: 0.025 }, "worse, by the guard's test"],
    [{ word: 'worse', low: -0.95, high: 0 }, "worse, by the guard's test"],
    [{ word: 'undecided', relative: null }, 'too early'],
    [{ word: 'undecided', relative: null, low: 0 }, 'undecided'],
    [{ word: 'not worse' }, 'not worse than 5 %'],
    [{ word: 'undecided' }, 'undecided'],
    [
      { word: 'undecided', etaMs: 3, wait: 'about 3 more days at this rate' },
      'undecided: about 3 more days at this rate',
    ],
    [
      { word: 'undecided', relative: null, wait: 'no visitors come at present' },
      'too early: no visitors come at present',
    ],
  ] as const)('%j', (more, text) => expect(wordText(compared(more), ORDER)).toBe(text))

  it('names no margin where there is none', () =>
    expect(wordText(compared({ word: 'not worse' }), REVENUE)).toBe('not worse'))

  it('is an alarm where it is worse, or where visitors are not split as they must be', () => {
    const fine = { ...RESULTS, metrics: [ORDER] }
    expect(isAlarming(fine)).toBe(false)
    expect(isAlarming(RESULTS)).toBe(true)
    expect(isAlarming({ ...fine, split: { word: 'broken', sentence: '' } })).toBe(true)
  })
})

it('the results of an attempt are a line for each comparison', () => {
  expect(comparisonLines(RESULTS)).toEqual([
    'order: b +25 % (+8 % to +44 %), better',
    'order: c −2 % (−14 % to +10 %), undecided',
    'revenue: b −40 % (−55 % to −20 %), worse',
    'revenue: c – (not known yet), too early',
  ])
})

it('an outcome tells them, where it has any', () => {
  const [outcome] = ANSWERS.listOutcomes.outcomes
  if (outcome === undefined) throw new Error('there must be an outcome')
  const lines = outcomeLines(outcome)
  expect(lines).toEqual(expect.arrayContaining(comparisonLines(RESULTS)))
  const { metrics: _, ...without } = outcome
  expect(lines.length - outcomeLines(without).length).toBe(4)
})

describe('what results rest on', () => {
  it('names what was left out, the most frequent reason first, and nothing that did not happen', () => {
    expect(keptText(RESULTS)).toBe(
      '30,000 visitors in 6 d; left out: 3 visitors who met two variants, 12 visits without proof of who it is; events that did not count: 5 repeated, 2 late',
    )
    const kept = { visitors: 1, bytes: 16, share: 0.25, mixed: 0, unproven: 0, refused: { late: 0 } }
    expect(keptText({ ...RESULTS, kept })).toBe('1 visitor in 6 d; 25 % of new visitors are followed')
    const again = { ...kept, share: 1, refused: { 'converted already': 7 } }
    expect(keptText({ ...RESULTS, kept: again })).toBe(
      '1 visitor in 6 d; 7 more conversions of visitors who had converted',
    )
  })

  it('lasts until the attempt ends, and has not begun before the first visitor', () => {
    const rolledBack = { atMs: (RESULTS.sinceMs ?? 0) + 33_000, reason: 'order of b is worse' }
    expect(keptText({ ...RESULTS, rolledBack })).toMatch(/^30,000 visitors in 33 s;/)
    const later = { atMs: RESULTS.atMs + 86_400_000, reason: '' }
    expect(keptText({ ...RESULTS, rolledBack: later })).toMatch(/^30,000 visitors in 6 d;/)
    for (const sinceMs of [null, 0]) {
      expect(keptText({ ...RESULTS, sinceMs })).toMatch(/^No visitors yet;/)
      expect(resultsCsv({ ...RESULTS, sinceMs }).split('\r\n')[1]).toMatch(/^f,2,,2026-03-08T/)
    }
  })
})

describe('the table', () => {
  it('quotes what would end a cell, and starts no formula', () => {
    const [first] = ORDER.variants
    const named = (name: string) =>
      resultsCsv({
        ...RESULTS,
        metrics: [{ ...ORDER, name, variants: first ? [first] : [], comparisons: [] }],
      })
        .split('\r\n')
        .at(1)
    expect(named('order')).toContain(',order,conversion,')
    expect(named('a,b "c"')).toContain(',"a,b ""c""",conversion,')
    for (const name of ['=1+1', '+1', '-1', '@x', '\tx'])
      expect(named(name), name).toContain(`,'${name},conversion,`)
    expect(resultsCsv(RESULTS).split('\r\n')).toHaveLength(8)
    const words = resultsCsv(RESULTS)
      .split('\r\n')
      .map((line) => line.split(',').at(-2))
    expect(words).toEqual(['word', '', 'better', 'undecided', '', 'worse', 'too early', undefined])
  })
})
