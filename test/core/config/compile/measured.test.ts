/** What a flag measures, and how its variants are dealt, by what the document says of it. */
import { describe, expect, it } from 'vitest'
import { compileSnapshot } from '../../../../src/core/config/compile/snapshot.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { comparesWeeks, measuredNames } from '../../../../src/core/config/split/compared.ts'
import { BASE, type Changes, changed, F, RULE } from '../keys/case.ts'

function snapshotOf(changes: Changes) {
  const parsed = parseDocumentValue(changed(BASE, changes))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return { document: parsed.value, snapshot: compileSnapshot(parsed.value) }
}
const METRICS: Changes = {
  metrics: {
    buys: {},
    pages: { type: 'count', better: 'lower', window: '7d' },
    spent: { type: 'sum', cap: 9 },
    visits: { request: { path: '/a' } },
  },
}
const HALF: Changes = { ...METRICS, [`${RULE}.percentage`]: 50 }
const GUARDED: Changes = {
  [`${F}.guard.metrics`]: { buys: { maxDropPercent: 5 }, pages: { maxRisePercent: 7, action: 'signal' } },
}
/** Without a split only a fall is told from the weeks before. */
const FALLS: Changes = { [`${F}.guard.metrics`]: { buys: { maxDropPercent: 5 } } }
const EXPERIMENT: Changes = { [`${F}.experiment`]: { primary: 'spent', metrics: ['buys', 'spent'] } }
const measuresOf = (changes: Changes) => snapshotOf(changes).snapshot.flags.get('f')?.measures
const weeklyOf = (changes: Changes) => snapshotOf(changes).snapshot.flags.get('f')?.weekly

describe('the metrics of a flag', () => {
  it('are those of its experiment, the primary first, and of its guard, each once', () => {
    const measures = measuresOf({ ...HALF, ...GUARDED, ...EXPERIMENT })
    expect(measures?.metrics.map(({ definition: _, ...metric }) => metric)).toEqual([
      {
        name: 'spent',
        type: 'sum',
        better: 'higher',
        role: 'primary',
        guard: undefined,
        cap: 9,
        windowMs: null,
      },
      {
        name: 'buys',
        type: 'conversion',
        better: 'higher',
        role: 'guard',
        guard: { marginPercent: 5, action: 'rollback' },
        cap: undefined,
        windowMs: null,
      },
      {
        name: 'pages',
        type: 'count',
        better: 'lower',
        role: 'guard',
        guard: { marginPercent: 7, action: 'signal' },
        cap: undefined,
        windowMs: 604_800_000,
      },
    ])
    expect(measures?.metrics.map(({ definition }) => definition)).toEqual([
      '["sum","higher",9,null,null]',
      '["conversion","higher",null,null,null]',
      '["count","lower",null,"7d",null]',
    ])
  })

  it('have no limits where the guard is disabled, and are secondary without one', () => {
    const disabled = { ...HALF, ...GUARDED, ...EXPERIMENT, [`${F}.guard.enabled`]: false }
    expect(measuresOf(disabled)?.metrics.map(({ name, role, guard }) => [name, role, guard])).toEqual([
      ['spent', 'primary', undefined],
      ['buys', 'secondary', undefined],
    ])
    expect(measuresOf({ ...HALF, ...GUARDED, [`${F}.guard.enabled`]: false })).toBeUndefined()
    expect(measuresOf(HALF)).toBeUndefined()
  })

  it('are named also where a document says nothing of them', () => {
    expect(measuredNames({ guard: undefined, experiment: undefined })).toEqual([])
    const { document } = snapshotOf({ ...HALF, [`${F}.guard`]: { errors: {} } })
    expect(document.flags.f && measuredNames(document.flags.f)).toEqual([])
  })
})

describe('the variants of a flag', () => {
  const dealt = (changes: Changes) => {
    const measures = measuresOf({ ...METRICS, ...FALLS, ...changes })
    return (
      measures && [
        [...measures.inside],
        measures.outside,
        measures.stages,
        measures.variants,
        measures.control,
      ]
    )
  }
  it.each<[string, Changes, unknown]>([
    ['a share', { [`${RULE}.percentage`]: 50 }, [[['on', 1]], 'off', 1, ['off', 'on'], 'off']],
    [
      'stages',
      { [`${RULE}.stages`]: [{ percentage: 5 }, { percentage: 50 }] },
      [[['on', 1]], 'off', 2, ['off', 'on'], 'off'],
    ],
    [
      'weights',
      { [`${RULE}.serve`]: { on: 25, b: 75 } },
      [
        [
          ['on', 0.25],
          ['b', 0.75],
        ],
        undefined,
        1,
        ['on', 'b'],
        'on',
      ],
    ],
    [
      'weights with the off variant',
      { [`${RULE}.serve`]: { on: 30, off: 70, b: 0 } },
      [
        [
          ['on', 0.3],
          ['off', 0.7],
        ],
        undefined,
        1,
        ['off', 'on'],
        'off',
      ],
    ],
    [
      'a share of weights',
      { [`${RULE}.percentage`]: 10, [`${RULE}.serve`]: { on: 50, b: 50 } },
      [
        [
          ['on', 0.5],
          ['b', 0.5],
        ],
        'off',
        1,
        ['off', 'on', 'b'],
        'off',
      ],
    ],
    ['one weight', { [`${RULE}.serve`]: { on: 100, b: 0 } }, undefined],
    ['all', {}, undefined],
  ])('by %s', (_, changes, expected) => {
    expect(dealt(changes)).toEqual(expected)
  })

  it('are those that the experiment names, its control first', () => {
    const named = (experiment: object) =>
      dealt({
        [`${RULE}.serve`]: { on: 25, b: 75 },
        [`${F}.experiment`]: { primary: 'buys', ...experiment },
      })?.slice(3)
    expect(named({})).toEqual([['on', 'b'], 'on'])
    expect(named({ control: 'b' })).toEqual([['b', 'on'], 'b'])
    expect(named({ variants: ['b', 'on'] })).toEqual([['b', 'on'], 'b'])
  })
})

