/**
 * Patterns of routes. A path pattern is exact (`/cart`), open-ended (`/checkout/*` also takes `/checkout`;
 * `/assets*` takes whatever begins so), and may leave single segments open (`/users/:id/edit`, `/a/*` + `/b`).
 * Both are compared in one spelling (canonical-path.ts); case counts.
 */
import { canonicalPattern } from './canonical-path.ts'

/** `text` is canonical, and so must be the path that it is asked for. */
export type PathPattern = { text: string; matches(path: string): boolean; openEnded: boolean; exact: boolean }

const OPEN_SEGMENT = /^(?:\*|:[A-Za-z_]\w*)$/

/** Whether a pattern's segment matches any segment. */
export function isOpenSegment(segment: string): boolean {
  return OPEN_SEGMENT.test(segment)
}

/**
 * Compiles a path pattern; every text that begins with "/" is one.
 *
 * @example compilePath('/users/:id/edit').matches('/users/7/edit') // true
 */
export function compilePath(pattern: string): PathPattern {
  const text = canonicalPattern(pattern)
  const openEnded = text.endsWith('*')
  const fixed = openEnded ? text.slice(0, -1) : text
  if (fixed.split('/').some((segment) => OPEN_SEGMENT.test(segment))) return compileSegments(text)
  if (!openEnded) return { text, openEnded, exact: true, matches: (path) => path === text }
  if (fixed === '/') return { text, openEnded, exact: false, matches: () => true }
  if (!fixed.endsWith('/')) {
    return { text, openEnded, exact: false, matches: (path) => path.startsWith(fixed) }
  }
  const itself = fixed.slice(0, -1)
  return { text, openEnded, exact: false, matches: (path) => path.startsWith(fixed) || path === itself }
}

function compileSegments(text: string): PathPattern {
  const openEnded = text.endsWith('*')
  const isPrefix = openEnded && !text.endsWith('/*')
  const wanted = text.slice(0, isPrefix ? -1 : openEnded ? -2 : undefined).split('/')
  const last = wanted.length - 1
  const open = wanted.map((segment) => OPEN_SEGMENT.test(segment))
  return {
    text,
    openEnded,
    exact: false,
    matches: (path) => {
      const segments = path.split('/')
      if (openEnded ? segments.length < wanted.length : segments.length !== wanted.length) return false
      return wanted.every((segment, index) => {
        if (open[index]) return segments[index] !== ''
        return isPrefix && index === last
          ? segments[index]?.startsWith(segment) === true
          : segment === segments[index]
      })
    },
  }
}

/** A character that no path contains, for "any text". */
const ANY = '\u0000'

/** Whether `earlier` matches every path that `later` matches; `samples` are the later one's. */
export function covers(earlier: PathPattern, later: PathPattern, samples: readonly string[]): boolean {
  if (later.openEnded && !earlier.openEnded) return false
  return samples.every((path) => earlier.matches(path))
}

/** Sample paths of a pattern, one for each way in which it is open. */
export function samplePaths(text: string): string[] {
  const closed = (path: string) =>
    path
      .split('/')
      .map((segment) => (OPEN_SEGMENT.test(segment) ? ANY : segment))
      .join('/')
  if (!text.endsWith('*')) return [closed(text)]
  const fixed = closed(text.slice(0, -1))
  const itself = fixed.endsWith('/') && fixed !== '/' ? [fixed.slice(0, -1)] : []
  return [...itself, fixed, `${fixed}${ANY}`, `${fixed}${ANY}/${ANY}`]
}

/**
 * Whether one of some host patterns matches a host: `*.example.com` matches every name below it, however deep, and not
 * `example.com` itself; a port counts if named. A dot at the end, which means the same host, makes no difference. Thousands of
 * patterns cost as much as one.
 *
 * @example compileHosts(['*.example.com'])('shop.example.com') // true
 */
export function compileHosts(patterns: readonly string[]): (host: string) => boolean {
  const wanted = patterns.map(canonicalHost)
  const exact = new Set(wanted.filter((pattern) => !pattern.startsWith('*.')))
  const below = new Set(wanted.flatMap((pattern) => (pattern.startsWith('*.') ? [pattern.slice(1)] : [])))
  const takes = (host: string) => {
    if (exact.has(host)) return true
    if (below.size === 0) return false
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1))
      if (below.has(host.slice(dot))) return true
    return false
  }
  return (host) => {
    const canonical = canonicalHost(host)
    return takes(canonical) || takes(canonical.replace(PORT, ''))
  }
}

const PORT = /:\d+$/

/** In small letters, without the port of a protocol and the dot of the root. */
export function canonicalHost(host: string): string {
  const lower = host.toLowerCase()
  return /[.\d]$/.test(lower) ? lower.replace(/\.?(?::(?:80|443))?$/, '').replace(/\.(?=:\d+$)/, '') : lower
}
