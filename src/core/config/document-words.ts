/**
 * What changed between two documents, as people say it: by flag, rule name and stage. One line for each flag:
 * "new-site: canary: stages 1/5/25/50/100 → 5/50/100; rule testers added".
 */
import { valueText } from '../figures.ts'
import { isObject, type JsonObject } from '../json-object.ts'
import { changesBetween } from './document-diff.ts'

const LONGEST_VALUE = 60

/**
 * The changes from one document, as written, to another, in lines.
 *
 * @example changeWords(JSON.parse(before), JSON.parse(after)) // ['new-site: canary: percentage 5 → 10']
 */
export function changeWords(before: unknown, after: unknown): string[] {
  const [was, is] = [objectOf(before), objectOf(after)]
  const [flagsBefore, flagsAfter] = [objectOf(was.flags), objectOf(is.flags)]
  const flags = keysOf(flagsBefore, flagsAfter).flatMap((key) => {
    if (!Object.hasOwn(flagsAfter, key)) return [`flag ${key} removed`]
    if (!Object.hasOwn(flagsBefore, key)) return [`flag ${key} added`]
    const parts = flagWords(objectOf(flagsBefore[key]), objectOf(flagsAfter[key]))
    return parts.length === 0 ? [] : [`${key}: ${parts.join('; ')}`]
  })
  const rest = ['flags', 'origins', 'routes']
  return [
    ...originsWords(objectOf(was.origins), objectOf(is.origins)),
    ...routesWords(was.routes, is.routes),
    ...plainWords(without(was, ...rest), without(is, ...rest)),
    ...flags,
  ]
}

function originsWords(was: JsonObject, is: JsonObject): string[] {
  return keysOf(was, is).flatMap((name) => {
    if (!Object.hasOwn(is, name)) return [`origin ${name} removed`]
    const { url, binding } = objectOf(is[name])
    if (!Object.hasOwn(was, name)) return [`origin ${name} added: ${url ?? binding}`]
    return plainWords(was[name], is[name]).map((words) => `origin ${name}: ${words}`)
  })
}

/** By what they match, where each is the only one of its kind; else by their places. */
function routesWords(was: unknown, is: unknown): string[] {
  const [before, after] = [routesOf(was), routesOf(is)]
  if (before === undefined || after === undefined) return plainWords({ routes: was }, { routes: is })
  const added = [...after].flatMap(([name, route]) => {
    const old = before.get(name)
    if (old === undefined) return [`route ${name} added: ${ledTo(route)}`]
    if (ledTo(old) !== ledTo(route)) return [`route ${name}: ${ledTo(old)} → ${ledTo(route)}`]
    return plainWords(old, route).map((words) => `route ${name}: ${words}`)
  })
  const removed = [...before.keys()].filter((name) => !after.has(name)).map((name) => `route ${name} removed`)
  const kept = (of: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>) =>
    [...of.keys()].filter((name) => other.has(name)).join(', ')
  const isMoved = kept(after, before) !== kept(before, after)
  return [
    ...added,
    ...removed,
    ...(isMoved ? [`routes in another order: ${[...after.keys()].join(', ')}`] : []),
  ]
}

/** Undefined where two have one name. */
function routesOf(routes: unknown): ReadonlyMap<string, JsonObject> | undefined {
  const list = Array.isArray(routes) ? routes.map(objectOf) : []
  const named = new Map(
    list.map((route) => [
      [route.method, route.host, route.path].flatMap((part) => part ?? []).join(' '),
      route,
    ]),
  )
  return named.size === list.length ? named : undefined
}

function ledTo({ origin, flag }: JsonObject): string {
  return flag === undefined ? String(origin) : `flag ${flag}`
}

function flagWords(was: JsonObject, is: JsonObject): string[] {
  const enabled = was.enabled !== is.enabled && (was.enabled === false || is.enabled === false)
  return [
    ...(enabled ? [is.enabled === false ? 'disabled' : 'enabled'] : []),
    ...rulesWords(rulesOf(was), rulesOf(is)),
    ...guardWords(was.guard, is.guard),
    ...plainWords(without(was, 'enabled', 'rules', 'guard'), without(is, 'enabled', 'rules', 'guard')),
  ]
}

