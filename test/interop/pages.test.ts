/** The tables of docs/migrating/ name what the code carries over, and nothing else. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FEATURE_KEYS } from '../../src/interop/features/file.ts'
import { importFlagd } from '../../src/interop/flagd/import.ts'
import { OPERATORS as GROWTHBOOK } from '../../src/interop/growthbook/conditions.ts'
import { OPERATORS as LAUNCHDARKLY } from '../../src/interop/launchdarkly/clauses.ts'
import { OPERATORS as UNLEASH } from '../../src/interop/unleash/constraints.ts'

/** What the first column of a table names in code style, in its order. */
function named(page: string, head: string): string[] {
  const text = readFileSync(`docs/migrating/${page}.md`, 'utf8')
  const from = text.indexOf(`| ${head} | becomes |`)
  if (from < 0) throw new Error(`docs/migrating/${page}.md has no table of ${head}`)
  const [table = ''] = text.slice(from).split('\n\n')
  const cells = table
    .split('\n')
    .slice(2)
    .map((row) => row.split(' | ')[0] ?? '')
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))
}

/** Operations of JsonLogic, and flagd's own. */
const JSON_LOGIC = (
  'var missing missing_some if ?: == === != !== ! !! or and > >= < <= max min + - * / % map reduce filter all none some ' +
  'merge in cat substr log starts_with ends_with sem_ver fractional $ref'
).split(' ')

/** What an operation is about, where it is not two operands. */
const OPERANDS: Readonly<Record<string, readonly unknown[] | string>> = {
  var: ['a'],
  missing: ['a'],
  '!': [{ var: 'a' }],
  '!!': [{ var: 'a' }],
  if: [true, 'on', 'off'],
  '?:': [true, 'on', 'off'],
  in: [{ var: 'a' }, ['x']],
  sem_ver: [{ var: 'a' }, '=', '1.0.0'],
  starts_with: [{ var: 'a' }, 'x'],
  ends_with: [{ var: 'a' }, 'x'],
  and: [true, { var: 'a' }],
  or: [true, { var: 'a' }],
  fractional: [['on', 1]],
  $ref: 'x',
}

/** Whether an import carries an operation over, as the answer or as a condition. */
function isCarried(operation: string): boolean {
  const logic = { [operation]: OPERANDS[operation] ?? [{ var: 'a' }, 1] }
  return [logic, { if: [logic, 'on', 'off'] }].some((targeting) => {
    const variants = { on: 1, off: 0, true: 2, false: 3 }
    const flag = { state: 'ENABLED', variants, defaultVariant: 'off', targeting }
    const imported = importFlagd(JSON.stringify({ flags: { f: flag }, $evaluators: { x: true } }))
    return imported.ok && imported.losses.length === 0
  })
}

describe('the page about', () => {
  it.each<[string, string, Iterable<string>]>([
    ['features', 'key', FEATURE_KEYS],
    ['unleash', 'operator', UNLEASH.keys()],
    ['launchdarkly', 'operator', [...Object.keys(LAUNCHDARKLY), 'segmentMatch']],
    ['flagd', 'operation', JSON_LOGIC.filter(isCarried)],
  ])('%s names each %s that is carried over, and no other', (page, head, known) => {
    expect(named(page, head).toSorted()).toEqual([...known].toSorted())
  })

  it('growthbook names each operator that is carried over, and no other', () => {
    expect(named('growthbook', 'operator').toSorted()).toEqual(Object.keys(GROWTHBOOK).toSorted())
  })
})
