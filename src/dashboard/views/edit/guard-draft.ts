/**
 * A guard as it is being edited. Which comparisons it runs follows from what it names (core/config/schema/guard-tests.ts):
 * an empty guard compares everything, one with a ceiling alone nothing. So whatever changes another setting says what is
 * compared, where that would change with it. Pure.
 */
import type { GuardConfig } from '../../../core/config/schema/document.ts'
import { comparisonTestsOf } from '../../../core/config/schema/guard-tests.ts'
import { isObject, type JsonObject } from '../../../core/json-object.ts'
import { valueAt, withValue } from './draft.ts'

export const COMPARISONS = ['errors', 'latency', 'clientErrors'] as const
export type Comparison = (typeof COMPARISONS)[number]
export type Compared = Readonly<Record<Comparison, boolean>>

const NEW_GUARD: JsonObject = { errors: {}, latency: {} }

/** Whether each comparison runs. */
export function comparedIn(guard: JsonObject): Compared {
  const { errors, latency, clientErrors } = comparisonTestsOf(guard as GuardConfig)
  return { errors: errors !== false, latency: latency !== false, clientErrors: clientErrors !== false }
}

/** The guard, saying what is compared where it would compare something else. */
function comparing(guard: JsonObject, wanted: Compared): JsonObject {
  const isSo = (each: JsonObject) => COMPARISONS.every((name) => comparedIn(each)[name] === wanted[name])
  const said = (name: Comparison) => ({ [name]: wanted[name] ? (guard[name] ?? {}) : false })
  if (isSo(guard)) return guard
  const named = { ...guard, ...said('errors'), ...said('latency') }
  return isSo(named) ? named : { ...named, ...said('clientErrors') }
}

/** The guard with a comparison switched on or off, and no other; `kept` are the settings that it had before. */
export function withComparison(
  guard: JsonObject,
  name: Comparison,
  isOn: boolean,
  kept?: unknown,
): JsonObject {
  const { [name]: _, ...others } = guard
  // Client errors that are not named belong to errors.
  const follows = name === 'errors' && guard.clientErrors === undefined
  const wanted = { ...comparedIn(guard), [name]: isOn, ...(follows && { clientErrors: isOn }) }
  const isImplied = isOn && kept === undefined && name === 'clientErrors' && comparedIn(others)[name]
  return comparing(isImplied ? others : { ...guard, [name]: isOn ? (kept ?? {}) : false }, wanted)
}

/** Switches the guard on or off; what it is set to stays. */
export function withGuard(guard: JsonObject | undefined, isOn: boolean): JsonObject | undefined {
  if (guard === undefined) return isOn ? NEW_GUARD : undefined
  const { enabled: _, ...settings } = guard
  if (isOn) return settings
  return JSON.stringify(settings) === JSON.stringify(NEW_GUARD) ? undefined : { ...settings, enabled: false }
}

/** What holds nothing, or lacks what it needs, once its last setting is taken away; from the inside outwards. */
const CONTAINERS = [['thresholds', 'slow'], ['thresholds'], ['ceilings'], ['traffic'], ['advance'], ['grpc']]

/** A guard after an edit of another setting than the comparisons: it compares what it did. */
export function afterEdit(before: JsonObject, after: JsonObject): JsonObject {
  // Empty, a comparison is on; only one that was not there before means nothing.
  const added = COMPARISONS.filter((name) => before[name] === undefined).map((name) => [name])
  const tidy = [...CONTAINERS, ...added].reduce((guard, path) => withoutEmptied(before, guard, path), after)
  return comparing(tidy, comparedIn(before))
}

/** The definition without an object that an edit has emptied; one that was empty before stays. */
export function withoutEmptied(
  before: JsonObject,
  after: JsonObject,
  path: readonly (string | number)[],
): JsonObject {
  const isEmpty = (value: unknown) => isObject(value) && Object.keys(value).length === 0
  const isEmptied = isEmpty(valueAt(after, path)) && !isEmpty(valueAt(before, path))
  return isEmptied ? withValue(after, path, undefined) : after
}