describe('a flag without a split', () => {
  it('is compared with the weeks before by the metrics of its guard', () => {
    expect(weeklyOf({ ...METRICS, ...FALLS, [`${F}.guard.metrics.spent`]: { maxDropPercent: 9 } })).toEqual([
      { name: 'buys', type: 'conversion', cap: undefined, guard: { marginPercent: 5, action: 'rollback' } },
      { name: 'spent', type: 'sum', cap: 9, guard: { marginPercent: 9, action: 'rollback' } },
    ])
  })

  it.each<[string, Changes, boolean]>([
    ['all', {}, true],
    ['one weight', { [`${RULE}.serve`]: { on: 100, b: 0 } }, true],
    ['two weights', { [`${RULE}.serve`]: { on: 50, b: 50 } }, false],
    ['a share', { [`${RULE}.percentage`]: 99 }, false],
    ['a share of all', { [`${RULE}.percentage`]: 100 }, true],
    ['stages', { [`${RULE}.stages`]: [{ percentage: 5 }] }, false],
    ['no rules', { [`${F}.rules`]: [] }, true],
    ['a disabled guard', { [`${F}.guard.enabled`]: false }, false],
    ['a guard without metrics', { [`${F}.guard.metrics`]: {} }, false],
    ['no metrics', { [`${F}.guard.metrics`]: undefined, [`${F}.guard.errors`]: {} }, false],
    ['no guard', { [`${F}.guard`]: undefined }, false],
  ])('is one by %s: %s', (_, changes, expected) => {
    const { document } = snapshotOf({ ...METRICS, ...FALLS, ...changes })
    expect(document.flags.f && comparesWeeks(document.flags.f)).toBe(expected)
  })
})

describe('what the gate counts by itself', () => {
  const measured = (changes: Changes) => snapshotOf({ ...HALF, ...changes }).snapshot.measured

  it('is nothing where no flag measures', () => {
    expect(measured({})).toBeUndefined()
    expect(measured({ metrics: {} })).toBeUndefined()
    expect(measured({ [`${F}.guard`]: { errors: {} } })).toBeUndefined()
    expect(measured({ ...GUARDED, [`${F}.guard.enabled`]: false })).toBeUndefined()
  })

  it('is what flags measure, by metric', () => {
    const both = measured({
      ...GUARDED,
      'flags.g.rules.0.percentage': 5,
      'flags.g.experiment': { primary: 'buys' },
    })
    expect([...(both?.flagsOf ?? [])]).toEqual([
      ['buys', ['f', 'g']],
      ['pages', ['f']],
    ])
    expect(both?.requests).toBeUndefined()
  })

  it('are requests of the host, path, method and status that a metric names', () => {
    const request = (parts: object = {}) => {
      const requests = measured({
        [`${F}.experiment`]: { primary: 'visits' },
        'metrics.visits.request': { path: '/a/*', ...parts },
      })?.requests
      expect(requests?.map(({ name }) => name)).toEqual(['visits'])
      return requests?.[0]
    }
    const any = request()
    expect([
      any?.matches('h', '/a/b', 'GET'),
      any?.matches('h', '/b', 'GET'),
      any?.matches('h', '/%61/b', 'PUT'),
    ]).toEqual([true, false, true])
    expect([199, 200, 299, 300].map((status) => any?.takes(status))).toEqual([false, true, true, false])
    const some = request({ host: ['a.test', 'b.test'], method: 'post', status: 404 })
    expect([
      some?.matches('b.test', '/a/', 'POST'),
      some?.matches('c.test', '/a/', 'POST'),
      some?.matches('a.test', '/a/', 'GET'),
    ]).toEqual([true, false, false])
    expect([403, 404].map((status) => some?.takes(status))).toEqual([false, true])
  })
})
