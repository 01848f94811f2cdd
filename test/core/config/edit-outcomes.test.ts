/** What each edit of a flag makes of the document, and why it is refused; how changes are listed. */
import { describe, expect, it } from 'vitest'
import { changesBetween, summaryOf } from '../../../src/core/config/document-diff.ts'
import { type Edit, editDocument, mergePatch } from '../../../src/core/config/edit.ts'

const DOCUMENT = {
  a: 1,
  flags: {
    f: { off: 'off', rules: [{ serve: 'on' }, { percentage: 5 }, { stages: [] }] },
    one: { rules: [{ serve: 'on' }] },
    two: { rules: [{ percentage: 1 }, { percentage: 2 }] },
    staged: { rules: [{ serve: 'on' }, { stages: [] }] },
    several: { rules: [{}, {}] },
    none: {},
    odd: 5,
  },
}

function edited(edit: Edit, document: object = DOCUMENT): unknown {
  const result = editDocument(document as typeof DOCUMENT, edit)
  if (!result.ok) return `${result.why}: ${result.detail}`
  const { flags, ...rest } = result.document as typeof DOCUMENT
  const { [edit.flag as 'f']: flag, ...others } = flags
  expect(rest).toEqual({ a: 1 })
  expect(others).toEqual(
    Object.fromEntries(Object.entries(DOCUMENT.flags).filter(([key]) => key !== edit.flag)),
  )
  return flag
}
const percentage = (flag: string, rule?: number) => edited({ kind: 'percentage', flag, percentage: 50, rule })

describe('an edit', () => {
  it('creates, deletes, patches, enables and disables one flag', () => {
    expect(edited({ kind: 'create', flag: 'new', definition: { off: 'x' } })).toEqual({ off: 'x' })
    expect(edited({ kind: 'delete', flag: 'f' })).toBeUndefined()
    expect(edited({ kind: 'patch', flag: 'f', patch: { off: null, rules: [] } })).toEqual({ rules: [] })
    expect(edited({ kind: 'enable', flag: 'none' })).toEqual({ enabled: true })
    expect(edited({ kind: 'disable', flag: 'none' })).toEqual({ enabled: false })
    expect(edited({ kind: 'disable', flag: 'odd' })).toEqual({ enabled: false })
  })

  it('is refused for a flag that is there already, or is not there', () => {
    expect([
      edited({ kind: 'create', flag: 'f', definition: {} }),
      edited({ kind: 'delete', flag: 'gone' }),
      edited({ kind: 'patch', flag: 'toString', patch: {} }),
      percentage('gone'),
      edited({ kind: 'enable', flag: 'f' }, { a: 1 }),
    ]).toEqual([
      'exists: Cannot create f: the document has a flag of this name already',
      'missing: Cannot delete gone: the document has no such flag. Did you mean one?',
      'missing: Cannot patch toString: the document has no such flag',
      'missing: Cannot set the percentage of gone: the document has no such flag. Did you mean one?',
      'missing: Cannot enable f: the document has no such flag',
    ])
  })

  it('of a percentage finds the rule, or says why it can’t', () => {
    expect(percentage('f')).toEqual({
      off: 'off',
      rules: [{ serve: 'on' }, { percentage: 50 }, { stages: [] }],
    })
    expect(percentage('f', 0)).toMatchObject({
      rules: [{ serve: 'on', percentage: 50 }, { percentage: 5 }, {}],
    })
    expect(percentage('one')).toEqual({ rules: [{ serve: 'on', percentage: 50 }] })
    expect(percentage('two', 1)).toEqual({ rules: [{ percentage: 1 }, { percentage: 50 }] })
    const why = ['f 2', 'f 3', 'two', 'staged', 'several', 'none'].map((each) => {
      const [flag = '', rule] = each.split(' ')
      return percentage(flag, rule === undefined ? undefined : Number(rule))
    })
    expect(why).toEqual([
      'impossible: Cannot set the percentage of f: rule 3 has stages: choose one of them instead',
      'impossible: Cannot set the percentage of f: it has no rule 4: its rules are 1 to 3 (0 to 2 in the API)',
      'impossible: Cannot set the percentage of two: rules 1, 2 have a percentage: say which one',
      'impossible: Cannot set the percentage of staged: rule 2 has stages: choose one of them instead',
      'impossible: Cannot set the percentage of several: none of its rules has a percentage: say which one gets it',
      'impossible: Cannot set the percentage of none: it has no rules',
    ])
  })

  it('merges a patch into what is no object, and keeps names that JavaScript treats specially', () => {
    expect(mergePatch(5, { a: { b: 1 } })).toEqual({ a: { b: 1 } })
    expect(mergePatch({ a: 5 }, { a: { b: 1 } })).toEqual({ a: { b: 1 } })
    expect(Object.keys(mergePatch({}, JSON.parse('{"__proto__":1}')))).toEqual(['__proto__'])
  })
})

describe('changes', () => {
  it('are listed by path, lists as a whole when their length changes', () => {
    const before = { a: 1, b: [1, { c: 2 }], d: [1], e: null, toString: 1 }
    const next = { a: 1, b: [1, { c: 3 }], d: [1, 2], f: { g: 1 }, e: 0, toString: 1 }
    expect(changesBetween(before, next)).toEqual([
      { path: '$.b[1].c', kind: 'changed', before: 2, after: 3 },
      { path: '$.d', kind: 'changed', before: [1], after: [1, 2] },
      { path: '$.e', kind: 'changed', before: null, after: 0 },
      { path: '$.f', kind: 'added', before: null, after: { g: 1 } },
    ])
    expect(changesBetween({ a: [] }, {})).toEqual([{ path: '$.a', kind: 'removed', before: [], after: null }])
    expect(changesBetween({}, { constructor: 1 })).toMatchObject([{ kind: 'added' }])
    expect(changesBetween([1, 2], { 0: 1, 1: 2 })).toHaveLength(1)
    expect(changesBetween([1], [1, undefined])).toHaveLength(1)
  })

  it('are at most 500; a summary has the first 50, with long values cut', () => {
    const list = (count: number, value: unknown) => Array.from({ length: count }, () => value)
    expect(changesBetween(list(500, 1), list(500, 2))).toHaveLength(500)
    const changes = changesBetween(list(501, 1), list(501, 2))
    expect(changes).toHaveLength(500)
    expect(summaryOf(changes)).toMatchObject({ more: 450 })
    expect(summaryOf(changes).changes).toEqual(changes.slice(0, 50))
    const [short, long] = ['x'.repeat(498), 'x'.repeat(499)]
    const { changes: cut } = summaryOf([{ path: '$', kind: 'changed', before: short, after: long }])
    expect(cut[0]).toEqual({ path: '$', kind: 'changed', before: short, after: `"${long}…` })
  })
})
