/** All flags at a glance, which of them need attention, and what happened recently. */
import type { ComponentChildren } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import type { AdminClient } from '../../../contract/client.ts'
import type { FlagSummary, Responses } from '../../../contract/responses.ts'
import { type StateName, stateOf } from '../../../contract/words/flag-state.ts'
import { verdictOf } from '../../../contract/words/verdict-word.ts'
import { countText, plural } from '../../../core/figures.ts'
import { AuditList } from '../../components/audit/audit-list.tsx'
import { ViewHead } from '../../components/layout.tsx'
import { Skeleton, StaleDataNotice } from '../../components/loading.tsx'
import { live } from '../../state/live.ts'
import { Link, setQuery } from '../../state/router.tsx'
import { useMayActAs, useSession } from '../../state/session.ts'
import { createStore, useStore } from '../../state/store.ts'
import { useTitle } from '../../state/title.ts'
import { useIsNarrow } from '../../state/use-media.ts'
import { usePolled } from '../../state/use-polled.ts'
import { FlagFilterBar } from './filter-bar.tsx'
import { type Filters, filtered, filtersIn, queryOf } from './filters.ts'
import { FirstSteps } from './first-steps.tsx'
import { FlagList } from './flag-list.tsx'
import { KillAll } from './kill-all.tsx'

const REFRESH_MS = 3_000
/** Each answer is large then. */
const REFRESH_MANY_MS = 15_000
const MANY_FLAGS = 500
/** As many as fit beside a dozen flags. */
const RECENT = { query: { limit: '8' } }

/** Kept while other views are shown, and in the address. */
const filtersStore = createStore(filtersIn(new URLSearchParams(location.search)))
/** Shown at the next visit until the answer comes. */
const lastSeen = new WeakMap<AdminClient, Responses['listFlags']>()
const refreshMs = createStore(REFRESH_MS)

export function Home() {
  const { client } = useSession()
  const mayCreate = useMayActAs('admin')
  const { value, problem, atMs, refresh } = usePolled('listFlags', {}, useStore(refreshMs))
  const audit = usePolled('listAudit', RECENT, REFRESH_MANY_MS)
  const filters = useFilters()
  if (value) lastSeen.set(client, value)
  const { flags } = value ?? lastSeen.get(client) ?? {}
  const shown = useMemo(() => filtered(flags ?? [], filters), [flags, filters])
  useEffect(() => {
    if (flags) refreshMs.set(flags.length > MANY_FLAGS ? REFRESH_MANY_MS : REFRESH_MS)
  }, [flags])
  useTitle(flags && overallWord(flags))
  useRefreshOnNews(() => {
    refresh()
    audit.refresh()
  })
  return (
    <div class="home">
      <ViewHead title="Flags" about={<Summary flags={flags} />}>
        {flags !== undefined && flags.length > 0 && (
          <Dock word={overallWord(flags)}>
            <KillAll openFlags={flags.filter(({ state }) => state === 'open').length} onChanged={refresh} />
          </Dock>
        )}
        {mayCreate && (
          <>
            <Link to="/new" class="button">
              New flag
            </Link>
            {/* An empty gate has the one that stands out below. */}
            <Link to="/new-rollout" class={`button ${flags?.length === 0 ? '' : 'primary'}`}>
              New rollout
            </Link>
          </>
        )}
      </ViewHead>
      <StaleDataNotice problem={problem} atMs={atMs} />
      <div class="home-columns">
        <section aria-label="All flags" class="stack">
          {flags?.length !== 0 && (
            <FlagFilterBar
              flags={flags ?? []}
              shown={shown.length}
              filters={filters}
              onChange={filtersStore.set}
            />
          )}
          {flags === undefined ? <Skeleton class="flags" /> : <FlagList flags={shown} onChanged={refresh} />}
          {flags?.length === 0 && <FirstSteps />}
          {flags && flags.length > 0 && shown.length === 0 && (
            <p class="empty">No flag matches these filters.</p>
          )}
        </section>
        <aside class="recent" aria-label="Recent activity">
          <h2>Recent activity</h2>
          {audit.value && <AuditList records={audit.value.records} />}
          <Link to="/activity">All activity</Link>
        </aside>
      </div>
    </div>
  )
}

/** The most pressing word of all flags, with how many need attention. */
function overallWord(flags: readonly FlagSummary[]): string | undefined {
  if (flags.length === 0) return undefined
  const nowMs = Date.now()
  const words = flags.map((flag) => verdictOf(flag, nowMs)).filter(({ needsAttention }) => needsAttention)
  const first = words[0]
  if (first === undefined) return 'OK'
  return words.length === 1 ? first.word : `${words.length} need you`
}

/** On a phone, the word on all flags and the kill of all are at the lower edge; elsewhere the kill stands with the title. */
function Dock({ word, children }: { word: string | undefined; children: ComponentChildren }) {
  if (!useIsNarrow()) return <>{children}</>
  return (
    <section class="dock" aria-label="Verdict and controls">
      <strong>{word}</strong>
      {children}
    </section>
  )
}

function useFilters(): Filters {
  const filters = useStore(filtersStore)
  useEffect(() => setQuery(queryOf(filters)), [filters])
  return filters
}

/** Refreshes as soon as the live status tells of a decision or a new document. */
function useRefreshOnNews(refresh: () => void): void {
  const { status } = useStore(live)
  const news = status && `${status.epoch} ${status.document.version} ${status.kill.kv.join()}`
  useEffect(() => {
    if (news !== undefined) refresh()
  }, [news])
}

/** On the way through their stages, whatever holds them there. */
const ROLLING: ReadonlySet<StateName> = new Set(['climbing', 'approval', 'paused', 'frozen', 'failing'])

const OFF: ReadonlySet<StateName> = new Set(['killed', 'rolled-back', 'scheduled', 'off', 'disabled'])

function Summary({ flags }: { flags: readonly FlagSummary[] | undefined }) {
  if (flags === undefined) return <p class="muted">…</p>
  const nowMs = Date.now()
  const states = flags.map((flag) => stateOf(flag, nowMs))
  const count = (fits: (state: (typeof states)[number]) => boolean) => states.filter(fits).length
  const attention = flags.filter((flag) => verdictOf(flag, nowMs).needsAttention).length
  const counts = [
    [count(({ name }) => ROLLING.has(name)), 'rolling out'],
    [count(({ name }) => name === 'partial'), 'manual'],
    [count(({ name }) => name === 'on'), 'on'],
    [count(({ name }) => OFF.has(name)), 'off for all'],
  ] as const
  const parts = [
    plural(flags.length, 'flag'),
    ...counts.flatMap(([number, what]) => (number > 0 ? [`${countText(number)} ${what}`] : [])),
  ]
  return (
    <p class="muted summary">
      {parts.join(' · ')}
      {attention > 0 && (
        <strong class="needs-attention">{plural(attention, 'needs', 'need')} attention</strong>
      )}
    </p>
  )
}
