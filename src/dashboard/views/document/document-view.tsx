/** The whole document as it is written: origins, routes, flags, freezes, webhooks. */

import { useCallback, useEffect, useMemo, useState } from 'preact/hooks'
import type { Responses } from '../../../contract/responses.ts'
import { changesBetween } from '../../../core/config/changes.ts'
import { isObject, type JsonObject } from '../../../core/json-object.ts'
import { messageOf } from '../../../core/message-of.ts'
import { useSession } from '../../context.ts'
import { Changes } from '../../parts/changes.tsx'
import { tell } from '../../parts/toasts.tsx'
import { mayActAs, textOf } from '../../session.ts'
import { PublishForm } from '../edit/publish-form.tsx'
import { usePublish } from '../edit/use-publish.ts'
import { useReview } from '../edit/use-review.ts'

type DocumentView = Responses['getDocument']

export function DocumentEditor() {
  const { client } = useSession()
  const [document, setDocument] = useState<DocumentView>()
  const [problem, setProblem] = useState<string>()
  const load = useCallback(
    () => client.call('getDocument').then(setDocument, (error) => setProblem(textOf(error))),
    [client],
  )
  useEffect(() => void load(), [load])
  if (problem) return <p class="problem">{problem}</p>
  if (document === undefined) return <div class="skeleton" aria-busy="true" />
  return <Editor document={document} onReload={load} />
}

function Editor({ document, onReload }: { document: DocumentView; onReload: () => Promise<unknown> }) {
  const { client, person } = useSession()
  const [text, setText] = useState(document.text)
  const publishing = usePublish()
  const parsed = useMemo(() => parsedOf(text), [text])
  const review = useReview(client, typeof parsed === 'object' ? parsed : undefined)
  const mayPublish = mayActAs(person, 'admin')
  const publish = async (reason: string) => {
    const base = document.version
    const published = await publishing.publish({
      document: text,
      base,
      reason: reason || 'edited the document',
    })
    if (published === undefined) return
    tell(published.changed ? `Version ${published.version} is in force` : 'Nothing was different')
    await onReload()
  }
  const { conflict } = publishing
  return (
    <div class="edit">
      <header class="view-head">
        <div>
          <h1>Document</h1>
          <p class="muted">
            Version {document.version}, as it was written: origins, routes, flags, freezes, webhooks.
          </p>
        </div>
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
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        {mayPublish && (
          <div class="edit-side">
            {conflict && (
              <section class="card conflict" role="alert" aria-label="Conflict">
                <h2>{conflict.current.actor} has published meanwhile</h2>
                <p>What you typed is still here. Put these changes into it, and publish again.</p>
                <div class="scroll">
                  <Changes changes={conflict.changes} />
                </div>
                <div class="row end">
                  <button
                    type="button"
                    class="primary"
                    onClick={async () => {
                      await onReload()
                      publishing.forget()
                    }}
                  >
                    I have looked at them
                  </button>
                </div>
              </section>
            )}
            <PublishForm
              publishing={publishing}
              review={review}
              missing={typeof parsed === 'string' ? `Not JSON yet: ${parsed}` : undefined}
              onPublish={(reason) => void publish(reason)}
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

/** The document, or why the text is none. */
function parsedOf(text: string): JsonObject | string {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : 'a document is an object: { … }'
  } catch (error) {
    return messageOf(error)
  }
}
