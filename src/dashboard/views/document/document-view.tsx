/** The whole document: origins, routes, metrics, freezes and webhooks by form, all of it as JSON. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import { changesBetween } from '../../../core/config/document-diff.ts'
import type { Problem } from '../../../core/config/parse/problems.ts'
import type { JsonObject } from '../../../core/json-object.ts'
import { tellPublished } from '../../actions/make-change.ts'
import { Changes } from '../../components/document-diff.tsx'
import { Segments } from '../../components/fields.tsx'
import { JsonEditor, parseObject } from '../../components/json-editor.tsx'
import { Card, ViewHead } from '../../components/layout.tsx'
import { Loading } from '../../components/loading.tsx'
import { live } from '../../state/live.ts'
import { useQueryValue } from '../../state/router.tsx'
import { useMayActAs, useSession } from '../../state/session.ts'
import { useStore } from '../../state/store.ts'
import { warnBeforeLeaving } from '../../state/unsaved.ts'
import { type DocumentView, useDocument } from '../../state/use-document.ts'
import { ConflictCard } from '../edit/conflict.tsx'
import { FormContext } from '../edit/form.tsx'
import { PublishForm } from '../edit/publish-form.tsx'
import { usePublish } from '../edit/use-publish.ts'
import { questionsOf, useReview } from '../edit/use-review.ts'
import { DocumentForms } from './document-forms.tsx'

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

const AS = [
  ['form', 'Form'],
  ['json', 'JSON'],
] as const

/** Problems by their places in the document. */
function problemsByPath(problems: readonly Problem[]): ReadonlyMap<string, readonly Problem[]> {
  return Map.groupBy(problems, ({ path }) => path.slice(1))
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
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
  const [as, setAs] = useQueryValue(
    'as',
    AS.map(([each]) => each),
  )
  const keep = (next: Draft | undefined) => {
    draft = next
    setTyped(next)
  }
  const discard = () => {
    keep(undefined)
    publishing.reset()
  }
  const base = typed?.base ?? document.version
  const problems = useMemo(() => problemsByPath(review.problems), [review.problems])
  const form = {
    ...{ definition: typeof parsed === 'string' ? {} : parsed, problems },
    // What was entered and taken back is no change.
    change: (next: JsonObject) =>
      keep(isSame(next, document.document) ? undefined : { text: JSON.stringify(next, null, 2), base }),
  }
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
        about={`Version ${document.version}: origins, routes, metrics, flags, freezes, webhooks.`}
      >
        {typed && (
          <button type="button" onClick={discard}>
            Discard changes
          </button>
        )}
      </ViewHead>
      <Segments label="Edit it" name="as" value={as} choices={AS} onChoose={setAs} />
      <div class="edit-columns">
        {as === 'form' && mayPublish && typeof parsed === 'object' ? (
          <FormContext.Provider value={form}>
            <DocumentForms />
          </FormContext.Provider>
        ) : (
          <JsonEditor
            label="The document, as JSON"
            isBare
            rows={34}
            readOnly={!mayPublish}
            value={text}
            problem={problem}
            onChange={(next) => keep(next === document.text ? undefined : { text: next, base })}
          />
        )}
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
