import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changesBetween, summaryOf } from '../../../src/core/config/document-diff.ts'
import { editDocument, mergePatch } from '../../../src/core/config/edit.ts'
import { parseDocument, parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { documents } from '../../support/arbitrary.ts'

/** Of RFC 7396, appendix A: the cases whose original and patch are objects, as a flag and its patch are. */
const RFC_7396 = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
] as const

describe('a merge patch', () => {
  it.each(RFC_7396)('%j with %j is %j', (target, patch, result) => {
    expect(mergePatch(target, patch)).toEqual(result)
  })

  it('changes nothing in place, and the same when it is applied again', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue())
    const same = fc.property(object, object, (target, patch) => {
      const [before, once] = [JSON.stringify(target), mergePatch(target, patch)]
      expect(JSON.stringify(target)).toBe(before)
      expect(JSON.stringify(mergePatch(once, patch))).toBe(JSON.stringify(once))
    })
    fc.assert(same)
  })
})

describe('differences', () => {
  it('are none between a value and itself, and some between two that are not the same', () => {
    const told = fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(changesBetween(a, structuredClone(a))).toEqual([])
      expect(changesBetween(a, b).length === 0).toBe(sorted(a) === sorted(b))
    })
    fc.assert(told)
  })

  it('are the same backwards', () => {
    const turned = { added: 'removed', removed: 'added', changed: 'changed' }
    const backwards = fc.property(documents, documents, (a, b) => {
      const [there, back] = [plain(a), plain(b)]
      const forth = changesBetween(there, back).map(({ path, kind, before, after }) =>
        JSON.stringify([path, turned[kind], after, before]),
      )
      const reverse = changesBetween(back, there).map(({ path, kind, before, after }) =>
        JSON.stringify([path, kind, before, after]),
      )
      if (forth.length < 500) expect(reverse.toSorted()).toEqual(forth.toSorted())
      expect(summaryOf(changesBetween(there, back)).changes.length).toBeLessThanOrEqual(50)
    })
    fc.assert(backwards)
  })
})

/** A value as text, keys in order; −0 is 0 in JSON. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}

describe('a document', () => {
  it('that was parsed, is the same when it is written and parsed again', () => {
    const again = fc.property(documents, (document) => {
      const first = parseDocument(JSON.stringify(document))
      if (!first.ok) throw new Error(JSON.stringify(first.problems))
      expect(parseDocument(JSON.stringify(first.value))).toEqual(first)
    })
    fc.assert(again)
  })

  it('is valid after any edit that makes sense, and has just that change', () => {
    const edits = fc.property(documents, fc.nat(4), fc.boolean(), (given, index, enabled) => {
      const document = plain(given)
      const keys = Object.keys(document.flags)
      const flag = keys[index % keys.length] ?? ''
      const edited = editDocument(document, { kind: enabled ? 'enable' : 'disable', flag })
      if (!edited.ok) throw new Error(edited.detail)
      expect(parseDocumentValue(edited.document).ok).toBe(true)
      const changes = changesBetween(document, edited.document)
      expect(changes.length).toBeLessThanOrEqual(1)
      for (const { path, after } of changes) {
        expect(path).toMatch(/\.enabled$/)
        expect(after).toBe(enabled)
      }
    })
    fc.assert(edits)
  })

  it('without a flag that it needs is refused', () => {
    const removed = fc.property(documents, (given) => {
      const document = plain(given)
      const flag = document.routes[0]?.flag ?? ''
      const edited = editDocument(document, { kind: 'delete', flag })
      if (!edited.ok) throw new Error(edited.detail)
      expect(parseDocumentValue(edited.document).ok).toBe(false)
    })
    fc.assert(removed)
  })
})