function guardWords(was: unknown, is: unknown): string[] {
  if (was === undefined && is === undefined) return []
  if (is === undefined) return ['guard removed']
  if (was === undefined) return ['guard added']
  return plainWords(was, is).map((words) => `guard ${words}`)
}

type Rules = ReadonlyMap<string, JsonObject>

function rulesOf({ rules }: JsonObject): Rules {
  const list = Array.isArray(rules) ? rules.map(objectOf) : []
  return new Map(
    list.map((rule, index) => [typeof rule.name === 'string' ? rule.name : `rule ${index + 1}`, rule]),
  )
}

function rulesWords(was: Rules, is: Rules): string[] {
  const kept = [...is.keys()].filter((name) => was.has(name))
  const before = [...was.keys()].filter((name) => is.has(name))
  const label = (name: string) => (/^rule \d+$/.test(name) ? name : `rule ${name}`)
  return [
    ...kept.flatMap((name) =>
      ruleWords(objectOf(was.get(name)), objectOf(is.get(name))).map((words) => `${name}: ${words}`),
    ),
    ...[...is.keys()].filter((name) => !was.has(name)).map((name) => `${label(name)} added`),
    ...[...was.keys()].filter((name) => !is.has(name)).map((name) => `${label(name)} removed`),
    ...(kept.join('\n') === before.join('\n') ? [] : [`rules in another order: ${kept.join(', ')}`]),
  ]
}

function ruleWords(was: JsonObject, is: JsonObject): string[] {
  return [
    ...stagesWords(was.stages, is.stages),
    ...conditionWords(was.when, is.when),
    ...plainWords(without(was, 'stages', 'when'), without(is, 'stages', 'when')),
  ]
}

function stagesWords(was: unknown, is: unknown): string[] {
  if (!Array.isArray(was) || !Array.isArray(is)) {
    if (Array.isArray(is)) return [`stages ${percentages(is)}`]
    return Array.isArray(was) ? [`stages ${percentages(was)} removed`] : []
  }
  const [before, after] = [percentages(was), percentages(is)]
  if (before !== after) return [`stages ${before} → ${after}`]
  return is.flatMap((stage, index) =>
    plainWords(was[index], stage).map(
      (words) => `stage ${index + 1} (${objectOf(stage).percentage} %) ${words}`,
    ),
  )
}

function percentages(stages: readonly unknown[]): string {
  return stages.map((stage) => objectOf(stage).percentage).join('/')
}

function conditionWords(was: unknown, is: unknown): string[] {
  const [before, after] = [was, is].map((when) =>
    Array.isArray(when) ? when.map(conditionText).join(' and ') : '',
  )
  return before === after ? [] : [`conditions ${before || 'none'} → ${after || 'none'}`]
}

function conditionText(condition: unknown): string {
  const { attribute, op, values, negate } = objectOf(condition)
  const list = Array.isArray(values) ? values.map(String).join(', ') : ''
  return `${negate ? 'not ' : ''}${attribute} ${op}${list && ` ${list}`}`
}

/** Everything else by its path. */
function plainWords(was: unknown, is: unknown): string[] {
  return changesBetween(was, is).map(({ path, kind, before, after }) => {
    const name = path.replace(/^\$\.?/, '')
    if (kind === 'added') return `${name} ${short(after)} added`
    if (kind === 'removed') return `${name} ${short(before)} removed`
    return `${name} ${short(before)} → ${short(after)}`
  })
}

function short(value: unknown): string {
  const isPlain = Array.isArray(value) && value.length > 0 && value.every((each) => typeof each !== 'object')
  return valueText(isPlain ? value.join(', ') : value, LONGEST_VALUE)
}

function keysOf(a: JsonObject, b: JsonObject): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
}

function without(object: JsonObject, ...keys: string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)))
}

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}
