/** Publishing a draft of a flag, also when somebody else has published meanwhile. */
import type { Responses } from '../../../contract/responses.ts'
import type { JsonObject } from '../../../core/json-object.ts'
import { tell } from '../../parts/toasts.tsx'
import { goTo } from '../../router.tsx'
import { ConflictPanel } from './conflict.tsx'
import { type Draft, documentWith } from './draft.ts'
import { PublishForm } from './publish-form.tsx'
import { usePublish } from './use-publish.ts'
import type { Review } from './use-review.ts'

type PublishPanelProps = {
  flag: string | undefined
  draft: Draft
  review: Review
  isTaken: boolean
  /** The document with the draft in it. */
  document: JsonObject
  onReload: () => Promise<Responses['getDocument'] | undefined>
  onRebase: (draft: Draft) => void
  onPublished: () => void
}

export function PublishPanel(props: PublishPanelProps) {
  const { flag, draft, review, isTaken, document, onReload, onRebase, onPublished } = props
  const publishing = usePublish()

  const publish = async (what: JsonObject, base: number, reason: string) => {
    const said = reason || `${flag === undefined ? 'created' : 'changed'} ${draft.key}`
    const published = await publishing.publish({ document: what, base, reason: said })
    if (published === undefined) return
    onPublished()
    const { changed, version } = published
    tell(changed ? `${draft.key} is published, as version ${version}` : 'Nothing was different')
    goTo(`/flags/${encodeURIComponent(draft.key)}`)
  }
  /** Puts the draft on top of what is in force now. */
  const keepMine = async () => {
    const latest = await onReload()
    if (latest === undefined) return
    publishing.forget()
    onRebase({ ...draft, base: latest.version })
    await publish(documentWith(latest.document as JsonObject, draft), latest.version, '')
  }
  const takeTheirs = async () => {
    const latest = await onReload()
    const theirs = (latest?.document.flags as Record<string, JsonObject> | undefined)?.[draft.key]
    if (latest === undefined || theirs === undefined) return
    publishing.forget()
    onRebase({ ...draft, definition: theirs, base: latest.version })
  }

  const missing = draft.key === '' ? 'Give the flag a key.' : isTaken ? 'Choose another key.' : undefined
  return (
    <section class="stack" aria-label="Publish">
      {publishing.conflict && (
        <ConflictPanel
          conflict={publishing.conflict}
          flag={draft.key}
          onKeepMine={keepMine}
          onTakeTheirs={takeTheirs}
        />
      )}
      <PublishForm
        publishing={publishing}
        review={review}
        missing={missing}
        onPublish={(reason) => void publish(document, draft.base, reason)}
      />
    </section>
  )
}
