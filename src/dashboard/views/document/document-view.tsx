/** The whole document as JSON: origins, routes, flags, freezes, webhooks. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import { changesBetween } from '../../../core/config/document-diff.ts'
import { tellPublished } from '../../actions/make-change.ts'
import { Changes } from '../../components/document-diff.tsx'
import { JsonEditor, parseObject } from '../../components/json-editor.tsx'
import { Card, ViewHead } from '../../components/layout.tsx'
import { Loading } from '../../components/loading.tsx'
import { live } from '../../state/live.ts'
import { useMayActAs, useSession } from '../../state/session.ts'
import { useStore } from '../../state/store.ts'
import { warnBeforeLeaving } from '../../state/unsaved.ts'
import { type DocumentView, useDocument } from '../../state/use-document.ts'
import { ConflictCard } from '../edit/conflict.tsx'
import { PublishForm } from '../edit/publish-form.tsx'
import { usePublish } from '../edit/use-publish.ts'
import { questionsOf, useReview } from '../edit/use-review.ts'

/** The unpublished text, and the version that it is based on; kept while other views are shown. */
type Draft = { text: string; base: number }
let draft: Draft | undefined
warnBeforeLeaving(() => draft !== undefined)

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
  const { client } = useSession()
  const mayPublish = useMayActAs('admin')
  const [typed, setTyped] = useState(draft)
  const publishing = usePublish()
  const { conflict } = publishing
  const text = typed?.text ?? document.text
  const parsed = useMemo(() => parseObject(text), [text])
  const problem = typeof parsed === 'string' ? parsed : undefined
  const review = useReview(client, typeof parsed === 'string' ? undefined : parsed)
  const keep = (next: Draft | undefined) => {
    draft = next
    setTyped(next)
  }
  const discard = () => {
    keep(undefined)
    publishing.reset()
  }
  const base = typed?.base ?? document.version
  const publish = async () => {
    const published = await publishing.publish({
      ...{ document: text, base, defaultReason: 'edited the document' },
      questions: questionsOf(review, base),
    })
    if (published === undefined) return
    tellPublished(client, published, base, 'The document is published')
    await onReload()
    keep(undefined)
  }
  const rebase = async () => {
    const latest = await onReload()
    if (latest === undefined) return
    keep({ text, base: latest.version })
    publishing.reset()
  }
  return (
    <div class="edit">
      <ViewHead
        title="Document"
        about={`Version ${document.version}: origins, routes, flags, freezes, webhooks.`}
      >
        {typed && (
          <button type="button" onClick={discard}>
            Discard changes
          </button>
        )}
      </ViewHead>
      <div class="edit-columns">
        <JsonEditor
          label="The document, as JSON"
          isBare
          rows={34}
          readOnly={!mayPublish}
          value={text}
          problem={problem}
          onChange={(next) => keep(next === document.text ? undefined : { text: next, base })}
        />
        {mayPublish && (
          <div class="edit-side">
            {conflict && (
              <ConflictCard
                conflict={conflict}
                actions={
                  <button type="button" class="primary" onClick={() => void rebase()}>
                    I have included them
                  </button>
                }
              >
                <p>Your text is still here. Include their changes, then publish again.</p>
              </ConflictCard>
            )}
            <PublishForm
              publishing={publishing}
              review={review}
              missing={
                problem ? 'Fix the JSON first.' : typed === undefined ? 'Nothing has changed.' : undefined
              }
              onPublish={() => void publish()}
            />
            {typeof parsed === 'object' && text !== document.text && (
              <Card title="Unpublished changes" label="Changes">
                <Changes
                  changes={changesBetween(document.document, parsed)}
                  nothing="Only the layout differs."
                />
              </Card>
            )}
          </div>
        )}
      </div>
    </div>
  )
}
