/**
 * The same flags for the gate's evaluator and for three others: `country` is one of six and, of those, a sticky 25 %
 * by the visitor's id. Each gets its own configuration format and its own context object, made beforehand; timed is
 * the call that an app makes. unleash-client is called below its metrics, which its users would pay for as well.
 */
import { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { GrowthBookClient } from '@growthbook/growthbook'
import { DefaultLogger } from '@openfeature/core'
import { FlagdCore } from '@openfeature/flagd-core'
import type UnleashClientClass from 'unleash-client/lib/client.js'
import { defaultStrategies } from 'unleash-client/lib/strategy/index.js'
import { compileSnapshot } from '../../src/core/config/compile/snapshot.ts'
import { compileControl, INITIAL_CONTROL_STATE } from '../../src/core/config/control.ts'
import { parseDocumentValue } from '../../src/core/config/parse/parse.ts'
import { decide } from '../../src/core/decision/decide.ts'

/** A CommonJS module whose types say otherwise. */
const { default: UnleashClient } = createRequire(import.meta.url)('unleash-client/lib/client.js') as {
  default: typeof UnleashClientClass
}

export type Visitor = { id: string; country: string }

/** Evaluates one flag for a visitor of the list that it was made with. */
export type Evaluator = { name: string; isOn(flag: string, visitor: number): boolean }

export const COUNTRIES = ['RO', 'US', 'DE', 'FR', 'JP', 'BR']
const PERCENTAGE = 25

export const flagNames = (count: number) => Array.from({ length: count }, (_, index) => `flag-${index}`)

export function evaluators(flags: readonly string[], visitors: readonly Visitor[]): Evaluator[] {
  return [
    sluice(flags, visitors),
    flagd(flags, visitors),
    unleash(flags, visitors),
    growthbook(flags, visitors),
  ]
}

function sluice(flags: readonly string[], visitors: readonly Visitor[]): Evaluator {
  const flag = {
    variants: { on: true, off: false },
    off: 'off',
    rules: [
      {
        when: [{ attribute: 'country', op: 'in', values: COUNTRIES }],
        percentage: PERCENTAGE,
        serve: 'on',
      },
    ],
  }
  const parsed = parseDocumentValue({
    origins: { old: { url: 'http://old.example' } },
    routes: [{ path: '/*', origin: 'old' }],
    flags: Object.fromEntries(flags.map((name) => [name, flag])),
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const snapshot = compileSnapshot(parsed.value)
  const control = compileControl(INITIAL_CONTROL_STATE, [])
  const inputs = { flags: snapshot.flags, control, environment: 'production', nowMs: 0, overrides: undefined }
  const contexts = visitors.map(({ id, country }) => ({
    targetingKey: () => id,
    attribute: (name: string) => (name === 'country' ? country : undefined),
  }))
  return {
    name: 'Sluice',
    isOn: (name, visitor) => {
      const compiled = snapshot.flags.get(name)
      const context = contexts[visitor]
      return (
        compiled !== undefined && context !== undefined && decide(compiled, context, inputs).value === true
      )
    },
  }
}

function flagd(flags: readonly string[], visitors: readonly Visitor[]): Evaluator {
  const flag = {
    state: 'ENABLED',
    variants: { on: true, off: false },
    defaultVariant: 'off',
    targeting: {
      if: [
        { in: [{ var: 'country' }, COUNTRIES] },
        {
          fractional: [
            ['on', PERCENTAGE],
            ['off', 100 - PERCENTAGE],
          ],
        },
        'off',
      ],
    },
  }
  const core = new FlagdCore()
  core.setConfigurations(JSON.stringify({ flags: Object.fromEntries(flags.map((name) => [name, flag])) }))
  const contexts = visitors.map(({ id, country }) => ({ targetingKey: id, country }))
  const logger = new DefaultLogger()
  return {
    name: '@openfeature/flagd-core',
    isOn: (name, visitor) => core.resolveBooleanEvaluation(name, false, contexts[visitor], logger).value,
  }
}

function unleash(flags: readonly string[], visitors: readonly Visitor[]): Evaluator {
  const toggles = new Map(
    flags.map((name) => [
      name,
      {
        name,
        type: 'release',
        enabled: true,
        project: 'default',
        stale: false,
        impressionData: false,
        variants: [],
        strategies: [
          {
            name: 'flexibleRollout',
            parameters: { rollout: `${PERCENTAGE}`, stickiness: 'userId', groupId: name },
            constraints: [{ contextName: 'country', operator: 'IN', values: COUNTRIES, inverted: false }],
            segments: [],
          },
        ],
      },
    ]),
  )
  const repository = Object.assign(new EventEmitter(), {
    getToggle: (name: string) => toggles.get(name),
    getToggles: () => [...toggles.values()],
    getTogglesWithSegmentData: () => [],
    getSegment: () => undefined,
    stop: () => undefined,
    start: async () => undefined,
  })
  const client = new UnleashClient(repository as never, defaultStrategies)
  const contexts = visitors.map(({ id, country }) => ({ userId: id, properties: { country } }))
  return {
    name: 'unleash-client',
    isOn: (name, visitor) => client.isEnabled(name, contexts[visitor] ?? {}, () => false),
  }
}

function growthbook(flags: readonly string[], visitors: readonly Visitor[]): Evaluator {
  const feature = {
    defaultValue: false,
    rules: [
      {
        force: true,
        condition: { country: { $in: COUNTRIES } },
        coverage: PERCENTAGE / 100,
        hashAttribute: 'id',
      },
    ],
  }
  const client = new GrowthBookClient().initSync({
    payload: { features: Object.fromEntries(flags.map((name) => [name, feature])) },
  })
  const contexts = visitors.map((visitor) => ({ attributes: visitor }))
  return {
    name: '@growthbook/growthbook',
    isOn: (name, visitor) => client.isOn(name, contexts[visitor] ?? { attributes: {} }),
  }
}
