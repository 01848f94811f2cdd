/**
 * Samples of what decisions were made from, to try a new document on. A sample holds no identifier: the visitor is a
 * pseudonym, and values that could identify a person are hashed, beside the answers of the conditions that asked for
 * them.
 */
import type { Snapshot } from '../config/compile/snapshot.ts'
import type { AttributeValue, EvaluationContext, Scalar } from '../context/attributes.ts'
import type { Source } from '../context/identity.ts'
import { type CompiledCondition, holds } from '../flags/conditions.ts'
import type { CompiledFlag } from '../flags/flag.ts'
import { murmur3 } from '../flags/murmur3.ts'
import { compileSalt, positionOfKey } from '../flags/position.ts'

export type DecisionSample = {
  /** The visitor's pseudonym. */
  visitor: string
  atMs: number
  host: string
  /** Segments that look like identifiers are masked. */
  path: string
  method: string
  /** Salt → position, for the flags that route requests; for others the pseudonym's position serves as well. */
  positions: Readonly<Record<string, number>>
  /** Plain attributes; null when asked for and missing. */
  attributes: Readonly<Record<string, AttributeValue | null>>
  /** Attribute → hashes of values that could identify a person. */
  hashed: Readonly<Record<string, readonly string[]>>
  /** conditionId → answer, for conditions on hashed attributes. */
  held: Readonly<Record<string, boolean>>
}

/** A sample before its identifiers are hashed: it never leaves the isolate. */
export type RawSample = Omit<DecisionSample, 'visitor' | 'hashed'> & {
  targetingKey: string
  identifying: Readonly<Record<string, readonly string[]>>
}

/** What to record for a document. */
export type SamplingPlan = {
  names: readonly string[]
  conditions: ReadonlyMap<string, readonly CompiledCondition[]>
  identifiers: ReadonlySet<string>
  salts: readonly string[]
}

/** Recorded for every document, since the next one may ask for them. */
const ALWAYS = ['country', 'continent', 'device', 'os', 'browser', 'bot', 'language']
const MOST_NAMES = 60
const MOST_CONDITIONS = 100
const MOST_SALTS = 50
const LONGEST_VALUE = 200
/** No name of a host is longer (RFC 1035, 2.3.4). */
const LONGEST_HOST = 255
/** Longer values may well identify a person. */
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

/** Records one request of the visitor with this targeting key. */
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
    host: host.slice(0, LONGEST_HOST),
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

/** Masks numbers, long segments and addresses; the rest still shows the route. */
function maskedPath(path: string): string {
  return path
    .split('/')
    .map((segment) => (/\d{3}|@|%40|.{32}/.test(segment) ? '-' : segment))
    .slice(0, 12)
    .join('/')
}

/** An id of a condition's question, equal across documents. */
export function conditionId(condition: CompiledCondition): string {
  const { attribute, op, negate, ignoreCase, values, type, versions } = condition
  const text = JSON.stringify([attribute, op, negate, ignoreCase, values, type, versions])
  return `${murmur3(text, 0).toString(36)}-${murmur3(text, 1).toString(36)}`
}

/** Replaces identifiers by their keyed hashes. */
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
