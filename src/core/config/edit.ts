/**
 * Edits of single flags in the document as written: omitted defaults stay omitted, and the result is parsed like any
 * other document.
 */
import { isObject, type JsonObject } from '../json-object.ts'
import { meant } from './parse/problems.ts'

export type Edit =
  | { kind: 'create'; flag: string; definition: JsonObject }
  /** JSON merge patch, RFC 7396: null removes. */
  | { kind: 'patch'; flag: string; patch: JsonObject }
  | { kind: 'delete'; flag: string }
  | { kind: 'enable' | 'disable'; flag: string }
  /** `rule` is an index; by default the only rule with a percentage. */
  | { kind: 'percentage'; flag: string; percentage: number; rule: number | undefined }

export type Edited =
  | { ok: true; document: JsonObject }
  | { ok: false; why: 'missing' | 'exists' | 'impossible'; detail: string }

/**
 * The document after an edit, or why it can't be made.
 *
 * @example editDocument(document, { kind: 'percentage', flag: 'new-checkout', percentage: 10 })
 */
export function editDocument(document: JsonObject, edit: Edit): Edited {
  const flags = asObject(document.flags)
  const known = Object.hasOwn(flags, edit.flag)
  if (edit.kind === 'create') {
    if (known) return refuse('exists', edit, 'the document has a flag of this name already')
    return withFlag(document, flags, edit.flag, edit.definition)
  }
  if (!known) {
    const hint = meant(edit.flag, Object.keys(flags))
    return refuse('missing', edit, `the document has no such flag${hint}`)
  }
  const flag = asObject(flags[edit.flag])
  switch (edit.kind) {
    case 'delete':
      return { ok: true, document: { ...document, flags: without(flags, edit.flag) } }
    case 'patch':
      return withFlag(document, flags, edit.flag, mergePatch(flag, edit.patch))
    case 'enable':
    case 'disable':
      return withFlag(document, flags, edit.flag, { ...flag, enabled: edit.kind === 'enable' })
    case 'percentage': {
      const rules = withPercentage(flag, edit)
      if (typeof rules === 'string') return refuse('impossible', edit, rules)
      return withFlag(document, flags, edit.flag, { ...flag, rules })
    }
  }
}

function withPercentage(flag: JsonObject, edit: Edit & { kind: 'percentage' }): JsonObject[] | string {
  const rules = (Array.isArray(flag.rules) ? flag.rules : []).map(asObject)
  const index = edit.rule ?? onlyRuleWithPercentage(rules)
  if (typeof index === 'string') return index
  const rule = rules[index]
  if (rule === undefined)
    return `it has no rule ${index + 1}: its rules are 1 to ${rules.length} (0 to ${rules.length - 1} in the API)`
  if (rule.stages !== undefined) return hasStages(rules, index)
  return rules.map((each, at) => (at === index ? { ...each, percentage: edit.percentage } : each))
}

function onlyRuleWithPercentage(rules: readonly JsonObject[]): number | string {
  const places = rules.flatMap((rule, index) => (rule.percentage === undefined ? [] : [index]))
  if (places.length === 1) return places[0] ?? 0
  const staged = rules.findIndex((rule) => rule.stages !== undefined)
  if (places.length === 0 && staged >= 0) return hasStages(rules, staged)
  if (rules.length === 1) return 0
  if (places.length > 1)
    return `rules ${places.map((at) => labelOf(rules, at)).join(', ')} have a percentage: say which one`
  return rules.length === 0 ? 'it has no rules' : 'none of its rules has a percentage: say which one gets it'
}

function hasStages(rules: readonly JsonObject[], index: number): string {
  return `rule ${labelOf(rules, index)} has stages: choose one of them instead`
}

/** A rule's name; its number, from 1, where it has none. */
function labelOf(rules: readonly JsonObject[], index: number): string {
  return String(rules[index]?.name ?? index + 1)
}

/**
 * Applies a JSON merge patch (RFC 7396).
 *
 * @example mergePatch({ a: 1, b: 2 }, { b: null }) // { a: 1 }
 */
export function mergePatch(target: unknown, patch: unknown): JsonObject {
  // A map, because an object treats the key "__proto__" specially.
  const merged = new Map(Object.entries(asObject(target)))
  for (const [key, value] of Object.entries(asObject(patch))) {
    if (value === null) merged.delete(key)
    else merged.set(key, isObject(value) ? mergePatch(merged.get(key), value) : value)
  }
  return Object.fromEntries(merged)
}

function withFlag(document: JsonObject, flags: JsonObject, key: string, definition: JsonObject): Edited {
  return { ok: true, document: { ...document, flags: { ...flags, [key]: definition } } }
}

function without(object: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([each]) => each !== key))
}

function asObject(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}

function refuse(why: 'missing' | 'exists' | 'impossible', { kind, flag }: Edit, detail: string): Edited {
  const verb = kind === 'percentage' ? 'set the percentage of' : kind
  return { ok: false, why, detail: `Cannot ${verb} ${flag}: ${detail}` }
}
