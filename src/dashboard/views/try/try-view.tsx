/** Trying: a visitor in, what the gate would decide and why out. */
import { useCallback, useState } from 'preact/hooks'
import type { Responses } from '../../../contract/responses.ts'
import { plural } from '../../state/format.ts'
import { textOf } from '../../state/session.ts'
import { useSession } from '../../state/session-context.ts'
import { usePolled } from '../../state/use-polled.ts'
import { Preview } from './preview.tsx'
import { Trace } from './trace.tsx'
import { EMPTY_VISITOR, type VisitorForm, visitorOf } from './visitor.ts'
import { VisitorFields } from './visitor-fields.tsx'

type Explained = Responses['explain']

const NEVER_MS = 3_600_000
const MOST_TRACES = 50

export function TryView({ flag }: { flag: string | undefined }) {
  const { client } = useSession()
  const [form, setForm] = useState<VisitorForm>({ ...EMPTY_VISITOR, flag: flag ?? '' })
  const [result, setResult] = useState<Explained>()
  const [problem, setProblem] = useState<string>()
  const askFlags = useCallback((signal: AbortSignal) => client.call('listFlags', {}, signal), [client])
  const flags = usePolled(askFlags, NEVER_MS).value?.flags ?? []
  const submit = async (event: Event) => {
    event.preventDefault()
    const visitor = visitorOf(form)
    if (typeof visitor === 'string') return setProblem(visitor)
    try {
      const body = { context: visitor, ...(form.flag && { flag: form.flag }) }
      const explained = await client.call('explain', { body })
      // Who names no path asks about no route.
      setResult(form.url.trim() === '' ? { ...explained, route: null } : explained)
      setProblem(undefined)
    } catch (error) {
      setProblem(textOf(error))
    }
  }
  return (
    <div class="try">
      <header class="view-head">
        <div>
          <h1>Try</h1>
          <p class="muted">Describe a visitor, and see what the gate decides for them, and why.</p>
        </div>
      </header>
      <div class="try-columns">
        <form class="card stack" onSubmit={submit} aria-label="Visitor">
          <VisitorFields form={form} flags={flags.map(({ key }) => key)} onChange={setForm} />
          <p class="problem" role="alert">
            {problem}
          </p>
          <button type="submit" class="primary">
            Explain
          </button>
        </form>
        <section class="stack-l" aria-label="Decision" aria-live="polite">
          {result ? (
            <Result result={result} />
          ) : (
            <p class="empty card">The decision and its trace appear here.</p>
          )}
          <Preview flags={flags.map(({ key }) => key)} first={form.flag} />
        </section>
      </div>
    </div>
  )
}

function Result({ result: { route, targetingKey, flags } }: { result: Explained }) {
  return (
    <>
      <div class="card">
        <p>
          {route && (
            <>
              The request takes the route <code>{route.route}</code> to <strong>{route.origin}</strong>.{' '}
            </>
          )}
          {targetingKey === null ? (
            'The visitor has no targeting key: percentages go by an id that the gate would issue.'
          ) : (
            <>
              Targeting key <code>{targetingKey}</code>.
            </>
          )}
        </p>
      </div>
      {flags.slice(0, MOST_TRACES).map((explanation) => (
        <Trace key={explanation.flag} explanation={explanation} />
      ))}
      {flags.length > MOST_TRACES && (
        <p class="hint">
          {plural(flags.length - MOST_TRACES, 'more flag')}: name the one that you want to know about.
        </p>
      )}
    </>
  )
}
