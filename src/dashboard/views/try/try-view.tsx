/** Describe a visitor, and see what the gate decides for them and why. */
import { useState } from 'preact/hooks'
import type { Responses } from '../../../contract/responses.ts'
import { plural } from '../../../core/figures.ts'
import { ProblemText, ViewHead } from '../../components/layout.tsx'
import { textOf, useSession } from '../../state/session.ts'
import { usePolled } from '../../state/use-polled.ts'
import { Preview } from './preview.tsx'
import { Trace } from './trace.tsx'
import { EMPTY_VISITOR, type VisitorForm, visitorOf } from './visitor.ts'
import { VisitorFields } from './visitor-fields.tsx'

type Explained = Responses['explain']

const REFRESH_MS = 3_600_000
const MAX_TRACES = 50

export function TryView({ flag }: { flag: string | undefined }) {
  const { client } = useSession()
  const [form, setForm] = useState<VisitorForm>({ ...EMPTY_VISITOR, flag: flag ?? '' })
  const [result, setResult] = useState<Explained>()
  const [problem, setProblem] = useState<string>()
  const flags = usePolled('listFlags', {}, REFRESH_MS).value?.flags.map(({ key }) => key) ?? []
  const submit = async (event: Event) => {
    event.preventDefault()
    const visitor = visitorOf(form)
    if (typeof visitor === 'string') return setProblem(visitor)
    try {
      const body = { context: visitor, ...(form.flag && { flag: form.flag }) }
      const explained = await client.call('explain', { body })
      // Without a path, the route that the gate assumes says nothing.
      setResult(form.url.trim() === '' ? { ...explained, route: null } : explained)
      setProblem(undefined)
    } catch (error) {
      setProblem(textOf(error))
    }
  }
  return (
    <div class="try">
      <ViewHead title="Try" about="Describe a visitor to see what the gate decides for them, and why." />
      <div class="try-columns">
        <form class="card stack" onSubmit={submit} aria-label="Visitor">
          <VisitorFields form={form} flags={flags} onChange={setForm} />
          <ProblemText>{problem}</ProblemText>
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
          <Preview flags={flags} first={form.flag} />
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
              Route <code>{route.route}</code> sends the request to <strong>{route.origin}</strong>.{' '}
            </>
          )}
          {targetingKey === null ? (
            'The visitor has no targeting key: percentages apply to an id that the gate would issue.'
          ) : (
            <>
              Targeting key <code>{targetingKey}</code>.
            </>
          )}
        </p>
      </div>
      {flags.slice(0, MAX_TRACES).map((explanation) => (
        <Trace key={explanation.flag} explanation={explanation} />
      ))}
      {flags.length > MAX_TRACES && (
        <p class="hint">{plural(flags.length - MAX_TRACES, 'more flag')}: choose one to see its trace.</p>
      )}
    </>
  )
}
