/** Every version of the document: who made it, why, what it changed; and the way back. */
import { useCallback, useEffect, useState } from 'preact/hooks'
import type { Change, DocumentVersion, Responses } from '../../../contract/responses.ts'
import { changesBetween } from '../../../core/config/document-diff.ts'
import { Changes } from '../../components/document-diff.tsx'
import { OldData } from '../../components/loading/old-data.tsx'
import { Ago } from '../../components/time.tsx'
import { countText } from '../../state/format.ts'
import { live } from '../../state/live.ts'
import { mayActAs, textOf } from '../../state/session.ts'
import { useSession } from '../../state/session-context.ts'
import { useStore } from '../../state/store.ts'
import { usePolled } from '../../state/use-polled.ts'
import { RestoreDialog } from './restore-dialog.tsx'

const REFRESH_MS = 15_000

export function HistoryView() {
  const { client } = useSession()
  const ask = useCallback((signal: AbortSignal) => client.call('listVersions', {}, signal), [client])
  const { value, problem, atMs, refresh } = usePolled(ask, REFRESH_MS)
  const [chosen, setChosen] = useState<number>()
  const version = useStore(live).status?.document.version
  useEffect(() => {
    if (version !== undefined) refresh()
  }, [version])
  const shown = value?.versions.find((each) => each.version === (chosen ?? value.current))
  return (
    <div class="history">
      <header class="view-head">
        <div>
          <h1>History</h1>
          <p class="muted">Every version of the document that was in force.</p>
        </div>
      </header>
      <OldData problem={problem} atMs={atMs} />
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
  const { person } = useSession()
  const [against, setAgainst] = useState<'before' | 'current'>('before')
  const { version } = info
  const loaded = useComparison(version, against === 'before' ? version - 1 : current)
  const [isRestoring, setIsRestoring] = useState(false)
  return (
    <section class="card" aria-label={`Version ${version}`}>
      <header class="card-head">
        <h2>
          Version {version} <small class="hint">{countText(info.bytes)} bytes</small>
        </h2>
        <div class="row">
          <fieldset class="segments">
            <legend class="visually-hidden">Compare with</legend>
            <label>
              <input
                type="radio"
                name="against"
                checked={against === 'before'}
                onChange={() => setAgainst('before')}
              />
              <span>What it changed</span>
            </label>
            <label>
              <input
                type="radio"
                name="against"
                checked={against === 'current'}
                onChange={() => setAgainst('current')}
              />
              <span>Compared with now</span>
            </label>
          </fieldset>
          {mayActAs(person, 'admin') && version !== current && (
            <button type="button" class="primary" onClick={() => setIsRestoring(true)}>
              Restore…
            </button>
          )}
        </div>
      </header>
      {loaded === undefined && <p class="hint">…</p>}
      {typeof loaded === 'string' && <p class="problem">{loaded}</p>}
      {typeof loaded === 'object' && (
        <>
          <Changes changes={loaded.changes} nothing="There is no difference." />
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
    </section>
  )
}

type Comparison = { document: Responses['getVersion']; changes: Change[] }

/** A version and how it differs from another one; the text of the problem where there is one. */
function useComparison(version: number, other: number): Comparison | string | undefined {
  const { client } = useSession()
  const [loaded, setLoaded] = useState<Comparison | string>()
  useEffect(() => {
    const stop = new AbortController()
    const get = (number: number) =>
      client.call('getVersion', { params: { version: String(number) } }, stop.signal)
    const load = async (): Promise<Comparison> => {
      const document = await get(version)
      // The first version came from nothing.
      const compared = await get(other).then(
        (found) => found.document,
        () => ({}),
      )
      const [from, to] = other > version ? [document.document, compared] : [compared, document.document]
      return { document, changes: changesBetween(from, to) }
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
