import { useCallback } from 'preact/hooks'
import type { Responses } from '../../../contract/responses.ts'
import { Ago } from '../../components/time.tsx'
import { useSession } from '../../state/session-context.ts'
import { usePolled } from '../../state/use-polled.ts'

type Entry = Responses['listFeedback']['feedback'][number]

const EVERY_MS = 15_000

/** What visitors wrote, by the variant that they had. */
export function Feedback({ flag }: { flag: string }) {
  const { client } = useSession()
  const ask = useCallback(
    (signal: AbortSignal) => client.call('listFeedback', { query: { flag, limit: '50' } }, signal),
    [client, flag],
  )
  const entries = usePolled(ask, EVERY_MS).value?.feedback ?? []
  return (
    <section class="card" aria-label="Feedback">
      <header class="card-head">
        <h2>Feedback</h2>
      </header>
      {entries.length === 0 ? (
        <p class="hint">No visitor has written anything yet.</p>
      ) : (
        byVariant(entries).map(([variant, texts]) => (
          <div key={variant} class="feedback">
            <h3>
              <code class="variant">{variant}</code> <small class="muted">{texts.length}</small>
            </h3>
            <ul>
              {texts.map(({ id, text, at }) => (
                <li key={id}>
                  <p>{text}</p>
                  <small class="muted">
                    <Ago at={at} />
                  </small>
                </li>
              ))}
            </ul>
          </div>
        ))
      )}
    </section>
  )
}

function byVariant(entries: readonly Entry[]): [string, Entry[]][] {
  const groups = new Map<string, Entry[]>()
  for (const entry of entries) groups.set(entry.variant, [...(groups.get(entry.variant) ?? []), entry])
  return [...groups]
}
