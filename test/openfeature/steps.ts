/** The steps of OpenFeature's suites that an OFREP provider can be held to. */
import assert from 'node:assert/strict'
import { type EvaluationContext, type FlagValue, type JsonValue, OpenFeature } from '@openfeature/server-sdk'
import type { Step } from './gherkin.ts'
import type { World } from './world.ts'

type Act = (world: World, texts: readonly string[], step: Step) => void | Promise<void>
const nothing: Act = () => {}

/** A text of a step, as Gherkin quotes it. */
const unquoted = (text: string) => text.replaceAll('\\"', '"')

function readAs(type: string, text: string): FlagValue {
  switch (type.toLowerCase()) {
    case 'boolean':
      return text.toLowerCase() === 'true'
    case 'integer':
    case 'float':
      return Number(text)
    case 'object':
    case 'array':
      return JSON.parse(unquoted(text)) as JsonValue
    default:
      return unquoted(text)
  }
}

const TYPES = { boolean: 'boolean', string: 'string', integer: 'number', float: 'number' } as const

function ask(world: World, type: string, key: string, fallback: string): void {
  const known = TYPES[type.toLowerCase() as keyof typeof TYPES] ?? 'object'
  world.asked = { key, type: known, fallback: readAs(type, fallback) }
}

const askAndEvaluate: Act = async (world, [type = '', key = '', fallback = '']) => {
  ask(world, type, key, fallback)
  await world.evaluate()
}

/** The value is of the type that is asked for, so that is how its text is read. */
const hasValue: Act = (world, [text = '']) => {
  const { type } = world.asked ?? { type: 'string' }
  const expected = type === 'number' ? Number(text) : readAs(type, text)
  assert.deepEqual(world.details?.value, expected)
}

const hasPicture: Act = ({ details }) =>
  assert.deepEqual(details?.value, { showImages: true, title: 'Check out these pics!', imagesPerPage: 100 })

const hasMetadata: Act = ({ details }, _, { table: [, ...rows] }) => {
  const expected = Object.fromEntries(
    rows.map(([key = '', type = '', text = '']) => [key, readAs(type, text)]),
  )
  assert.deepEqual({ ...expected, ...details?.flagMetadata }, { ...details?.flagMetadata, ...expected })
}

const sentEntry: Act = ({ sent }, [key = '', value = '']) => assert.equal(sent[key], value)

const hookedDetails: Act = ({ hooked, details }, [stages = ''], { table: [, ...rows] }) => {
  for (const stage of stages.split(', ')) {
    // OpenFeature's SDK for servers gives details to these stages from version 1.18 on.
    const seen = hooked[stage] ?? details
    const facts: Record<string, unknown> = {
      flag_key: seen?.flagKey,
      value: seen?.value,
      variant: seen?.variant,
      reason: seen?.reason,
      error_code: seen?.errorCode,
    }
    for (const [type = '', key = '', text = ''] of rows)
      assert.equal(facts[key] ?? null, text === 'null' ? null : readAs(type, text), `${stage}: ${key}`)
  }
}

