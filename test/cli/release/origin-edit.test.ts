/** What a release makes of a document. */
import { describe, expect, it } from 'vitest'
import { releaseEdit, targetOf } from '../../../src/cli/release/origin-edit.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'

const flag = {
  variants: { on: true, off: false },
  off: 'off',
  rules: [{ serve: 'on', stages: [{ percentage: 100 }] }],
}
const DOCUMENT = {
  origins: {
    old: { url: 'https://v0.example.com' },
    new: { url: 'https://v1.example.com', timeoutMs: 5_000 },
    images: { url: 'https://images.example.com' },
  },
  context: { targetingKey: { header: 'x-user-id' } },
  routes: [
    { path: '/images/*', origin: 'images' },
    { path: '/*', flag: 'site', origins: { on: 'new', off: 'old' } },
  ],
  flags: { site: flag },
}
const V2 = { new: { url: 'https://v2.example.com' } }

type Edited = { origins: Record<string, object>; routes: { origins?: Record<string, string> }[] }
const edited = (
  finished: boolean,
  targets: Parameters<typeof releaseEdit>[2] = V2,
  document: object = DOCUMENT,
) => {
  const edit = releaseEdit(document as Record<string, unknown>, 'site', targets, { finished })
  expect(parseDocumentValue(edit.document)).toMatchObject({ ok: true })
  return { ...edit, document: edit.document as unknown as Edited }
}

describe('an origin', () => {
  it('is a URL, or a binding of the Worker', () => {
    expect(targetOf('new', 'https://v2.example.com')).toEqual({ url: 'https://v2.example.com' })
    expect(targetOf('new', 'binding:SITE_GREEN')).toEqual({ binding: 'SITE_GREEN' })
  })

  it.each(['', 'v2.example.com', 'ftp://v2.example.com', 'binding:', 'binding:a b', 'javascript:alert(1)'])(
    'is not %j',
    (text) => {
      expect(() => targetOf('new', text)).toThrow(/must name a URL/)
    },
  )
})

describe('a release', () => {
  it('changes where the origin is, and leaves how it is asked', () => {
    const { document, notes } = edited(false)
    expect(document.origins.new).toEqual({ url: 'https://v2.example.com', timeoutMs: 5_000 })
    expect(document.routes).toEqual(DOCUMENT.routes)
    expect([Object.keys(document.origins), notes]).toEqual([['old', 'new', 'images'], []])
    expect(DOCUMENT.origins.new.url).toBe('https://v1.example.com')
  })

  it('from a URL to a binding and back names one of them', () => {
    const bound = edited(false, { new: { binding: 'SITE' } })
    expect(bound.document.origins.new).toEqual({ binding: 'SITE', timeoutMs: 5_000 })
    expect(edited(false, V2, bound.document).document.origins.new).toEqual({
      url: 'https://v2.example.com',
      timeoutMs: 5_000,
    })
  })

  it('after one that is finished keeps what visitors have as control', () => {
    const { document, notes } = edited(true)
    expect(document.origins['new-previous']).toEqual(DOCUMENT.origins.new)
    expect(document.origins.old).toEqual(DOCUMENT.origins.old)
    expect(document.routes[1]?.origins).toEqual({ on: 'new', off: 'new-previous' })
    expect(notes).toEqual([expect.stringContaining('control is new-previous now: https://v1.example.com')])
    const again = edited(true, { new: { url: 'https://v3.example.com' } }, document)
    expect(again.document.origins['new-previous']).toMatchObject({ url: 'https://v2.example.com' })
    expect(again.document.routes).toEqual(document.routes)
  })

  it('after one that is finished changes control only on the routes that lead to it', () => {
    const cart = { path: '/cart', flag: 'site', origins: { on: 'cart', off: 'old' } }
    const two = {
      ...DOCUMENT,
      origins: { ...DOCUMENT.origins, cart: { url: 'https://cart.example.com' } },
      routes: [cart, ...DOCUMENT.routes],
    }
    const { document } = edited(true, V2, two)
    expect(document.routes.map(({ origins }) => origins?.off)).toEqual(['old', undefined, 'new-previous'])
  })

  it('of the same URL again, at a URL that gets new code, keeps control', () => {
    const { document } = edited(true, { new: { url: 'https://v1.example.com' } })
    expect(document.origins['new-previous']).toBeUndefined()
    expect(document.routes).toEqual(DOCUMENT.routes)
  })

  it('warns of routes and flags that get the new version with it', () => {
    const shared = {
      ...DOCUMENT,
      defaultOrigin: 'new',
      routes: [
        { path: '/api/*', origin: 'new' },
        { path: '/cart', flag: 'cart', origins: { on: 'new', off: 'old' } },
        ...DOCUMENT.routes,
      ],
      flags: { ...DOCUMENT.flags, cart: flag },
    }
    expect(edited(false, V2, shared).notes.map((note) => note.split(' leads')[0])).toEqual([
      'warning: route /api/*',
      'warning: flag cart',
      'warning: defaultOrigin',
    ])
  })

  it.each([
    [
      'unknown',
      { nowhere: { url: 'https://x.example.com' } },
      'The document has no origin nowhere; it has old, new',
    ],
    [
      'control’s',
      { old: { url: 'https://x.example.com' } },
      'site does not lead its canary to old, but to new',
    ],
    [
      'another route’s',
      { images: { url: 'https://x.example.com' } },
      'site does not lead its canary to images',
    ],
  ])('of an origin that is %s is refused', (_, targets, message) => {
    expect(() => edited(false, targets)).toThrow(message)
  })

  it('of an unknown flag is refused', () => {
    expect(() => releaseEdit(DOCUMENT, 'nope', V2, { finished: false })).toThrow(
      'The document has no flag nope',
    )
  })
})
