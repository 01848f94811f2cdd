/** Simple flag files, held against a literal reading of them. */
import { importFeatures } from '../../../src/interop/features/import.ts'
import { isOn, type LiteralFlag } from '../features/literal-features.ts'
import { COUNTRIES, drawing, FLAGS, flagName, PLANS, type System } from './population.ts'

function text(number: number): string {
  const { one, some, below } = drawing('features', number)
  const features = Array.from({ length: FLAGS }, (_, index) => [
    flagName(index, '_'),
    {
      active: index % 9 > 0,
      ...one<object>({}, { activation_date: '2025-01-01' }, { activation_date: '2099-01-01T00:00:00Z' }),
      ...one<object>({}, {}, { environments: ['production', 'staging'] }),
      ...one<object>({}, { users: ['user-1', 2] }),
      ...one<object>({}, { regions: some(...COUNTRIES) }),
      ...one<object>({}, { account_types: some(...PLANS) }),
      ...one<object>({}, {}, { beta_program: true }),
      ...one<object>({}, { percentage_rollout: below(101) }, { percentage_rollout: below(101) }),
      ...(index % 6 === 5 && { depends_on: [flagName(index - 1, '_')] }),
      ...one<object>({}, { error_threshold: 10 }),
      metadata: { description: `number ${index}`, owner: one('web', 'mobile'), ticket: index },
    },
  ])
  return JSON.stringify({ features: Object.fromEntries(features) })
}

export const features: System = {
  name: 'a simple flag file',
  text,
  import: (source) => importFeatures(source),
  oracle: async (source) => {
    const { features: flags } = JSON.parse(source) as { features: Record<string, LiteralFlag> }
    return {
      answer: async (flag, { id, country, plan, beta }) =>
        isOn(
          flags,
          flag,
          { id, region: country, accountType: plan, beta },
          { environment: 'production', nowMs: Date.now() },
        ),
      close: () => {},
    }
  },
  visitor: ({ id, country, plan, beta }) => ({
    targetingKey: id,
    attributes: { region: country, accountType: plan, beta },
  }),
}
