/** The filters of the list of flags. Pure. */
import type { FlagSummary } from '../../../contract/responses.ts'
import { STATE_NAMES, type StateName, stateOf } from '../../../contract/words/flag-state.ts'
import { verdictOf } from '../../../contract/words/verdict-word.ts'

export type Filters = { query: string; state: StateName | ''; tag: string; owner: string; staleOnly: boolean }

export const NO_FILTERS: Filters = { query: '', state: '', tag: '', owner: '', staleOnly: false }

/** The flags that match: those that need attention first, each group in the order of the document. */
export function filtered(flags: readonly FlagSummary[], filters: Filters): FlagSummary[] {
  const nowMs = Date.now()
  const words = filters.query.toLowerCase().split(/\s+/).filter(Boolean)
  const fits = flags.filter(
    (flag) =>
      (filters.state === '' || stateOf(flag, nowMs).name === filters.state) &&
      (filters.tag === '' || flag.tags.includes(filters.tag)) &&
      (filters.owner === '' || flag.owner === filters.owner) &&
      (!filters.staleOnly || flag.stale.length > 0) &&
      words.every((word) => textOf(flag).includes(word)),
  )
  const urgency = (flag: FlagSummary) => {
    const { word, needsAttention } = verdictOf(flag, nowMs)
    // Its visitors are served worse at this moment.
    return word === 'Worse' ? 2 : Number(needsAttention)
  }
  return fits.sort((a, b) => urgency(b) - urgency(a))
}

function textOf({ key, description, owner, tags, routes }: FlagSummary): string {
  return [key, description, owner, ...tags, ...routes].join('\n').toLowerCase()
}

/** Every tag and owner that a flag has, sorted. */
export function choicesOf(flags: readonly FlagSummary[]): { tags: string[]; owners: string[] } {
  const tags = new Set(flags.flatMap((flag) => flag.tags))
  const owners = new Set(flags.flatMap((flag) => flag.owner ?? []))
  return { tags: [...tags].sort(), owners: [...owners].sort() }
}

/** The filters as the query of an address. */
export function queryOf({ query, state, tag, owner, staleOnly }: Filters): URLSearchParams {
  const parts = { q: query, state, tag, owner, stale: staleOnly ? '1' : '' }
  return new URLSearchParams(Object.entries(parts).filter(([, text]) => text !== ''))
}

export function filtersIn(query: URLSearchParams): Filters {
  const of = (name: string) => query.get(name) ?? ''
  const state = STATE_NAMES.find((name) => name === of('state')) ?? ''
  return { query: of('q'), state, tag: of('tag'), owner: of('owner'), staleOnly: of('stale') === '1' }
}
