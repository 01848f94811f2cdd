/**
 * What failed: a bounded sample of failed answers of canary and control, by flag, attempt and variant. For people to look
 * at: no verdict depends on it. It names no visitor: paths come without query, with identifiers cut out.
 */

import type { Arm } from '../../decision/decide.ts'
import { routeTemplate } from '../../shadow/route-template.ts'

/** What failures are told apart by, in the words of the admin API. */
export const FACETS = ['statuses', 'paths', 'colos', 'countries', 'browsers'] as const
export type Facet = (typeof FACETS)[number]

/** `failed`: an error. `turned-away`: an answer that the guard counts as a client error. */
export const FAILED_AS = ['failed', 'turned-away'] as const

type Side = { variant: string; arm: Exclude<Arm, 'other'>; as: (typeof FAILED_AS)[number] }

/** One failed answer. */
export type FailureSample = Side & {
  flag: string
  generation: number
  atMs: number
  seen: Record<Facet, string>
  /** As the platform, or the visitor's side, names the request in logs. */
  requestId?: string | undefined
}

/** A value, and how often it came up among the samples. */
type Tally = { value: string; count: number }

/** The samples of one variant in one arm, as the admin API shows them. */
export type FailureGroup = Side &
  Record<Facet, Tally[]> & {
    sampled: number
    firstSeenAt: string
    lastSeenAt: string
    requests: { id: string; at: string; status: string; path: string }[]
  }

/** What failed in one attempt. */
export type Failures = { generation: number; groups: FailureGroup[] }

const MOST_GROUPS = 12
/** Values of a facet that are told apart; the rest counts as `other`. */
const MOST_VALUES = 40
const MOST_SHOWN = 10
const MOST_REQUESTS = 3
const OTHER = 'other'
const SEGMENT = /[^/]+/g
/** In segments that are likely to name someone or something: order numbers, short ids, addresses. */
const NAMES_SOMETHING = /\d{3}|\d[a-z]+\d|@|%40/i

/**
 * A request's method and path, without what could identify a visitor.
 *
 * @example failedPath('GET', '/orders/ORD-1234/pay') // 'GET /orders/:id/pay'
 */
export function failedPath(method: string, path: string): string {
  const masked = path.replace(SEGMENT, (segment) => (NAMES_SOMETHING.test(segment) ? ':id' : segment))
  return routeTemplate(method, masked)
}

/** Adds a sample, in place. */
export function addFailure(groups: FailureGroup[], sample: FailureSample): void {
  const { variant, arm, as, atMs, seen, requestId } = sample
  const at = new Date(atMs).toISOString()
  let group = groups.find((each) => each.variant === variant && each.arm === arm && each.as === as)
  if (group === undefined) {
    if (groups.length >= MOST_GROUPS) return
    const facets = { statuses: [], paths: [], colos: [], countries: [], browsers: [] }
    group = { variant, arm, as, sampled: 0, firstSeenAt: at, lastSeenAt: at, ...facets, requests: [] }
    groups.push(group)
  }
  group.sampled++
  if (at < group.firstSeenAt) group.firstSeenAt = at
  if (at > group.lastSeenAt) group.lastSeenAt = at
  for (const facet of FACETS) countValue(group[facet], seen[facet])
  if (requestId === undefined) return
  group.requests.push({ id: requestId, at, status: seen.statuses, path: seen.paths })
  // The first, and the newest: logs may no longer reach back to the first.
  if (group.requests.length > MOST_REQUESTS) group.requests.splice(1, 1)
}

function countValue(tallies: Tally[], value: string): void {
  const known = tallies.find((each) => each.value === value)
  if (known !== undefined) known.count++
  else if (tallies.length < MOST_VALUES || value === OTHER) tallies.push({ value, count: 1 })
  else countValue(tallies, OTHER)
}

/** What to show: the most frequent values, errors before what was turned away, canary before control. */
export function mostFrequent(groups: readonly FailureGroup[]): FailureGroup[] {
  return groups
    .map((group) => {
      const shown = { ...group }
      for (const facet of FACETS)
        shown[facet] = group[facet].toSorted((a, b) => b.count - a.count).slice(0, MOST_SHOWN)
      return shown
    })
    .sort((a, b) => (a.as + a.arm < b.as + b.arm ? -1 : 1))
}
