/** Every version of the document: who published it, why, and what it changed; any of them can be restored. */
import { useEffect, useState } from 'preact/hooks'
import type { Change, DocumentVersion, Responses } from '../../../contract/responses.ts'
import { changesBetween } from '../../../core/config/document-diff.ts'
import { changeWords } from '../../../core/config/document-words.ts'
import { countText } from '../../../core/figures.ts'
import { ChangeSummary, Changes } from '../../components/document-diff.tsx'
import { Segments } from '../../components/fields.tsx'
import { Card, ViewHead } from '../../components/layout.tsx'
import { StaleDataNotice } from '../../components/loading.tsx'
import { Ago } from '../../components/time.tsx'
import { live } from '../../state/live.ts'
import { textOf, useMayActAs, useSession } from '../../state/session.ts'
import { useStore } from '../../state/store.ts'
import { usePolled } from '../../state/use-polled.ts'
import { RestoreDialog } from './restore-dialog.tsx'

const REFRESH_MS = 15_000
const COMPARISONS = [
  ['before', 'What it changed'],
  ['current', 'Compared with now'],
] as const

export function HistoryView() {
  const { value, problem, atMs, refresh } = usePolled('listVersions', {}, REFRESH_MS)
  const [chosen, setChosen] = useState<number>()
  const version = useStore(live).status?.document.version
  useEffect(() => {
    if (version !== undefined) refresh()
  }, [version])
  const shown = value?.versions.find((each) => each.version === (chosen ?? value.current))
  return (
    <div class="history">
      <ViewHead title="History" about="Every version of the document that was in force." />
      <StaleDataNotice problem={problem} atMs={atMs} />
      <div class="history-columns">
        <ol class="versions card">
          {value?.versions.map((each) => (
            <li key={each.version}>
              <button
                type="button"
                class="quiet version"
                aria-pressed={each.version === shown?.version}
                onClick={() => setChosen(each.version)}
              >
                <span>
                  <strong>{each.version}</strong>{' '}
                  {each.version === value.current && <span class="badge good">in force</span>}
                </span>
                <span class="reason">{each.reason}</span>
                <small class="muted">
                  {each.actor}, <Ago at={each.at} />
                </small>
              </button>
            </li>
          ))}
          {value?.versions.length === 0 && <li class="hint">Nothing has been published yet.</li>}
        </ol>
        {shown && value && (
          <Version key={shown.version} version={shown} current={value.current} onRestored={refresh} />
        )}
      </div>
    </div>
  )
}

type VersionProps = { version: DocumentVersion; current: number; onRestored: () => void }

function Version({ version: info, current, onRestored }: VersionProps) {
  const mayRestore = useMayActAs('admin')
  const [against, setAgainst] = useState('before')
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
