/** Flag files of flagd: targeting of all kinds, shared evaluators, metadata. */
import { FlagdCore } from '@openfeature/flagd-core'
import { importFlagd } from '../../../src/interop/flagd/import.ts'
import { COUNTRIES, drawing, FLAGS, factsOf, flagName, PLANS, type System, VERSIONS } from './population.ts'

const quiet = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} }
const attribute = (name: string) => ({ var: name })

function text(number: number): string {
  const { one, some, below } = drawing('flagd', number)
  const condition = () =>
    one<object>(
      { in: [attribute('country'), some(...COUNTRIES)] },
      { '==': [attribute('plan'), one(...PLANS)] },
      { ends_with: [attribute('email'), one('@example.com', '.org')] },
      { sem_ver: [attribute('version'), one('>=', '<', '^', '~'), one(...VERSIONS)] },
      { and: [{ '>=': [attribute('age'), 18] }, { '!': [attribute('beta')] }] },
      { or: [{ $ref: 'staff' }, { '<': [attribute('age'), 30] }] },
      { '>': [attribute('$flagd.timestamp'), 1_700_000_000] },
    )
  const share = () => ({
    fractional: [
      ...one<object[]>(
        [],
        [{ cat: [attribute('$flagd.flagKey'), attribute('email')] }],
        [attribute('email')],
      ),
      ['on', below(100)],
      ['100%', 1 + below(100)],
      ...one<unknown[]>([], [[one<string | null>('off', null), below(50)]]),
    ],
  })
  const targeting = () =>
    one<object>(
      share(),
      { if: [condition(), 'on', 'off'] },
      { if: [condition(), share(), condition(), '100%'] },
      { if: [{ '!': [condition()] }, 'off', share()] },
    )
  const flags = Array.from({ length: FLAGS }, (_, index) => [
    flagName(index),
    {
      state: one('ENABLED', 'ENABLED', 'ENABLED', 'DISABLED'),
      variants: { on: index, off: -1, '100%': 'all' },
      defaultVariant: one('off', 'on', null),
      ...(index % 7 > 0 && { targeting: targeting() }),
      metadata: { team: one('web', 'mobile'), ticket: index },
    },
  ])
  return JSON.stringify({
    $schema: 'https://flagd.dev/schema/v0/flags.json',
    metadata: { flagSetId: `shop-${number}` },
    $evaluators: { staff: { ends_with: [attribute('email'), '@shop.example'] } },
    flags: Object.fromEntries(flags),
  })
}

export const flagd: System = {
  name: 'flagd',
  text,
  import: importFlagd,
  oracle: async (source) => {
    const core = new FlagdCore(undefined, quiet)
    core.setConfigurations(source)
    const answer = async (flag: string, person: Parameters<System['visitor']>[0]) => {
      const own = core.getFlag(flag)
      if (own?.state === 'DISABLED') return null
      return own?.evaluate({ targetingKey: person.id, ...factsOf(person) }, quiet).value ?? null
    }
    return { answer, close: () => {} }
  },
  visitor: (person) => ({ targetingKey: person.id, attributes: factsOf(person) }),
}
