import { useState } from 'preact/hooks'
import { Card } from '../../components/layout.tsx'
import { textOf, useSession } from '../../state/session.ts'
import { useDocument } from '../../state/use-document.ts'

type Webhook = { url: string; format?: string; events?: string[] }
type Result = { delivered: boolean; detail: string }

/** The webhooks of the document; each can be sent a test message. */
export function Webhooks() {
  const { document, problem } = useDocument()
  const notifications = (document?.document.notifications ?? {}) as { webhooks?: Webhook[] }
  const webhooks = notifications.webhooks ?? []
  const hint = (
    <>
      <code>notifications.webhooks</code> of the document
    </>
  )
  return (
    <Card title="Webhooks" hint={hint}>
      {problem && <p class="problem">{problem}</p>}
      {document && webhooks.length === 0 && <p class="hint">No webhooks. Add one to the document.</p>}
      <ul class="stack">
        {webhooks.map((webhook) => (
          <Entry key={webhook.url} webhook={webhook} />
        ))}
      </ul>
    </Card>
  )
}

function Entry({ webhook: { url, format = 'json', events } }: { webhook: Webhook }) {
  const { client } = useSession()
  const [result, setResult] = useState<Result | 'sending'>()
  const test = async () => {
    setResult('sending')
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
        class={result && result !== 'sending' ? (result.delivered ? 'good-text' : 'problem') : 'muted'}
      >
        {result === 'sending' ? 'Sending…' : result?.detail}
      </span>
      <button type="button" class="small" disabled={result === 'sending'} onClick={test}>
        Send test
      </button>
    </li>
  )
}
