import type { Responses } from '../../../contract/responses.ts'
import { Card } from '../../components/layout.tsx'
import { Ago } from '../../components/time.tsx'
import { usePolled } from '../../state/use-polled.ts'

type Entry = Responses['listFeedback']['feedback'][number]

const REFRESH_MS = 15_000

/** Visitors' feedback, by the variant that they had. */
export function Feedback({ flag }: { flag: string }) {
  const entries =
    usePolled('listFeedback', { query: { flag, limit: '50' } }, REFRESH_MS).value?.feedback ?? []
  return (
    <Card title="Feedback">
      {entries.length === 0 ? (
        <p class="hint">No feedback yet.</p>
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
    </Card>
  )
}

function byVariant(entries: readonly Entry[]): [string, Entry[]][] {
  const groups = new Map<string, Entry[]>()
  for (const entry of entries) groups.set(entry.variant, [...(groups.get(entry.variant) ?? []), entry])
  return [...groups]
}
