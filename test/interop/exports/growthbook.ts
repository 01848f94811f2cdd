/** Payloads of GrowthBook: forced values, experiments of both hashes, namespaces, filters, prerequisites, saved groups. */
import { GrowthBook } from '@growthbook/growthbook'
import { importGrowthBook } from '../../../src/interop/growthbook/import.ts'
import { COUNTRIES, drawing, FLAGS, flagName, PLANS, type System, VERSIONS } from './population.ts'

function text(number: number): string {
  const { one, some, below } = drawing('growthbook', number)
  const condition = () =>
    one<object>(
      { country: { $in: some(...COUNTRIES) } },
      { plan: one(...PLANS) },
      { email: { $regex: one('@example\\.com$', '^ann') } },
      { version: { $vgte: one(...VERSIONS) } },
      { $or: [{ age: { $lt: 30 } }, { beta: true }] },
      { $not: { country: { $nin: some(...COUNTRIES) } } },
      { $savedGroup: { id: 'adults' } },
      { id: { $inGroup: 'testers' } },
    )
  const hashed = () => ({
    hashAttribute: one('id', 'id', 'email'),
    hashVersion: one(1, 2),
    ...one<object>({}, { seed: `seed-${below(9)}` }),
  })
  const rule = (index: number) =>
    one<object>(
      { condition: condition(), force: 'red', name: 'by condition' },
      { condition: condition(), force: 'green', coverage: below(100) / 100, ...hashed() },
      { key: `exp-${index}`, variations: ['red', 'green', 'blue'], weights: [0.5, 0.3, 0.2], ...hashed() },
      {
        key: `exp-${index}`,
        variations: ['red', 'green'],
        coverage: 0.4,
        condition: condition(),
        ...hashed(),
      },
      { key: `exp-${index}`, variations: ['red', 'green'], namespace: ['pricing', 0.2, 0.7], ...hashed() },
      {
        variations: ['green', 'blue'],
        ranges: [
          [0, 0.25],
          [0.5, 1],
        ],
        filters: [{ seed: 'holdout', hashVersion: 2, attribute: 'id', ranges: [[0.1, 1]] }],
        ...hashed(),
      },
    )
  const features = Array.from({ length: FLAGS }, (_, index) => {
    const parent = flagName(index - 1, '_')
    const gate = { parentConditions: [{ id: parent, condition: { value: { $ne: 'blue' } }, gate: true }] }
    const rules = Array.from({ length: 1 + below(3) }, () => rule(index))
    return [
      flagName(index, '_'),
      { defaultValue: one('grey', 'black'), rules: index % 6 === 5 ? [gate, ...rules] : rules },
    ]
  })
  return JSON.stringify({
    status: 200,
    dateUpdated: '2026-11-01T00:00:00Z',
    features: Object.fromEntries(features),
    savedGroups: {
      testers: ['user-1', 'user-2'],
      adults: { type: 'condition', condition: { age: { $gte: 18 } } },
    },
  })
}

export const growthBook: System = {
  name: 'GrowthBook',
  text,
  import: importGrowthBook,
  oracle: async (source) => {
    const { features, savedGroups } = JSON.parse(source) as { features: never; savedGroups: never }
    const answer: Awaited<ReturnType<System['oracle']>>['answer'] = async (flag, { id, ...person }) =>
      new GrowthBook({ features, savedGroups, attributes: { id, ...person } }).evalFeature(flag).value
    return { answer, close: () => {} }
  },
  visitor: ({ id, ...person }) => ({ targetingKey: id, attributes: person }),
}
