/** What a new document is called: by the one thing that it changes, or as a publication. */
import { describe, expect, it } from 'vitest'
import { documentNews } from '../../../../src/core/rollout/news/document-news.ts'

const flag = { variants: { on: true, off: false }, off: 'off', rules: [{ percentage: 5, serve: 'on' }] }
const BEFORE = { origins: { old: { url: 'http://old.test' } }, flags: { a: flag, b: flag } }
const withA = (a: object) => ({ ...BEFORE, flags: { ...BEFORE.flags, a: { ...flag, ...a } } })
const news = (after: object, before: object = BEFORE) => documentNews(before as never, after as never, [3, 4])

describe('the news of a document', () => {
  it.each([
    ['enabled: false', withA({ enabled: false }), { event: 'disable', from: true, to: false }],
    [
      'a percentage',
      withA({ rules: [{ percentage: 10, serve: 'on' }] }),
      { event: 'percentage', from: 5, to: 10 },
    ],
    ['no percentage', withA({ rules: [{ serve: 'on' }] }), { event: 'percentage', from: 5, to: 100 }],
    ['a guard', withA({ guard: { errors: {} } }), { event: 'guard', from: null, to: null }],
    ['an owner', withA({ owner: 'team' }), { event: 'publish', from: 3, to: 4 }],
    [
      'a guard and a percentage',
      withA({ guard: {}, rules: [{ percentage: 10, serve: 'on' }] }),
      { event: 'publish', from: 3, to: 4 },
    ],
    ['another serve', withA({ rules: [{ percentage: 5, serve: 'off' }] }), { event: 'publish' }],
    ['enabled where it was', withA({ enabled: true }), { event: 'publish' }],
  ])('with %s in one flag names it', (_, after, expected) => {
    expect(news(after)).toMatchObject({ flag: 'a', flags: ['a'], ...expected })
  })

  it('says the opposite the other way round', () => {
    expect(news(BEFORE, withA({ enabled: false }))).toMatchObject({ event: 'enable', from: false, to: true })
    expect(news(BEFORE, withA({ guard: { errors: {} } }))).toMatchObject({ event: 'guard', flag: 'a' })
  })

  it('with several flags, new ones, or other parts is a publication', () => {
    const disabled = { ...flag, enabled: false }
    expect(news({ ...BEFORE, flags: { a: disabled, b: disabled } })).toMatchObject({
      event: 'publish',
      flag: null,
      flags: ['a', 'b'],
      changes: ['a: disabled', 'b: disabled'],
    })
    expect(news({ ...BEFORE, flags: { ...BEFORE.flags, c: flag } })).toMatchObject({
      event: 'publish',
      flag: 'c',
    })
    expect(news({ ...BEFORE, flags: { a: flag } })).toMatchObject({
      event: 'publish',
      flag: 'b',
      flags: ['b'],
    })
    expect(news({ ...withA({ enabled: false }), defaultOrigin: 'old' })).toMatchObject({
      event: 'publish',
      flag: null,
      flags: ['a'],
    })
    expect(news(BEFORE)).toMatchObject({ event: 'publish', flag: null, flags: [], changes: [] })
  })
})
