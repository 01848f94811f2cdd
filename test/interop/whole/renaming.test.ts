import { describe, expect, it } from 'vitest'
import { importFeatures } from '../../../src/interop/features/import.ts'
import { importFlagd } from '../../../src/interop/flagd/import.ts'
import { importGrowthBook } from '../../../src/interop/growthbook/import.ts'
import type { Imported, Renamed } from '../../../src/interop/imported.ts'
import { importUnleash } from '../../../src/interop/unleash/import.ts'
import { deciderFor, documentIn } from '../decider.ts'

type Importer = (source: object, renamed?: Renamed) => Imported
/** Two flags of each system: half of the users, and one that needs the first where the system has that. */
const SYSTEMS: Record<string, { run: Importer; source: (key: string, other: string) => object }> = {
  features: {
    run: (source, renamed) => importFeatures(JSON.stringify(source), undefined, undefined, renamed),
    source: (key, other) => ({
      [key]: { active: true, percentage_rollout: 50 },
      [other]: { active: true, depends_on: [key] },
    }),
  },
  unleash: {
    run: (source, renamed) => importUnleash(JSON.stringify(source), undefined, renamed),
    source: (key, other) => ({
      features: [
        {
          name: key,
          enabled: true,
          strategies: [{ name: 'flexibleRollout', parameters: { rollout: '50' } }],
        },
        { name: other, enabled: true, strategies: [{ name: 'default' }], dependencies: [{ feature: key }] },
      ],
    }),
  },
  flagd: {
    run: (source, renamed) => importFlagd(JSON.stringify(source), undefined, renamed),
    source: (key, other) => {
      const targeting = {
        fractional: [
          ['on', 50],
          ['off', 50],
        ],
      }
      const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', targeting }
      return { flags: { [key]: flag, [other]: flag } }
    },
  },
  growthbook: {
    run: (source, renamed) => importGrowthBook(JSON.stringify(source), undefined, renamed),
    source: (key, other) => {
      const feature = { defaultValue: false, rules: [{ force: true, coverage: 0.5, hashAttribute: 'id' }] }
      return { features: { [key]: feature, [other]: feature } }
    },
  },
}

const USERS = Array.from({ length: 500 }, (_, index) => `user-${index}`)
/** Which of the users have the flag. */
function usersOf(imported: Imported, key: string): string {
  const decide = deciderFor(documentIn(imported))
  return USERS.filter((id) => {
    const attributes = { id, userId: id }
    return Boolean(decide(key, { targetingKey: id, attributes })?.value)
  }).join()
}

describe.each(Object.entries(SYSTEMS))('a flag of %s', (_, { run, source }) => {
  it('has another key here, and its visitors and dependents keep their place', () => {
    const plain = run(source('first', 'second'))
    const renamed = run(source('first', 'second'), { first: 'mine' })
    expect(Object.keys(documentIn(renamed).flags ?? {})).toEqual(['mine', 'second'])
    const users = usersOf(plain, 'first')
    expect(users.split(',').length).toBeGreaterThan(200)
    expect(users.split(',').length).toBeLessThan(300)
    expect(usersOf(renamed, 'mine')).toBe(users)
    expect(usersOf(renamed, 'second')).toBe(usersOf(plain, 'second'))
  })

  it("with a key that a document can't have is left out, unless it gets another", () => {
    const all = source('my flag', 'second')
    const what = '"my flag" can\'t be the key of a flag: give it another with --rename'
    expect(run(all)).toMatchObject({ ok: true, losses: [{ what, rename: 'my flag=my-flag' }] })
    expect(run(all, { 'my flag': 'mine' })).toMatchObject({ ok: true, losses: [] })
    // It is the source's key that gets another, whatever it was given.
    expect(run(all, { 'my flag': 'mine, too' })).toMatchObject({ losses: [{ rename: 'my flag=mine-too' }] })
  })

  it('is proposed a key that is free, and that takes effect', () => {
    for (const [key, other, rename] of [
      ['my flag', 'my-flag', 'my flag=my-flag-2'],
      ['"a" $b', 'second', '"a" $b=a-b'],
      ['…', 'second', '…=flag'],
    ] as const) {
      expect(run(source(key, other))).toMatchObject({ losses: [{ rename }] })
      const [, name = ''] = /=([^=]*)$/.exec(rename) ?? []
      const renamed = run(source(key, other), { [key]: name })
      expect(renamed).toMatchObject({ losses: [] })
      expect(Object.keys(documentIn(renamed).flags ?? {}).sort()).toEqual([name, other].sort())
    }
  })

  it('may be called as what every object has', () => {
    expect(Object.keys(documentIn(run(source('toString', 'second'))).flags ?? {})).toEqual([
      'toString',
      'second',
    ])
  })

  it('replaces no other flag', () => {
    const both = run(source('first', 'second'), { first: 'second' })
    const what = '"second" would be the key of two flags: give it another with --rename'
    const losses = [{ what, rename: 'first=second-2' }, { rename: 'second=second-3' }]
    expect(both).toMatchObject({ ok: true, summary: { flags: 0 }, losses })
  })
})
