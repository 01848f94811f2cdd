/** The whole document as it is written: origins, routes, flags, freezes, webhooks. */

import { useEffect, useMemo, useState } from 'preact/hooks'
import { changesBetween } from '../../../core/config/document-diff.ts'
import { isObject, type JsonObject } from '../../../core/json-object.ts'
import { messageOf } from '../../../core/message-of.ts'
import { tellPublished } from '../../actions/make-change.ts'
import { Changes } from '../../components/document-diff.tsx'
import { Loading } from '../../components/loading/loading.tsx'
import { Scroll } from '../../components/scroll.tsx'
import { live } from '../../state/live.ts'
import { mayActAs } from '../../state/session.ts'
import { useSession } from '../../state/session-context.ts'
import { useStore } from '../../state/store.ts'
import { keepUntilPublished } from '../../state/unsaved.ts'
import { type DocumentView, useDocument } from '../../state/use-document.ts'
import { PublishForm } from '../edit/publish-form.tsx'
import { type Publishing, usePublish } from '../edit/use-publish.ts'
import { useReview } from '../edit/use-review.ts'

/** What was typed and not published, and the version that it began from; kept while other views are shown. */
type Draft = { text: string; base: number }
let draft: Draft | undefined
keepUntilPublished(() => draft !== undefined)

export function DocumentEditor() {
  const { document, problem, load } = useDocument()
  const version = useStore(live).status?.document.version
  useEffect(() => {
    if (document && version !== undefined && version > document.version) void load()
  }, [version])
  if (document === undefined) return <Loading problem={problem} onRetry={load} />
  return <Editor document={document} onReload={load} />
}

type EditorProps = { document: DocumentView; onReload: () => Promise<DocumentView | undefined> }

function Editor({ document, onReload }: EditorProps) {
  const { client, person } = useSession()
  const [typed, setTyped] = useState(draft)
  const publishing = usePublish()
  const text = typed?.text ?? document.text
  const parsed = useMemo(() => parsedOf(text), [text])
  const review = useReview(client, typeof parsed === 'object' ? parsed : undefined)
  const mayPublish = mayActAs(person, 'admin')
  const keep = (next: Draft | undefined) => {
    draft = next
    setTyped(next)
  }
  const discard = () => {
    keep(undefined)
    publishing.forget()
  }
  const base = typed?.base ?? document.version
  const publish = async () => {
    const published = await publishing.publish({ document: text, base, did: 'edited the document' })
    if (published === undefined) return
    tellPublished(client, published, base, 'The document is published')
    await onReload()
    keep(undefined)
  }
  return (
    <div class="edit">
      <header class="view-head">
        <div>
          <h1>Document</h1>
          <p class="muted">
            Version {document.version}, as it was written: origins, routes, flags, freezes, webhooks.
          </p>
        </div>
        {typed && (
          <button type="button" onClick={discard}>
            Discard changes
          </button>
        )}
      </header>
      <div class="edit-columns">
        <label class="field json">
          <span class="visually-hidden">The document, as JSON</span>
          <textarea
            class="mono"
            spellcheck={false}
            rows={34}
            readOnly={!mayPublish}
            value={text}
            aria-invalid={typeof parsed === 'string'}
            onInput={({ currentTarget: { value } }) =>
              keep(value === document.text ? undefined : { text: value, base })
            }
          />
        </label>
        {mayPublish && (
          <div class="edit-side">
            <Overtaken
              publishing={publishing}
              onLooked={async () => {
                const latest = await onReload()
                if (latest) keep({ text, base: latest.version })
                if (latest) publishing.forget()
              }}
            />
            <PublishForm
              publishing={publishing}
              review={review}
              missing={typeof parsed === 'string' ? `Not JSON yet: ${parsed}` : undefined}
              onPublish={() => void publish()}
            />
            {typeof parsed === 'object' && text !== document.text && (
              <section class="card" aria-label="Changes">
                <h2>Not published yet</h2>
                <Changes
                  changes={changesBetween(document.document, parsed)}
                  nothing="Only the layout differs."
                />
              </section>
            )}
          </div>
        )}
      </div>
    </div>
  )
}

type OvertakenProps = { publishing: Publishing; onLooked: () => Promise<void> }

/** Somebody else has published since the text was begun. */
function Overtaken({ publishing: { conflict }, onLooked }: OvertakenProps) {
  if (conflict === undefined) return null
  return (
    <section class="card conflict" role="alert" aria-label="Conflict">
      <h2>{conflict.current.actor} has published meanwhile</h2>
      <p>What you typed is still here. Put these changes into it, and publish again.</p>
      <Scroll label="What they changed">
        <Changes changes={conflict.changes} />
      </Scroll>
      <div class="row end">
        <button type="button" class="primary" onClick={() => void onLooked()}>
          I have looked at them
        </button>
      </div>
    </section>
  )
}

/** The document, or why the text is none. */
function parsedOf(text: string): JsonObject | string {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : 'a document is an object: { … }'
  } catch (error) {
    return messageOf(error)
  }
}
