/** Publishing a draft of a flag, also when somebody else has published meanwhile. */
import { useEffect } from 'preact/hooks'
import type { Responses } from '../../../contract/responses.ts'
import type { JsonObject } from '../../../core/json-object.ts'
import { tellPublished } from '../../actions/make-change.ts'
import { goTo } from '../../state/router.tsx'
import { useSession } from '../../state/session-context.ts'
import { ConflictPanel } from './conflict.tsx'
import { type Draft, definitionIn, documentWith } from './draft.ts'
import { merge } from './merge.ts'
import { PublishForm } from './publish-form.tsx'
import { usePublish } from './use-publish.ts'
import type { Review } from './use-review.ts'

type DocumentView = Responses['getDocument']

type PublishPanelProps = {
  flag: string | undefined
  draft: Draft
  review: Review
  isTaken: boolean
  /** The document as it was last seen. */
  document: DocumentView
  onReload: () => Promise<DocumentView | undefined>
  onRebase: (draft: Draft) => void
  onPublished: () => void
}

export function PublishPanel(props: PublishPanelProps) {
  const { flag, draft, review, isTaken, document, onReload, onRebase, onPublished } = props
  const { client } = useSession()
  const publishing = usePublish()
  const { conflict } = publishing
  useEffect(() => {
    // What is in force now is what the draft is to be put together with.
    if (conflict) void onReload()
  }, [conflict])

  const publish = async (what: DocumentView, { definition }: Pick<Draft, 'definition'>, base: number) => {
    const whole = documentWith(what.document as JsonObject, { key: draft.key, definition })
    const did = `${flag === undefined ? 'created' : 'changed'} ${draft.key}`
    const published = await publishing.publish({ document: whole, base, did })
    if (published === undefined) return
    onPublished()
    tellPublished(client, published, base, `${draft.key} is published`)
    goTo(`/flags/${encodeURIComponent(draft.key)}`)
  }
  const mergedWith = ({ document: latest }: DocumentView) =>
    merge(draft.original, draft.definition, definitionIn(latest, draft.key))
  /** Puts the draft on top of what is in force now. */
  const keepMine = async () => {
    const latest = await onReload()
    if (latest === undefined) return
    const definition = mergedWith(latest).value as JsonObject
    publishing.forget()
    onRebase({ ...draft, ...startOf(latest, draft.key), definition })
    await publish(latest, { definition }, latest.version)
  }
  const takeTheirs = async () => {
    const latest = await onReload()
    const theirs = latest && definitionIn(latest.document, draft.key)
    if (latest === undefined || theirs === undefined) return
    publishing.forget()
    onRebase({ ...draft, ...startOf(latest, draft.key), definition: theirs })
  }

  const missing = draft.key === '' ? 'Give the flag a key.' : isTaken ? 'Choose another key.' : undefined
  return (
    <section class="stack" aria-label="Publish">
      {conflict && (
        <ConflictPanel
          conflict={conflict}
          flag={draft.key}
          clashes={mergedWith(document).clashes}
          onKeepMine={keepMine}
          onTakeTheirs={takeTheirs}
        />
      )}
      <PublishForm
        publishing={publishing}
        review={review}
        missing={conflict ? undefined : missing}
        onPublish={() => void publish(document, draft, draft.base)}
      />
    </section>
  )
}

/** From where a draft begins that has seen this version. */
function startOf({ document, version }: DocumentView, key: string): Pick<Draft, 'base' | 'original'> {
  return { base: version, original: definitionIn(document, key) }
}
