import { useState } from 'preact/hooks'
import { type Outcome, outcomeLines, outcomeTitle } from '../../../contract/words/outcome.ts'
import { Card } from '../../components/layout.tsx'
import { textOf, useMayActAs, useSession } from '../../state/session.ts'
import { usePolled } from '../../state/use-polled.ts'
import { FailureTables } from './what-failed.tsx'

const REFRESH_MS = 30_000

/** How earlier attempts ended, with notes for those who try again. */
export function Outcomes({ flag, attempt }: { flag: string; attempt: string }) {
  const { value, refresh } = usePolled('listOutcomes', { query: { flag, limit: '20' } }, REFRESH_MS)
  const outcomes = value?.outcomes ?? []
  const mayNote = useMayActAs('operator')
  if (outcomes.length === 0) return null
  return (
    <Card title="Outcomes" hint={<>Now: {attempt}</>}>
      {outcomes.map((outcome) => (
        <div key={outcome.id} class="outcome">
          <h3>{outcomeTitle(outcome)}</h3>
          <ul>
            {outcomeLines(outcome).map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
          {outcome.failures.length > 0 && (
            <details class="details">
              <summary>What failed, in full</summary>
              <FailureTables failures={outcome.failures} />
            </details>
          )}
          {mayNote && <NoteForm outcome={outcome} onNoted={refresh} />}
        </div>
      ))}
    </Card>
  )
}

function NoteForm({ outcome, onNoted }: { outcome: Outcome; onNoted: () => void }) {
  const { client } = useSession()
  const [text, setText] = useState<string>()
  const [problem, setProblem] = useState<string>()
  const submit = async (event: Event) => {
    event.preventDefault()
    try {
      await client.call('noteOutcome', { params: { id: String(outcome.id) }, body: { note: text ?? '' } })
      setText(undefined)
      setProblem(undefined)
      onNoted()
    } catch (error) {
      setProblem(textOf(error))
    }
  }
  if (text === undefined)
    return (
      <button type="button" class="small" onClick={() => setText(outcome.note?.text ?? '')}>
        {outcome.note === null ? 'Add a note' : 'Change the note'}
      </button>
    )
  return (
    <form onSubmit={submit} aria-label={`Note on attempt ${outcome.generation}`}>
      <input
        aria-label="Note"
        maxLength={2_000}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />{' '}
      <button type="submit" class="small primary">
        Save note
      </button>
      {problem && <p class="problem">{problem}</p>}
    </form>
  )
}
