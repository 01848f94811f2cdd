/** Asks before an earlier version is published again: what that changes, and its impact. */
import { useEffect, useState } from 'preact/hooks'
import type { Responses } from '../../../contract/responses.ts'
import { tellPublished } from '../../actions/make-change.ts'
import { FormDialog } from '../../components/dialogs/dialog.tsx'
import { ChangeSummary, Changes } from '../../components/document-diff.tsx'
import { ReasonField } from '../../components/fields.tsx'
import { ImpactList } from '../../components/impact.tsx'
import { ProblemText, Scroll } from '../../components/layout.tsx'
import { textOf, useSession } from '../../state/session.ts'

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
  const submit = async () => {
    const params = { version: String(version) }
    // The dialog has shown the impact.
    const body = { expectedVersion: current, confirm: true, ...(reason && { reason }) }
    const published = await client.call('restoreVersion', { params, body })
    tellPublished(client, published, current, `Version ${version} is in force again`)
    onDone()
  }
  return (
    <FormDialog
      title={`Restore version ${version}?`}
      action="Restore"
      isReady={review?.valid === true}
      class="wide"
      onClose={onClose}
      onSubmit={submit}
    >
      <p>It is published again as a new version; the history keeps all others.</p>
      {review && <ImpactList impact={review.people} />}
      <ChangeSummary lines={review?.summary ?? []} />
      {review?.questions.map((question) => (
        <p key={question} class="notice bad">
          {question}
        </p>
      ))}
      {review && (
        <Scroll label="Changes">
          <Changes changes={review.changes} nothing="It equals the document in force." />
        </Scroll>
      )}
      <ReasonField value={reason} onChange={setReason} />
      <ProblemText>{problem}</ProblemText>
    </FormDialog>
  )
}
