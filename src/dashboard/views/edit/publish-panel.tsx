/** Publishes the draft of a flag, merged with what was published meanwhile. */
import { useEffect } from 'preact/hooks'
import type { JsonObject } from '../../../core/json-object.ts'
import { tellPublished } from '../../actions/make-change.ts'
import { goTo } from '../../state/router.tsx'
import { useSession } from '../../state/session.ts'
import type { DocumentView } from '../../state/use-document.ts'
import { FlagConflict } from './conflict.tsx'
import { type Draft, definitionIn, documentWith } from './draft.ts'
import { merge } from './merge.ts'
import { PublishForm } from './publish-form.tsx'
import { usePublish } from './use-publish.ts'
import { questionsOf, type Review } from './use-review.ts'

type PublishPanelProps = {
  flag: string | undefined
  draft: Draft
  review: Review
  isTaken: boolean
  /** The document as it was last loaded. */
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
    // The draft is merged with the version in force now.
    if (conflict) void onReload()
  }, [conflict])

  const publish = async (what: DocumentView, { definition }: Pick<Draft, 'definition'>, base: number) => {
    const whole = documentWith(what.document as JsonObject, { key: draft.key, definition })
    const defaultReason = `${flag === undefined ? 'created' : 'changed'} ${draft.key}`
    const published = await publishing.publish({
      ...{ document: whole, base, defaultReason },
      questions: what === document ? questionsOf(review, base) : [],
    })
    if (published === undefined) return
    onPublished()
    tellPublished(client, published, base, `${draft.key} is published`)
    goTo(`/flags/${encodeURIComponent(draft.key)}`)
  }
  const mergedWith = ({ document: latest }: DocumentView) =>
    merge(draft.original, draft.definition, definitionIn(latest, draft.key))
  /** Merges the draft into the version in force now, and publishes it. */
  const keepMine = async () => {
    const latest = await onReload()
    if (latest === undefined) return
    const definition = mergedWith(latest).value as JsonObject
    publishing.reset()
    onRebase({ ...draft, ...startOf(latest, draft.key), definition })
    await publish(latest, { definition }, latest.version)
  }
  const takeTheirs = async () => {
    const latest = await onReload()
    const theirs = latest && definitionIn(latest.document, draft.key)
    if (latest === undefined || theirs === undefined) return
    publishing.reset()
    onRebase({ ...draft, ...startOf(latest, draft.key), definition: theirs })
  }

  const missing = missingOf(draft, isTaken)
  return (
    <section class="stack" aria-label="Publish">
      {conflict && (
        <FlagConflict
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

/** What must be done before the draft can be published. */
function missingOf({ key, definition, original }: Draft, isTaken: boolean): string | undefined {
  if (key === '') return 'Give the flag a key.'
  if (isTaken) return 'Choose another key.'
  return JSON.stringify(definition) === JSON.stringify(original) ? 'Nothing has changed.' : undefined
}

/** What a draft that is based on this version starts from. */
function startOf({ document, version }: DocumentView, key: string): Pick<Draft, 'base' | 'original'> {
  return { base: version, original: definitionIn(document, key) }
}
