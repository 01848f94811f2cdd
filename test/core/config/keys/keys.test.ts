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
import { keysOf, leavesOf, type Schema } from './schema-keys.ts'

const CASES = { ...GATE_CASES, ...FLAG_CASES, ...RULE_CASES, ...GUARD_CASES, ...METRIC_CASES }

const KEYS = [...new Set(keysOf(gateDocumentSchema as unknown as Schema))]
/** A key with keys below it has their cases. Key sets are passed on as they are. */
const LEAVES = leavesOf(KEYS).filter((key) => !key.startsWith('context.jwt.jwks.keys.'))

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
