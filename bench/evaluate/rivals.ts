/**
 * The gate's evaluator and three others. Each gets its own configuration format and its own context object, made
 * beforehand; timed is the call that an app makes. unleash-client is called below its metrics, which its users would pay
 * for as well.
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

/** A visitor's id and attributes. */
export type Visitor = { id: string } & Record<string, string>

/** Evaluates one flag for a visitor of the list that it was made with. */
export type Evaluator = { name: string; isOn(flag: string, visitor: number): boolean }

/** What importers call the visitor's id. */
const IDS = ['userId', 'targetingKey']

/** Flags by name, in an evaluator's own format. */
export type Flags = Readonly<Record<string, object>>

export function sluice(flags: Flags, visitors: readonly Visitor[]): Evaluator {
  return sluiceOf(
    { origins: { old: { url: 'http://old.example' } }, routes: [{ path: '/*', origin: 'old' }], flags },
    visitors,
  )
}

/** The gate's evaluator with a whole document, such as an imported one. */
export function sluiceOf(document: unknown, visitors: readonly Visitor[]): Evaluator {
  const parsed = parseDocumentValue(document)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const snapshot = compileSnapshot(parsed.value)
  const control = compileControl(INITIAL_CONTROL_STATE, [])
  const inputs = { flags: snapshot.flags, control, environment: 'production', nowMs: 0, overrides: undefined }
  const contexts = visitors.map((visitor) => ({
    targetingKey: () => visitor.id,
    attribute: (name: string) => (IDS.includes(name) ? visitor.id : visitor[name]),
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

export function flagd(flags: Flags, visitors: readonly Visitor[]): Evaluator {
  const core = new FlagdCore()
  core.setConfigurations(JSON.stringify({ flags }))
  const contexts = visitors.map(({ id, ...attributes }) => ({ targetingKey: id, ...attributes }))
  const logger = new DefaultLogger()
  return {
    name: '@openfeature/flagd-core',
    isOn: (name, visitor) =>
      core.resolveBooleanEvaluation(name, false, contexts[visitor] ?? {}, logger).value,
  }
}

/** What each feature of Unleash has, besides its strategies. */
const FEATURE = {
  type: 'release',
  enabled: true,
  project: 'default',
  stale: false,
  impressionData: false,
  variants: [],
}

/** A feature with one strategy. */
export function unleashFeature(name: string, strategy: object): object {
  return { ...FEATURE, name, strategies: [{ segments: [], constraints: [], parameters: {}, ...strategy }] }
}

export function unleash(features: Flags, visitors: readonly Visitor[]): Evaluator {
  const toggles = new Map(Object.entries(features))
  const repository = Object.assign(new EventEmitter(), {
    getToggle: (name: string) => toggles.get(name),
    getToggles: () => [...toggles.values()],
    getTogglesWithSegmentData: () => [],
    getSegment: () => undefined,
    stop: () => undefined,
    start: async () => undefined,
  })
  const client = new UnleashClient(repository as never, defaultStrategies)
  const contexts = visitors.map(({ id, ...properties }) => ({
    userId: id,
    ...(properties.ip !== undefined && { remoteAddress: properties.ip }),
    properties,
  }))
  return {
    name: 'unleash-client',
    isOn: (name, visitor) => client.isEnabled(name, contexts[visitor] ?? {}, () => false),
  }
}

export function growthbook(features: Flags, visitors: readonly Visitor[]): Evaluator {
  const client = new GrowthBookClient().initSync({ payload: { features: { ...features } as never } })
  const contexts = visitors.map((visitor) => ({ attributes: visitor }))
  return {
    name: '@growthbook/growthbook',
    isOn: (name, visitor) => client.isOn(name, contexts[visitor] ?? { attributes: {} }),
  }
}