const STEPS: readonly (readonly [RegExp, Act])[] = [
  [/^an? (?:stable (?:flagd )?provider(?: with retrievable context is registered)?|evaluator)$/, nothing],
  [/^an option "cache" of type "CacheType" with value "disabled"$/, nothing],
  [
    /^an? (\w+)-flag with key "(.*?)" and a (?:fallback|default) value "(.*)"$/,
    (world, [type = '', key = '', fallback = '']) => ask(world, type, key, fallback),
  ],
  [
    /^a context containing a key "(.*?)", with type "(.*?)" and with value "(.*)"$/,
    ({ context }, [key = '', type = '', text = '']) => {
      context[key] = readAs(type, text)
    },
  ],
  [
    /^a context containing a key "(.*?)" with null value$/,
    ({ context }, [key = '']) => {
      context[key] = null
    },
  ],
  [
    /^a context containing a nested property with outer key "(.*?)" and inner key "(.*?)", with value "(.*)"$/,
    ({ context }, [outer = '', inner = '', text = '']) => {
      context[outer] = { [inner]: text }
    },
  ],
  [
    /^a context containing a targeting key with value "(.*)"$/,
    ({ context }, [text = '']) => {
      context.targetingKey = text
    },
  ],
  [/^the flag was evaluated with details(?: asynchronously)?$/, (world) => world.evaluate()],
  [/^Some flag was evaluated$/, (world) => world.evaluate()],
  [/^the evaluation should complete without blocking$/, ({ details }) => assert.ok(details)],
  [/^the resolved details value should be "(.*)"$/, hasValue],
  [/^the reason should be "(.*)"$/, ({ details }, [reason]) => assert.equal(details?.reason, reason)],
  [/^the variant should be "([^"]*)"$/, ({ details }, [variant]) => assert.equal(details?.variant, variant)],
  [/^the flag key should be "(.*)"$/, ({ details }, [key]) => assert.equal(details?.flagKey, key)],
  [
    /^the error-code should be "(.*)"$/,
    ({ details }, [code]) => assert.equal(details?.errorCode ?? '', code),
  ],
  [/^the resolved metadata should contain$/, hasMetadata],
  [/^the resolved metadata is empty$/, ({ details }) => assert.deepEqual(details?.flagMetadata, {})],
  [
    /^A context entry with key "(.*)" and value "(.*)" is added to the "(.*)" level$/,
    ({ entries }, [key = '', value = '', level = '']) => {
      entries[level] = { ...entries[level], [key]: value }
    },
  ],
  [
    /^A table with levels of increasing precedence$/,
    (world, _, { table }) => {
      world.levels = table.map(([level = '']) => level)
    },
  ],
  [
    /^Context entries for each level from API level down to the "(.*)" level, with key "(.*)" and value "(.*)"$/,
    ({ levels, entries }, [last = '', key = '']) => {
      for (const level of levels.slice(0, levels.indexOf(last) + 1)) entries[level] = { [key]: level }
    },
  ],
  [/^The merged context contains an entry with key "(.*)" and value "(.*)"$/, sentEntry],
  [/^a client with added hook$/, (world) => void world.client.addHooks(world.hook())],
  [/^the "(.*)" hook should have been executed$/, ({ ran }, [stage = '']) => assert.ok(ran.includes(stage))],
  [/^the "(.*)" hooks should be called with evaluation details$/, hookedDetails],
  [
    /^evaluation options containing specific hooks$/,
    (world) => void world.options.hooks.push(world.hook('1 '), world.hook('2 ')),
  ],
  [/^the flag was evaluated with details using the evaluation options$/, (world) => world.evaluate()],
  [/^the specified hooks should execute during evaluation$/, ({ ran }) => assert.ok(ran.length > 0)],
  [
    /^the hook order should be maintained$/,
    ({ ran }) =>
      assert.deepEqual(ran, ['1 before', '2 before', '2 after', '1 after', '2 finally', '1 finally']),
  ],
  [
    /^an evaluation context with modifiable data$/,
    ({ context }) => void Object.assign(context, { list: [1], inner: { a: 1 } }),
  ],
  [
    /^the original evaluation context should remain unmodified$/,
    ({ context }) => assert.deepEqual(context, { list: [1], inner: { a: 1 } }),
  ],
  [
    /^the evaluation details should be immutable$/,
    ({ details }) => assert.ok(Object.isFrozen(details?.flagMetadata)),
  ],
  [/^the provider status should be "(READY)"$/, ({ client }, [s]) => assert.equal(client.providerStatus, s)],
  // The older suite says the same in other words.
  [
    /^an? (boolean|string|integer|float|object) flag with key "(.*)" is evaluated with (?:details and )?default value "?(.*?)"?$/,
    askAndEvaluate,
  ],
  [
    /^an (object) flag with key "(.*)" is evaluated with (?:details and )?a null default value$/,
    (world, [type = '', key = ''], step) => askAndEvaluate(world, [type, key, '{}'], step),
  ],
  [/^the resolved (?:boolean|string|integer|float) value should be "?(.*?)"?$/, hasValue],
  [
    /^the resolved (?:boolean|string|integer|float) details value should be "?(.*?)"?, the variant should be "(.*)", and the reason should be "(.*)"$/,
    (world, [value = '', variant, reason], step) => {
      void hasValue(world, [value], step)
      assert.deepEqual([world.details?.variant, world.details?.reason], [variant, reason])
    },
  ],
  [/^the resolved object (?:details )?value should be contain fields /, hasPicture],
  [
    /^the variant should be "(.*)", and the reason should be "(.*)"$/,
    ({ details }, [variant, reason]) =>
      assert.deepEqual([details?.variant, details?.reason], [variant, reason]),
  ],
  [
    /^context contains keys "(.*)", "(.*)", "(.*)", "(.*)" with values "(.*)", "(.*)", (\d+), "(.*)"$/,
    ({ context }, [a = '', b = '', c = '', d = '', e, f, g, h]) =>
      void Object.assign(context, { [a]: e, [b]: f, [c]: Number(g), [d]: h === 'true' }),
  ],
  [
    /^a flag with key "(.*)" is evaluated with default value "(.*)"$/,
    (world, [key = '', fallback = ''], step) => askAndEvaluate(world, ['string', key, fallback], step),
  ],
  [/^the resolved string response should be "(.*)"$/, hasValue],
  [
    /^the resolved flag value is "(.*)" when the context is empty$/,
    async (world, [value]) => {
      for (const key of Object.keys(world.context)) delete (world.context as EvaluationContext)[key]
      await world.evaluate()
      assert.equal(world.details?.value, value)
    },
  ],
  [
    /^a non-existent (string) flag with key "(.*)" is evaluated with details and a fallback value "(.*)"$/,
    askAndEvaluate,
  ],
  [
    /^a string flag with key "(.*)" is evaluated as an (integer), with details and a fallback value (\d+)$/,
    (world, [key = '', type = '', fallback = ''], step) => askAndEvaluate(world, [type, key, fallback], step),
  ],
  [
    /^the default (?:string|integer) value should be returned$/,
    ({ details, asked }) => assert.equal(details?.value, asked?.fallback),
  ],
  [
    /^the reason should indicate an error and the error code should indicate a .* with "(.*)"$/,
    ({ details }, [code]) => assert.deepEqual([details?.reason, details?.errorCode], ['ERROR', code]),
  ],
]

/** How to do a step; undefined for one that is about something else than an OFREP provider. */
export function actOf(step: Step): ((world: World) => void | Promise<void>) | undefined {
  for (const [pattern, act] of STEPS) {
    const match = pattern.exec(step.text)
    if (match) return (world) => act(world, match.slice(1), step)
  }
  return undefined
}

/** Ends what the scenarios have begun. */
export async function closeAll(): Promise<void> {
  await OpenFeature.close()
}
