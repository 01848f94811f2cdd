/** Every version of the document: who published it, why, and what it changed; any of them can be restored. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { Change, DocumentVersion, Responses } from '../../../contract/responses.ts'
import { type AuditRecord, transitionLines } from '../../../contract/words/audit.ts'
import { changesBetween } from '../../../core/config/document-diff.ts'
import { changeWords } from '../../../core/config/document-words.ts'
import { countText } from '../../../core/figures.ts'
import { AuditFilterBar, queryOfFilters, useAuditFilters } from '../../components/audit/audit-filters.tsx'
import { ChangeSummary, Changes } from '../../components/document-diff.tsx'
import { Segments } from '../../components/fields.tsx'
import { Card, ViewHead } from '../../components/layout.tsx'
import { StaleDataNotice } from '../../components/loading.tsx'
import { Ago } from '../../components/time.tsx'
import { live } from '../../state/live.ts'
import { useQueryText, useQueryValue } from '../../state/router.tsx'
import { textOf, useMayActAs, useSession } from '../../state/session.ts'
import { useStore } from '../../state/store.ts'
import { usePolled } from '../../state/use-polled.ts'
import { RestoreDialog } from './restore-dialog.tsx'

const REFRESH_MS = 15_000
/** Lines of what a version changed that the list shows; its own card shows all. */
const MOST_LINES = 3
const COMPARISONS = [
  ['before', 'What it changed'],
  ['current', 'Compared with now'],
] as const

export function HistoryView() {
  const { value, problem, atMs, refresh } = usePolled('listVersions', {}, REFRESH_MS)
  const [filters, setFilter] = useAuditFilters()
  const query = { limit: '500', ...queryOfFilters({ ...filters, kind: 'document' }) }
  const audit = usePolled('listAudit', { query }, REFRESH_MS)
  const [wanted, setWanted] = useQueryText('version')
  const chosen = wanted === '' ? undefined : Number(wanted)
  const version = useStore(live).status?.document.version
  useEffect(() => {
    if (version === undefined) return
    refresh()
    audit.refresh()
  }, [version])
  const meanings = useMemo(() => meaningsOf(audit.value?.records ?? []), [audit.value])
  const isFiltered = filters.flag !== '' || filters.actor !== ''
  const listed = (value?.versions ?? []).filter((each) => !isFiltered || meanings.has(each.version))
  const shown =
    listed.find((each) => each.version === (chosen ?? value?.current)) ?? (isFiltered ? listed[0] : undefined)
  return (
    <div class="history">
      <ViewHead title="History" about="Every version of the document that was in force." />
      <StaleDataNotice problem={problem} atMs={atMs} />
      <AuditFilterBar filters={filters} onChange={setFilter} records={audit.value?.records ?? []} isOneKind />
      <div class="history-columns">
        <ol class="versions card">
          {listed.map((each) => (
            <li key={each.version}>
              <button
                type="button"
                class="quiet version"
                aria-pressed={each.version === shown?.version}
                onClick={() => setWanted(String(each.version))}
              >
                <span>
                  <strong>{each.version}</strong>{' '}
                  {each.version === value?.current && <span class="badge good">in force</span>}
                </span>
                {meanings
                  .get(each.version)
                  ?.slice(0, MOST_LINES)
                  .map((line) => (
                    <span key={line} class="meaning">
                      {line}
                    </span>
                  ))}
                <span class="reason">{each.reason}</span>
                <small class="muted">
                  {each.actor}, <Ago at={each.at} />
                </small>
              </button>
            </li>
          ))}
          {value && listed.length === 0 && (
            <li class="hint">
              {isFiltered ? 'No version matches these filters.' : 'Nothing has been published yet.'}
            </li>
          )}
        </ol>
        {shown && value && (
          <Version key={shown.version} version={shown} current={value.current} onRestored={refresh} />
        )}
      </div>
    </div>
  )
}

/** What each version changed, in words, by the audit log. */
function meaningsOf(records: readonly AuditRecord[]): Map<number, readonly string[]> {
  return new Map(
    records.flatMap((record): [number, readonly string[]][] => {
      const { version } = (record.after ?? {}) as { version?: unknown }
      return typeof version === 'number' ? [[version, transitionLines(record)]] : []
    }),
  )
}

type VersionProps = { version: DocumentVersion; current: number; onRestored: () => void }

function Version({ version: info, current, onRestored }: VersionProps) {
  const mayRestore = useMayActAs('admin')
  const [against, setAgainst] = useQueryValue('against', ['before', 'current'])
  const { version } = info
  const loaded = useComparison(version, against === 'before' ? version - 1 : current)
  const [isRestoring, setIsRestoring] = useState(false)
  const title = (
    <>
      Version {version} <small class="hint">{countText(info.bytes)} bytes</small>
    </>
  )
  const tools = (
    <div class="row">
      <Segments
        label="Compare with"
        name="against"
        value={against}
        choices={COMPARISONS}
        onChoose={setAgainst}
      />
      {mayRestore && version !== current && (
        <button type="button" class="primary" onClick={() => setIsRestoring(true)}>
          Restore…
        </button>
      )}
    </div>
  )
  return (
    <Card title={title} label={`Version ${version}`} tools={tools}>
      {loaded === undefined && <p class="hint">…</p>}
      {typeof loaded === 'string' && <p class="problem">{loaded}</p>}
      {typeof loaded === 'object' && (
        <>
          <ChangeSummary lines={loaded.summary} />
          <Changes changes={loaded.changes} />
          <details>
            <summary>The whole document</summary>
            <pre class="document">{loaded.document.text}</pre>
          </details>
        </>
      )}
      {isRestoring && typeof loaded === 'object' && (
        <RestoreDialog
          version={version}
          current={current}
          document={loaded.document}
          onClose={() => setIsRestoring(false)}
          onDone={onRestored}
        />
      )}
    </Card>
  )
}

type Comparison = { document: Responses['getVersion']; changes: Change[]; summary: string[] }

/** A version and how it differs from another one; the problem as text where it cannot be loaded. */
function useComparison(version: number, other: number): Comparison | string | undefined {
  const { client } = useSession()
  const [loaded, setLoaded] = useState<Comparison | string>()
  useEffect(() => {
    const stop = new AbortController()
    const get = (number: number) =>
      client.call('getVersion', { params: { version: String(number) } }, stop.signal)
    const load = async (): Promise<Comparison> => {
      const document = await get(version)
      // There is nothing before the first version.
      const compared = await get(other).then(
        (found) => found.document,
        () => ({}),
      )
      const [from, to] = other > version ? [document.document, compared] : [compared, document.document]
      return { document, changes: changesBetween(from, to), summary: changeWords(from, to) }
    }
    setLoaded(undefined)
    load().then(
      (found) => !stop.signal.aborted && setLoaded(found),
      (error) => !stop.signal.aborted && setLoaded(textOf(error)),
    )
    return () => stop.abort()
  }, [client, version, other])
  return loaded
}
