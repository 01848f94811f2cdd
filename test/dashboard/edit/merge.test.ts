import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { merge } from '../../../src/dashboard/views/edit/merge.ts'

const base = {
  description: 'as it was',
  rules: [{ serve: 'on', percentage: 10 }, { serve: 'off' }],
  guard: { errors: {}, alpha: 0.01 },
}

describe('what two people have made of a flag', () => {
  it('is put together where they changed different places', () => {
    const mine = { ...base, description: 'mine', rules: [{ serve: 'on', percentage: 20 }, { serve: 'off' }] }
    const theirs = { ...base, owner: 'them', guard: { errors: {} }, rules: [base.rules[0], { serve: 'on' }] }
    expect(merge(base, mine, theirs)).toEqual({
      value: {
        description: 'mine',
        rules: [{ serve: 'on', percentage: 20 }, { serve: 'on' }],
        guard: { errors: {} },
        owner: 'them',
      },
      clashes: [],
    })
  })

  it('has mine where both changed the same place, and says where', () => {
    const mine = { ...base, description: 'mine', rules: [{ serve: 'off' }] }
    const theirs = { ...base, description: 'theirs', rules: [...base.rules, { serve: 'on' }], tags: ['x'] }
    const { value, clashes } = merge(base, mine, theirs)
    expect(value).toEqual({ ...mine, tags: ['x'] })
    expect(clashes).toEqual(['description', 'rules'])
  })

  it('is mine as a whole where they deleted it, or both made it', () => {
    expect(merge(base, { ...base, owner: 'me' }, undefined)).toMatchObject({ clashes: [''] })
    expect(merge(undefined, { off: 'a' }, { off: 'b', tags: [] })).toEqual({
      value: { off: 'a', tags: [] },
      clashes: ['off'],
    })
  })

  it('is the other one’s where only one changed anything, whatever the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (before, after) => {
        expect(merge(before, after, before)).toEqual({ value: after, clashes: [] })
        expect(merge(before, before, after)).toEqual({ value: after, clashes: [] })
        expect(merge(before, after, after)).toEqual({ value: after, clashes: [] })
      }),
    )
    expect(merge({ a: 1, b: 2 }, { b: 2, a: 1 }, { a: 1, b: 3 }).value).toEqual({ a: 1, b: 3 })
  })
})
