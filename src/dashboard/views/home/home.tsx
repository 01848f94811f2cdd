/** All flags at a glance, what needs a person, and what happened lately. */
import { useCallback, useEffect, useMemo } from 'preact/hooks'
import type { AdminClient } from '../../../contract/client.ts'
import type { FlagSummary, Responses } from '../../../contract/responses.ts'
import { AuditList } from '../../components/audit-list.tsx'
import { OldData } from '../../components/loading/old-data.tsx'
import { stateOf } from '../../state/flag-state.ts'
import { countText } from '../../state/format.ts'
import { live } from '../../state/live.ts'
import { Link, setQuery } from '../../state/router.tsx'
import { mayActAs } from '../../state/session.ts'
import { useSession } from '../../state/session-context.ts'
import { createStore, useStore } from '../../state/store.ts'
import { usePolled } from '../../state/use-polled.ts'
import { FilterBar } from './filter-bar.tsx'
import { type Filters, filtered, filtersIn, queryOf } from './filters.ts'
import { FlagList } from './flag-list.tsx'
import { KillAll } from './kill-all.tsx'

const REFRESH_MS = 3_000
/** Each look is a large answer then. */
const REFRESH_MANY_MS = 15_000
const MANY_FLAGS = 500
/** As much as fits beside a dozen flags; the rest is a click away. */
const RECENT = { limit: '8' }

/** Kept while other views are shown, and in the address. */
const filtersStore = createStore(filtersIn(new URLSearchParams(location.search)))
/** What who comes back sees until the answer is there. */
const lastSeen = new WeakMap<AdminClient, Responses['listFlags']>()
const refreshMs = createStore(REFRESH_MS)

export function Home() {
  const { client, person } = useSession()
  const everyMs = useStore(refreshMs)
  const askFlags = useCallback((signal: AbortSignal) => client.call('listFlags', {}, signal), [client])
  const { value, problem, atMs, refresh } = usePolled(askFlags, everyMs)
  const askAudit = useCallback(
    (signal: AbortSignal) => client.call('listAudit', { query: RECENT }, signal),
    [client],
  )
  const audit = usePolled(askAudit, REFRESH_MANY_MS)
  const filters = useFilters()
  if (value) lastSeen.set(client, value)
  const { flags } = value ?? lastSeen.get(client) ?? {}
  const shown = useMemo(() => filtered(flags ?? [], filters), [flags, filters])
  useEffect(() => {
    if (flags) refreshMs.set(flags.length > MANY_FLAGS ? REFRESH_MANY_MS : REFRESH_MS)
  }, [flags])
  useRefreshOnNews(() => {
    refresh()
    audit.refresh()
  })
  return (
    <div class="home">
      <header class="view-head">
        <div>
          <h1>Flags</h1>
          <Summary flags={flags} />
        </div>
        <div class="row">
          <KillAll
            openFlags={flags?.filter(({ state }) => state === 'open').length ?? 0}
            onChanged={refresh}
          />
          {mayActAs(person, 'admin') && (
            <Link to="/new" class="button primary">
              New flag
            </Link>
          )}
        </div>
      </header>
      <OldData problem={problem} atMs={atMs} />
      <div class="home-columns">
        <section aria-label="All flags" class="stack">
          <FilterBar flags={flags ?? []} shown={shown.length} filters={filters} onChange={filtersStore.set} />
          {flags === undefined ? <Skeleton /> : <FlagList flags={shown} onChanged={refresh} />}
          {flags && shown.length === 0 && <Nothing hasFlags={flags.length > 0} />}
        </section>
        <aside class="recent" aria-label="Lately">
          <h2>Lately</h2>
          {audit.value && <AuditList records={audit.value.records} />}
          <Link to="/activity">All activity</Link>
        </aside>
      </div>
    </div>
  )
}

function useFilters(): Filters {
  const filters = useStore(filtersStore)
  useEffect(() => setQuery(queryOf(filters)), [filters])
  return filters
}

/** Asks anew as soon as the live picture says that something has been decided or published. */
function useRefreshOnNews(refresh: () => void): void {
  const { status } = useStore(live)
  const news = status && `${status.epoch} ${status.document.version} ${status.kill.kv.join()}`
  useEffect(() => {
    if (news !== undefined) refresh()
  }, [news])
}

function Summary({ flags }: { flags: readonly FlagSummary[] | undefined }) {
  if (flags === undefined) return <p class="muted">…</p>
  const states = flags.map(stateOf)
  const count = (fits: (state: (typeof states)[number]) => boolean) => states.filter(fits).length
  const needing = count(({ needsYou }) => needsYou)
  const parts = [
    `${countText(flags.length)} in all`,
    `${countText(count(({ name }) => name === 'climbing' || name === 'partial'))} rolling out`,
    `${countText(count(({ name }) => name === 'on'))} on`,
  ]
  return (
    <p class="muted summary">
      {parts.join(' · ')}
      {needing > 0 && (
        <strong class="needs-you">{needing === 1 ? '1 needs you' : `${needing} need you`}</strong>
      )}
    </p>
  )
}

function Skeleton() {
  return (
    <div class="flags skeleton" aria-busy="true">
      <span class="visually-hidden">Loading</span>
    </div>
  )
}

function Nothing({ hasFlags }: { hasFlags: boolean }) {
  return (
    <p class="empty">
      {hasFlags ? 'No flag fits these filters.' : 'There are no flags yet. Make the first one.'}
    </p>
  )
}
