import { useState } from 'preact/hooks'
import { tellPublished } from '../../actions/make-change.ts'
import { Dialog } from '../../components/dialogs/dialog.tsx'
import { goTo } from '../../state/router.tsx'
import { textOf } from '../../state/session.ts'
import { useSession } from '../../state/session-context.ts'

type DeleteFlagProps = { flag: string; version: number; onDeleted: () => void }

/** Removing a flag from the document; its history stays. */
export function DeleteFlag({ flag, version, onDeleted }: DeleteFlagProps) {
  const { client } = useSession()
  const [isAsking, setIsAsking] = useState(false)
  const [problem, setProblem] = useState<string>()
  const remove = async (event: Event) => {
    event.preventDefault()
    try {
      const body = { expectedVersion: version, confirm: true }
      const published = await client.call('deleteFlag', { params: { flag }, body })
      onDeleted()
      tellPublished(client, published, version, `${flag} is deleted`)
      goTo('/')
    } catch (error) {
      setProblem(textOf(error))
    }
  }
  return (
    <>
      <button type="button" class="danger" onClick={() => setIsAsking(true)}>
        Delete…
      </button>
      {isAsking && (
        <Dialog title={`Delete ${flag}?`} onClose={() => setIsAsking(false)}>
          <form class="stack" onSubmit={remove}>
            <p>
              It leaves the document at once; apps that ask for it get their own default. History can bring it
              back.
            </p>
            <p class="problem" role="alert">
              {problem}
            </p>
            <div class="row end">
              <button type="button" onClick={() => setIsAsking(false)}>
                Cancel
              </button>
              <button type="submit" class="danger solid" data-answer>
                Delete
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  )
}
