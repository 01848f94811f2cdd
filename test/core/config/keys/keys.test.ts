/**
 * Every key of the gate document changes something: two documents that differ in this key alone, and what differs
 * then. The test walks the schema, so a new key without a case fails.
 */
import { describe, expect, it } from 'vitest'
import { gateDocumentSchema } from '../../../../src/core/config/schema/document.ts'
import { BASE, changed, F } from './case.ts'
import { FLAG_CASES } from './flag-cases.ts'
import { GATE_CASES } from './gate-cases.ts'
import { Gate } from './gate-probe.ts'
import { GUARD_CASES } from './guard-cases.ts'
import { METRIC_CASES } from './metric-cases.ts'
import { RULE_CASES } from './rule-cases.ts'

const CASES = { ...GATE_CASES, ...FLAG_CASES, ...RULE_CASES, ...GUARD_CASES, ...METRIC_CASES }

type Schema = {
  type: string
  entries?: Record<string, Schema>
  wrapped?: Schema
  item?: Schema
  value?: Schema
  options?: Schema[]
}

/** The keys of a schema by path; lists and alternatives add nothing, a record's keys are `*`. */
function keysOf(schema: Schema, at = ''): string[] {
  const below = (key: string, inner: Schema) => {
    const path = at === '' ? key : `${at}.${key}`
    return [path, ...keysOf(inner, path)]
  }
  if (schema.wrapped) return keysOf(schema.wrapped, at)
  if (schema.type === 'array' && schema.item) return keysOf(schema.item, at)
  if (schema.type === 'record' && schema.value) return below('*', schema.value)
  if (schema.options)
    return schema.options.flatMap((option) => (typeof option === 'object' ? keysOf(option, at) : []))
  return Object.entries(schema.entries ?? {}).flatMap(([key, inner]) => below(key, inner))
}

const KEYS = [...new Set(keysOf(gateDocumentSchema as unknown as Schema))]
/** A key with keys below it has their cases. Key sets are passed on as they are. */
const LEAVES = KEYS.filter(
  (key) => !KEYS.some((other) => other.startsWith(`${key}.`)) && !key.startsWith('context.jwt.jwks.keys.'),
)

describe('the keys of the gate document', () => {
  it('have a case each', () => {
    expect(LEAVES.length).toBeGreaterThan(80)
    expect(LEAVES.filter((key) => CASES[key] === undefined)).toEqual([])
    expect(Object.keys(CASES).filter((key) => !KEYS.includes(key))).toEqual([])
  })

  const LISTS = /(routes|rules|when|stages|windows|overrides|hash|requires|freezes|webhooks)(?=\.)/g

  it.each(Object.entries(CASES))('%s', (key, { at, given = {}, from, to, sees, was, becomes }) => {
    const place = at ?? key.replace('flags.*', F).replace(LISTS, '$1.0')
    const gateWith = (value: unknown) => new Gate(changed(BASE, { ...given, [place]: value }))
    expect(sees(gateWith(from))).toEqual(was)
    expect(sees(gateWith(to))).toEqual(becomes)
  })
})
