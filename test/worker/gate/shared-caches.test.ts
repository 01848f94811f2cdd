import { expect, it } from 'vitest'
import { keepFromSharedCaches } from '../../../src/gate/origin/cache-control.ts'

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
