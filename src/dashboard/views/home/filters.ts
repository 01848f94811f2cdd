/** Which flags a person wants to see. Pure. */
import type { FlagSummary } from '../../../contract/responses.ts'
import { STATE_NAMES, type StateName, stateOf } from '../../state/flag-state.ts'

export type Filters = { query: string; state: StateName | ''; tag: string; owner: string; staleOnly: boolean }

export const NO_FILTERS: Filters = { query: '', state: '', tag: '', owner: '', staleOnly: false }

/** Flags that fit, in the document's order but for those that need a person, which come first. */
export function filtered(flags: readonly FlagSummary[], filters: Filters): FlagSummary[] {
  const words = filters.query.toLowerCase().split(/\s+/).filter(Boolean)
  const fits = flags.filter(
    (flag) =>
      (filters.state === '' || stateOf(flag).name === filters.state) &&
      (filters.tag === '' || flag.tags.includes(filters.tag)) &&
      (filters.owner === '' || flag.owner === filters.owner) &&
      (!filters.staleOnly || flag.stale.length > 0) &&
      words.every((word) => textOf(flag).includes(word)),
  )
  return fits.sort((a, b) => Number(stateOf(b).needsYou) - Number(stateOf(a).needsYou))
}

function textOf({ key, description, owner, tags, routes }: FlagSummary): string {
  return [key, description, owner, ...tags, ...routes].join('\n').toLowerCase()
}

/** What can be chosen: every tag and owner that a flag has, in order. */
export function choicesOf(flags: readonly FlagSummary[]): { tags: string[]; owners: string[] } {
  const tags = new Set(flags.flatMap((flag) => flag.tags))
  const owners = new Set(flags.flatMap((flag) => flag.owner ?? []))
  return { tags: [...tags].sort(), owners: [...owners].sort() }
}

/** Filters as an address has them. */
export function queryOf({ query, state, tag, owner, staleOnly }: Filters): URLSearchParams {
  const parts = { q: query, state, tag, owner, stale: staleOnly ? '1' : '' }
  return new URLSearchParams(Object.entries(parts).filter(([, text]) => text !== ''))
}

export function filtersIn(query: URLSearchParams): Filters {
  const of = (name: string) => query.get(name) ?? ''
  const state = STATE_NAMES.find((name) => name === of('state')) ?? ''
  return { query: of('q'), state, tag: of('tag'), owner: of('owner'), staleOnly: of('stale') === '1' }
}
