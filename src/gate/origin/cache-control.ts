/** Keeping responses that were made for one visitor out of shared caches. */
import { remembered } from '../../core/remembered.ts'
import type { HeaderFields } from '../request/header-list.ts'

/** Directives of Cache-Control that let others than the visitor's own browser keep a response. */
const SHARED_DIRECTIVES = new Set(['public', 's-maxage', 'proxy-revalidate'])
/** `private="x-a"` is about some headers; any cache may keep the rest of the response. */
const PRIVATE_HEADERS = /^private\s*=/i

/** Headers by which an origin talks to shared caches only. */
const SHARED_CACHE_HEADERS = ['cdn-cache-control', 'cloudflare-cdn-cache-control', 'surrogate-control']

/**
 * Keeps a response out of shared caches, in place: it was made for one visitor (it sets an identity, or another
 * visitor would have got another variant). What the origin says to the browser's own cache stays; with `revalidate` the
 * browser asks before it uses what it keeps. Otherwise the pages of one version would get code of the other from the
 * browser's cache once a visitor moves between versions.
 */
export function keepFromSharedCaches(headers: HeaderFields, revalidate = false): void {
  const field = headers.get('cache-control') ?? ''
  const own = revalidate ? revalidated(unshared(field)) : unshared(field)
  if (own !== field) headers.set('cache-control', own)
  for (const name of SHARED_CACHE_HEADERS) headers.delete(name)
}

/** Whether an origin lets shared caches keep a response, or speaks to them. */
export function isForSharedCaches(headers: HeaderFields): boolean {
  const directives = directivesOf(headers.get('cache-control') ?? '')
  return (
    directives.some((directive) => SHARED_DIRECTIVES.has(directiveName(directive))) ||
    SHARED_CACHE_HEADERS.some((name) => headers.has(name))
  )
}

/** Makes the browser ask again before it uses the response, and keeps it out of all other caches, whatever it said. */
export function keepForRevalidation(headers: Headers): void {
  const isStored = !/(?:^|[\s,])no-store(?:$|[\s,])/i.test(headers.get('cache-control') ?? '')
  headers.set('cache-control', isStored ? 'private, no-cache' : 'private, no-cache, no-store')
  for (const name of SHARED_CACHE_HEADERS) headers.delete(name)
}

/** Cache-Control for a response that only the visitor's own browser may keep. */
const unshared = remembered((field) => {
  const directives = directivesOf(field).filter(
    (directive) => !SHARED_DIRECTIVES.has(directiveName(directive)) && !PRIVATE_HEADERS.test(directive),
  )
  const given = new Set(directives.map((directive) => directive.toLowerCase()))
  // A cache that knows the status ignores no-store beside must-understand (RFC 9111, 5.2.2.3).
  const isStored = !given.has('no-store') || given.has('must-understand')
  if (isStored && !given.has('private')) directives.unshift('private')
  return directives.join(', ')
})

const FRESHNESS = new Set(['max-age', 'stale-while-revalidate', 'immutable'])

/** Cache-Control that makes a browser ask first. */
const revalidated = remembered((field) => {
  const directives = directivesOf(field)
  if (directives.some((directive) => /^no-(store|cache)$/i.test(directive))) return field
  const kept = directives.filter((directive) => !FRESHNESS.has(directiveName(directive)))
  return [...kept, 'no-cache'].join(', ')
})

/** Values in quotes may hold commas. */
const DIRECTIVE = /(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g

const directivesOf = (field: string) =>
  (field.match(DIRECTIVE) ?? []).map((directive) => directive.trim()).filter((directive) => directive !== '')

function directiveName(directive: string): string {
  return (directive.split('=')[0] ?? '').trim().toLowerCase()
}
