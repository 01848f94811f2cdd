/** Rules beside a rollout that a document without a person's word may not bring. */
import { expect, it } from 'vitest'
import { compileSnapshot } from '../../../../src/core/config/compile/snapshot.ts'
import { INITIAL_CONTROL_STATE } from '../../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { unconfirmedEntries } from '../../../../src/core/rollout/edits/entering.ts'

const CANARY = { serve: 'on', stages: [{ percentage: 5 }, { percentage: 100 }] }
const country = (value: string) => [{ attribute: 'country', op: 'in', values: [value] }]
const blocked = { when: country('DE'), serve: 'off' }
const testers = { when: country('RO'), serve: 'on' }
const half = { serve: 'on', percentage: 50 }

function load(rules: object[], key = 'id') {
  const parsed = parseDocumentValue({
    origins: { old: { url: 'http://old.test' } },
    context: { targetingKey: { header: key } },
    routes: [{ path: '/*', origin: 'old' }],
    flags: { f: { variants: { on: true, off: false }, off: 'off', rules, guard: { errors: {} } } },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return { document: parsed.value, snapshot: compileSnapshot(parsed.value), state: INITIAL_CONTROL_STATE }
}
const entries = (before: ReturnType<typeof load>, after: ReturnType<typeof load>) =>
  unconfirmedEntries(before, after).length

it('is one that is new, or that others no longer keep visitors from', () => {
  expect(entries(load([CANARY]), load([CANARY, testers]))).toBe(1)
  expect(entries(load([CANARY, blocked, testers]), load([CANARY, testers]))).toBe(1)
  expect(entries(load([CANARY, blocked]), load([CANARY]))).toBe(0)
  expect(entries(load([CANARY, testers]), load([CANARY, blocked, testers]))).toBe(0)
})

it('is one that deals visitors by another key, not one that asks for conditions alone', () => {
  expect(entries(load([CANARY, half]), load([CANARY, half], 'other'))).toBe(1)
  expect(entries(load([CANARY, testers]), load([CANARY, testers], 'other'))).toBe(0)
})
