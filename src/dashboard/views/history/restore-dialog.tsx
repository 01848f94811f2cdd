/** Asks before an earlier version is published again: what that changes, and for whom. */
import { useEffect, useState } from 'preact/hooks'
import type { Responses } from '../../../contract/responses.ts'
import { tellPublished } from '../../actions/make-change.ts'
import { Dialog } from '../../components/dialogs/dialog.tsx'
import { Changes } from '../../components/document-diff.tsx'
import { People } from '../../components/impact.tsx'
import { ReasonField } from '../../components/reason-field.tsx'
import { Scroll } from '../../components/scroll.tsx'
import { textOf } from '../../state/session.ts'
import { useSession } from '../../state/session-context.ts'

type RestoreDialogProps = {
  version: number
  current: number
  document: Responses['getVersion']
  onClose: () => void
  onDone: () => void
}

export function RestoreDialog({ version, current, document, onClose, onDone }: RestoreDialogProps) {
  const { client } = useSession()
  const [review, setReview] = useState<Responses['diffDocument']>()
  const [reason, setReason] = useState('')
  const [problem, setProblem] = useState<string>()
  useEffect(() => {
    client
      .call('diffDocument', { body: { document: document.text } })
      .then(setReview, (error) => setProblem(textOf(error)))
  }, [client, document])
  const submit = async (event: Event) => {
    event.preventDefault()
    try {
      const params = { version: String(version) }
      // The person has seen whom it moves.
      const body = { expectedVersion: current, confirm: true, ...(reason && { reason }) }
      const published = await client.call('restoreVersion', { params, body })
      tellPublished(client, published, current, `Version ${version} is in force again`)
      onClose()
      onDone()
    } catch (error) {
      setProblem(textOf(error))
    }
  }
  return (
    <Dialog title={`Restore version ${version}?`} class="wide" onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <p>It is published again as a new version; nothing is lost.</p>
        {review && <People people={review.people} />}
        {review && (
          <Scroll label="Changes">
            <Changes changes={review.changes} nothing="It is the same as the document in force." />
          </Scroll>
        )}
        <ReasonField value={reason} onChange={setReason} />
        <p class="problem" role="alert">
          {problem}
        </p>
        <div class="row end">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" data-answer disabled={review === undefined || !review.valid}>
            Restore
          </button>
        </div>
      </form>
    </Dialog>
  )
}
