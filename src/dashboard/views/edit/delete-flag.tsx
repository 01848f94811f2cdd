import { useState } from 'preact/hooks'
import { tellPublished } from '../../actions/make-change.ts'
import { FormDialog } from '../../components/dialogs/dialog.tsx'
import { goTo } from '../../state/router.tsx'
import { useSession } from '../../state/session.ts'

type DeleteFlagProps = { flag: string; version: number; onDeleted: () => void }

/** Removes a flag from the document; the history keeps it. */
export function DeleteFlag({ flag, version, onDeleted }: DeleteFlagProps) {
  const { client } = useSession()
  const [isAsking, setIsAsking] = useState(false)
  const remove = async (confirm: boolean) => {
    const body = { expectedVersion: version, confirm }
    const published = await client.call('deleteFlag', { params: { flag }, body })
    onDeleted()
    tellPublished(client, published, version, `${flag} is deleted`)
    goTo('/')
  }
  return (
    <>
      <button type="button" class="danger" onClick={() => setIsAsking(true)}>
        Delete…
      </button>
      {isAsking && (
        <FormDialog
          title={`Delete ${flag}?`}
          action="Delete"
          isDangerous
          onClose={() => setIsAsking(false)}
          onSubmit={remove}
        >
          <p>
            The flag leaves the document at once; apps that ask for it get their own default. It can be
            restored from the history.
          </p>
        </FormDialog>
      )}
    </>
  )
}
