/** Counts over time of the flags on the page, shared by all components that show them. */
import { useEffect } from 'preact/hooks'
import type { AdminClient } from '../../contract/client.ts'
import type { Responses } from '../../contract/responses.ts'
import { createStore, type Store, useStore } from './store.ts'

export type Series = Responses['getSeries']
export type SeriesPoint = Series['points'][number]

type Entry = { store: Store<Series | undefined>; users: number; timer?: ReturnType<typeof setTimeout> }

const entries = new Map<string, Entry>()

/** The counts of a flag; undefined until they are loaded, and always for an undefined flag. */
export function useSeries(
  client: AdminClient,
  flag: string | undefined,
  { seconds, everyMs }: { seconds: number; everyMs: number },
): Series | undefined {
  const entry = entryOf(`${seconds} ${flag ?? ''}`)
  useEffect(() => {
    if (flag === undefined) return
    const poll = async () => {
      const query = { flag, seconds: String(seconds) }
      // Where it fails, the last counts stay, and the frame says how old the page's data is.
      const series = await client.call('getSeries', { query }).catch(() => entry.store.value)
      entry.store.set(series)
      if (entry.users > 0) entry.timer = setTimeout(poll, everyMs)
    }
    if (++entry.users === 1) void poll()
    return () => {
      if (--entry.users === 0) clearTimeout(entry.timer)
    }
  }, [client, flag, seconds, everyMs, entry])
  return useStore(entry.store)
}

/** A point of five seconds may have a single request, whose rate says nothing. */
const ENOUGH_REQUESTS = 100
const MAX_POINTS = 6

export type Counted = { requests: number; errors: number }

/** The counts of an arm at each point, added to those just before it of the same attempt until they are enough. */
export function smoothed(points: readonly SeriesPoint[], arm: 'canary' | 'control' | 'other'): Counted[] {
  return points.map((point, index) => {
    const sum = { requests: 0, errors: 0 }
    for (let at = index; at >= 0 && index - at < MAX_POINTS && sum.requests < ENOUGH_REQUESTS; at--) {
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
