/** What a case of a key is: two documents that differ in this key alone, and what differs then. */
import type { Gate } from './gate-probe.ts'

export const BASE = {
  origins: { old: { url: 'https://old.test' }, new: { url: 'https://new.test' } },
  routes: [{ path: '/*', origin: 'old' }],
  flags: {
    f: { variants: { on: true, off: false, b: 'b' }, off: 'off', rules: [{ serve: 'on' }] },
    g: { variants: { on: 1, off: 0 }, off: 'off', rules: [{ serve: 'on' }] },
  },
}

/** Values by path, such as `flags.f.rules.0.percentage`; undefined leaves a key out. */
export type Changes = Readonly<Record<string, unknown>>
export type Case = {
  /** Where the key is in the document; by default its path with `f` for `*` and the first of each list. */
  at?: string
  /** What both documents have besides. */
  given?: Changes
  from?: unknown
  to: unknown
  sees: (gate: Gate) => unknown
  was: unknown
  becomes: unknown
}

/** A copy of a document with other values at some paths. */
export function changed(document: object, changes: Changes): Record<string, unknown> {
  const copy = structuredClone(document) as Record<string, unknown>
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split('.')
    let target: Record<string, unknown> = copy
    for (const [index, key] of keys.slice(0, -1).entries()) {
      target[key] ??= /^\d+$/.test(keys[index + 1] ?? '') ? [] : {}
      target = target[key] as Record<string, unknown>
    }
    if (value === undefined) delete target[keys.at(-1) ?? '']
    else target[keys.at(-1) ?? ''] = structuredClone(value)
  }
  return copy
}

/** The flag that cases are about, and its rule. */
export const F = 'flags.f'
export const RULE = `${F}.rules.0`
export const STAGES = { [`${RULE}.stages`]: [{ percentage: 10 }, { percentage: 50 }], [`${F}.guard`]: {} }
export const COUNTRY = { [`${RULE}.when`]: [{ attribute: 'country', op: 'in', values: ['RO'] }] }
