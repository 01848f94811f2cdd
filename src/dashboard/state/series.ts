/** Counts over time of the flags in sight: asked for when somebody looks, shared by all who do. */
import { useEffect } from 'preact/hooks'
import type { AdminClient } from '../../contract/client.ts'
import type { Responses } from '../../contract/responses.ts'
import { createStore, type Store, useStore } from './store.ts'

export type Series = Responses['getSeries']
export type SeriesPoint = Series['points'][number]

type Entry = { store: Store<Series | undefined>; users: number; timer?: ReturnType<typeof setTimeout> }

const entries = new Map<string, Entry>()

/** The counts of a flag; undefined until they are there, and always for an undefined flag. */
export function useSeries(
  client: AdminClient,
  flag: string | undefined,
  { seconds, everyMs }: { seconds: number; everyMs: number },
): Series | undefined {
  const entry = entryOf(`${seconds} ${flag ?? ''}`)
  useEffect(() => {
    if (flag === undefined) return
    const look = async () => {
      try {
        entry.store.set(await client.call('getSeries', { query: { flag, seconds: String(seconds) } }))
      } catch {
        // What is shown stays; how old the page's data is, the frame says.
      }
      if (entry.users > 0) entry.timer = setTimeout(look, everyMs)
    }
    if (++entry.users === 1) void look()
    return () => {
      if (--entry.users === 0) clearTimeout(entry.timer)
    }
  }, [client, flag, seconds, everyMs, entry])
  return useStore(entry.store)
}

/** A point of five seconds may have a single request: a rate of it says nothing. */
const ENOUGH_REQUESTS = 100
const MOST_POINTS = 6

export type Counted = { requests: number; errors: number }

/** Of each point, the counts of an arm with those just before it, of the same attempt, until they say something. */
export function steadied(points: readonly SeriesPoint[], arm: 'canary' | 'control'): Counted[] {
  return points.map((point, index) => {
    const sum = { requests: 0, errors: 0 }
    for (let at = index; at >= 0 && index - at < MOST_POINTS && sum.requests < ENOUGH_REQUESTS; at--) {
      const { generation, [arm]: counts } = points[at] as SeriesPoint
      if (generation !== point.generation) break
      sum.requests += counts.requests
      sum.errors += counts.errors
    }
    return sum
  })
}

function entryOf(key: string): Entry {
  let entry = entries.get(key)
  if (entry === undefined) {
    entry = { store: createStore<Series | undefined>(undefined), users: 0 }
    entries.set(key, entry)
  }
  return entry
}
