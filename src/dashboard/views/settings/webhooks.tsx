import { useEffect, useState } from 'preact/hooks'
import { textOf } from '../../state/session.ts'
import { useSession } from '../../state/session-context.ts'

type Webhook = { url: string; format?: string; events?: string[] }
type Result = { delivered: boolean; detail: string }

/** Who is told of what happens to rollouts, by the document; each can be tried. */
export function Webhooks() {
  const { client } = useSession()
  const [webhooks, setWebhooks] = useState<readonly Webhook[]>()
  const [problem, setProblem] = useState<string>()
  useEffect(() => {
    client.call('getDocument').then(
      ({ document }) => {
        const { webhooks: found = [] } = (document.notifications ?? {}) as { webhooks?: Webhook[] }
        setWebhooks(found)
      },
      (error) => setProblem(textOf(error)),
    )
  }, [client])
  return (
    <section class="card" aria-label="Webhooks">
      <header class="card-head">
        <h2>Webhooks</h2>
        <span class="hint">
          <code>notifications.webhooks</code> of the document
        </span>
      </header>
      {problem && <p class="problem">{problem}</p>}
      {webhooks?.length === 0 && <p class="hint">Nobody is told yet. Add a webhook to the document.</p>}
      <ul class="stack">
        {webhooks?.map((webhook) => (
          <Entry key={webhook.url} webhook={webhook} />
        ))}
      </ul>
    </section>
  )
}

function Entry({ webhook: { url, format = 'json', events } }: { webhook: Webhook }) {
  const { client } = useSession()
  const [result, setResult] = useState<Result | 'asking'>()
  const test = async () => {
    setResult('asking')
    try {
      setResult(await client.call('testWebhook', { body: { url } }))
    } catch (error) {
      setResult({ delivered: false, detail: textOf(error) })
    }
  }
  return (
    <li class="webhook">
      <div>
        <code>{url}</code>
        <small class="muted">
          {format}, {events ? events.join(', ') : 'all events'}
        </small>
      </div>
      <span
        role="status"
        class={result && result !== 'asking' ? (result.delivered ? 'good-text' : 'problem') : 'muted'}
      >
        {result === 'asking' ? 'Sending…' : result?.detail}
      </span>
      <button type="button" class="small" disabled={result === 'asking'} onClick={test}>
        Test
      </button>
    </li>
  )
}
