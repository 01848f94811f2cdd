/**
 * Samples of what decisions were made from, so that a new document can be tried on the people there are. A sample
 * holds no identifier: the visitor is a pseudonym, and whatever could name a person is hashed, with the answers of
 * the conditions that asked for it.
 */
import type { Snapshot } from '../config/compile/snapshot.ts'
import type { AttributeValue, EvaluationContext, Scalar } from '../context/attributes.ts'
import type { Source } from '../context/identity.ts'
import { type CompiledCondition, holds } from '../flags/conditions.ts'
import type { CompiledFlag } from '../flags/flag.ts'
import { murmur3 } from '../flags/murmur3.ts'
import { compileSalt, positionOfKey } from '../flags/position.ts'

export type DecisionSample = {
  /** Pseudonym of the visitor. */
  visitor: string
  atMs: number
  host: string
  /** Parts that look like identifiers are masked. */
  path: string
  method: string
  /** Positions by salt, of flags that requests are decided by; of others the pseudonym's is as good as any. */
  positions: Readonly<Record<string, number>>
  /** Plain attributes; null for one that was asked for and is missing. */
  attributes: Readonly<Record<string, AttributeValue | null>>
  /** Hashes of the values of attributes that could name a person. */
  hashed: Readonly<Record<string, readonly string[]>>
  /** What conditions on those attributes answered, by conditionId. */
  held: Readonly<Record<string, boolean>>
}

/** A sample before its identifiers have been hashed: never leaves the isolate. */
export type RawSample = Omit<DecisionSample, 'visitor' | 'hashed'> & {
  targetingKey: string
  identifying: Readonly<Record<string, readonly string[]>>
}

/** What is recorded for a document. */
export type SamplingPlan = {
  names: readonly string[]
  conditions: ReadonlyMap<string, readonly CompiledCondition[]>
  identifiers: ReadonlySet<string>
  salts: readonly string[]
}

/** Recorded whatever the document asks for, as a new one may. */
const ALWAYS = ['country', 'continent', 'device', 'os', 'browser', 'bot', 'language']
const MOST_NAMES = 60
const MOST_CONDITIONS = 100
const MOST_SALTS = 50
const LONGEST_VALUE = 200
/** A value that is longer names somebody, or might as well. */
const LONGEST_PLAIN_VALUE = 40
const IDENTIFIERS = [
  'targetingKey',
  'ip',
  'email',
  'userId',
  'user',
  'username',
  'name',
  'phone',
  'sub',
  'cookie.sluice_id',
]
/** Not an attribute of the visitor. */
const CLOCK = 'now'

export function samplingPlanOf({ flags, identity, routes }: Snapshot): SamplingPlan {
  const conditions = new Map<string, CompiledCondition[]>()
  for (const flag of flags.values()) {
    for (const condition of flag.rules.flatMap((rule) => rule.conditions)) {
      const known = conditions.get(condition.attribute)
      if (known) known.push(condition)
      else conditions.set(condition.attribute, [condition])
    }
  }
  conditions.delete(CLOCK)
  const names = new Set([...ALWAYS, ...identity.attributes.keys(), ...conditions.keys()])
  const keySources = identity.targetingKey.map(attributeOfSource)
  const sameSource = [...identity.attributes].filter(([, sources]) =>
    sources.some((source) => keySources.includes(attributeOfSource(source))),
  )
  const identifiers = new Set([...IDENTIFIERS, ...keySources, ...sameSource.map(([name]) => name)])
  const routed = routes.flatMap(({ target }) => (target.kind === 'flag' ? [target.flag] : []))
  const salts = new Set([...routed, ...flags.values()].flatMap(saltsOf))
  return {
    names: [...names].slice(0, MOST_NAMES),
    conditions,
    identifiers,
    salts: [...salts].slice(0, MOST_SALTS),
  }
}

function saltsOf({ salt, rules }: CompiledFlag): string[] {
  return [salt.text, ...rules.flatMap(({ serve }) => (serve.kind === 'weights' ? [serve.salt.text] : []))]
}

function attributeOfSource({ kind, name }: Source): string {
  return `${kind}.${name}`
}

/** Records one request. `targetingKey` is the visitor's. */
export function takeSample(
  plan: SamplingPlan,
  context: EvaluationContext,
  request: { host: string; path: string; method: string; nowMs: number },
  targetingKey: string,
): RawSample {
  const attributes: Record<string, AttributeValue | null> = {}
  const identifying: Record<string, readonly string[]> = {}
  const held: Record<string, boolean> = {}
  for (const name of plan.names) {
    const value = context.attribute(name) ?? null
    if (value === null || !isIdentifying(plan, name, value)) {
      attributes[name] = value
      continue
    }
    identifying[name] = asList(value).map((each) => String(each).slice(0, LONGEST_VALUE))
    for (const condition of (plan.conditions.get(name) ?? []).slice(0, MOST_CONDITIONS)) {
      held[conditionId(condition)] = holds(condition, context)
    }
  }
  const { host, path, method, nowMs: atMs } = request
  const positions = Object.fromEntries(
    plan.salts.map((salt) => [salt, positionOfKey(compileSalt(salt), targetingKey)]),
  )
  return {
    targetingKey,
    atMs,
    host,
    path: maskedPath(path),
    method,
    positions,
    attributes,
    identifying,
    held,
  }
}

function isIdentifying({ identifiers }: SamplingPlan, name: string, value: AttributeValue): boolean {
  if (identifiers.has(name)) return true
  return asList(value).some(
    (each) => typeof each === 'string' && (each.length > LONGEST_PLAIN_VALUE || each.includes('@')),
  )
}

/** Numbers, long segments and addresses become `-`: what is left still tells which route it is. */
function maskedPath(path: string): string {
  return path
    .split('/')
    .map((segment) => (/\d{3}|@|%40|.{32}/.test(segment) ? '-' : segment))
    .slice(0, 12)
    .join('/')
}

/** Names a condition, the same for the same question in another document. */
export function conditionId({ attribute, op, negate, ignoreCase, values }: CompiledCondition): string {
  const text = JSON.stringify([attribute, op, negate, ignoreCase, values])
  return `${murmur3(text, 0).toString(36)}-${murmur3(text, 1).toString(36)}`
}

/** Hashes what could name a person, with a keyed hash. */
export async function sealSample(
  raw: RawSample,
  hash: (text: string) => Promise<string>,
): Promise<DecisionSample> {
  const { targetingKey, identifying, ...rest } = raw
  const hashed: Record<string, readonly string[]> = {}
  for (const [name, values] of Object.entries(identifying)) hashed[name] = await Promise.all(values.map(hash))
  return { ...rest, visitor: await hash(targetingKey), hashed }
}

export function asList(value: AttributeValue): readonly Scalar[] {
  return typeof value === 'object' ? value : [value]
}
