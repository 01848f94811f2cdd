import { expect, it } from 'vitest'
import { keepFromSharedCaches } from '../../../../src/gate/origin/cache-control.ts'

const kept = (field: string | undefined, more: Record<string, string> = {}) => {
  const headers = new Headers({ ...(field !== undefined && { 'cache-control': field }), ...more })
  keepFromSharedCaches(headers)
  return Object.fromEntries(headers)
}

it.each([
  [undefined, 'private'],
  ['public, max-age=60, s-maxage=90', 'private, max-age=60'],
  ['max-age=60, private', 'max-age=60, private'],
  ['no-store', 'no-store'],
  // Said of single fields: anybody may keep the rest.
  ['private="x-a", max-age=60', 'private, max-age=60'],
  ['Private="x-a, x-b", max-age=60', 'private, max-age=60'],
  ['no-cache="set-cookie, x-a", public', 'private, no-cache="set-cookie, x-a"'],
  // Caches that know the status may keep it in spite of no-store.
  ['must-understand, no-store, max-age=60', 'private, must-understand, no-store, max-age=60'],
  ['max-age="60', 'private, max-age="60'],
])("of Cache-Control %s only the visitor's own browser makes use: %s", (field, expected) => {
  expect(kept(field)).toEqual({ 'cache-control': expected })
})

it('what is said to caches in between alone is taken away', () => {
  const between = { 'cdn-cache-control': 'max-age=9', 'surrogate-control': 'max-age=9' }
  expect(kept('max-age=60', between)).toEqual({ 'cache-control': 'private, max-age=60' })
})

it.each(['cdn-cache-control', 'cloudflare-cdn-cache-control', 'surrogate-control'])(
  'no cache in between hears anything: %s',
  (name) =>
    expect(kept('private', { [name]: 'max-age=9', etag: '"a"' })).toEqual({
      'cache-control': 'private',
      etag: '"a"',
    }),
)

it.each([
  ['public, PUBLIC, S-MaxAge=9, proxy-revalidate, must-revalidate', 'private, must-revalidate'],
  ['PRIVATE, max-age=1', 'PRIVATE, max-age=1'],
  ['No-Store', 'No-Store'],
  ['no-store, must-understand, private', 'no-store, must-understand, private'],
  [' , max-age=1 ,, ', 'private, max-age=1'],
  ['private = "x-a"', 'private'],
  ['s-maxage = 9', 'private'],
  ['x="a\\"b, public", public', 'private, x="a\\"b, public"'],
])('of Cache-Control %s this is left: %s', (field, expected) => {
  expect(kept(field)).toEqual({ 'cache-control': expected })
})

const revalidated = (field: string | undefined) => {
  const headers = new Headers(field === undefined ? {} : { 'cache-control': field })
  keepFromSharedCaches(headers, true)
  return headers.get('cache-control')
}

it.each([
  [undefined, 'private, no-cache'],
  ['public, max-age=60', 'private, no-cache'],
  ['max-age=60, stale-while-revalidate=9, stale-if-error=9', 'private, stale-if-error=9, no-cache'],
  ['no-store', 'no-store'],
  ['No-Cache', 'private, No-Cache'],
  ['max-age=60, immutable', 'private, no-cache'],
  ['Immutable', 'private, no-cache'],
  // Said of one header only.
  ['no-cache="x-a"', 'private, no-cache="x-a", no-cache'],
])('a browser that keeps code asks first: %s becomes %s', (field, expected) => {
  expect(revalidated(field)).toBe(expected)
})
