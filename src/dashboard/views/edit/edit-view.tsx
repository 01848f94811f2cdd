/** Making and changing a flag: by form, by JSON, or both; published only when it is valid and seen. */
import { useMemo, useState } from 'preact/hooks'
import type { JsonObject } from '../../../core/json-object.ts'
import { Loading } from '../../components/loading/loading.tsx'
import { Link } from '../../state/router.tsx'
import { mayActAs } from '../../state/session.ts'
import { useSession } from '../../state/session-context.ts'
import { keepUntilPublished } from '../../state/unsaved.ts'
import { type DocumentView, useDocument } from '../../state/use-document.ts'
import { DeleteFlag } from './delete-flag.tsx'
import { type Draft, definitionIn, documentWith, NEW_FLAG, problemsByPlace } from './draft.ts'
import { EditForm } from './edit-form.tsx'
import { FormContext } from './form.tsx'
import { JsonPane } from './json-pane.tsx'
import { PublishPanel } from './publish-panel.tsx'
import { useReview } from './use-review.ts'

/** Drafts that were not published yet, by the flag they are of; kept while other views are shown. */
const drafts = new Map<string, Draft>()
keepUntilPublished(() => drafts.size > 0)
const NEW = ''

export function EditView({ flag }: { flag: string | undefined }) {
  const { person } = useSession()
  const { document, problem, load } = useDocument()
  if (!mayActAs(person, 'admin')) return <p class="empty">You may look at flags, not change them.</p>
  if (document === undefined) return <Loading problem={problem} onRetry={load} />
  const isMissing = flag !== undefined && definitionIn(document.document, flag) === undefined
  // Somebody may have deleted it while it was being edited.
  if (isMissing && !drafts.has(flag)) return <p class="empty">The document has no flag {flag}.</p>
  return <Editor flag={flag} document={document} onReload={load} />
}

type EditorProps = {
  flag: string | undefined
  document: DocumentView
  onReload: () => Promise<DocumentView | undefined>
}

function Editor({ flag, document, onReload }: EditorProps) {
  const { client } = useSession()
  const fresh = (): Draft => {
    const original = flag === undefined ? undefined : definitionIn(document.document, flag)
    return { key: flag ?? '', definition: original ?? NEW_FLAG, base: document.version, original }
  }
  const [draft, setDraft] = useState<Draft>(() => drafts.get(flag ?? NEW) ?? fresh())
  const change = (next: Draft) => {
    drafts.set(flag ?? NEW, next)
    setDraft(next)
  }
  const forget = () => void drafts.delete(flag ?? NEW)
  const discard = () => {
    forget()
    setDraft(fresh())
  }
  const whole = useMemo(() => documentWith(document.document as JsonObject, draft), [document, draft])
  const review = useReview(client, draft.key === '' ? undefined : whole)
  const problems = useMemo(() => problemsByPlace(review.problems, draft.key), [review.problems, draft.key])
  const isTaken = flag === undefined && definitionIn(document.document, draft.key) !== undefined
  const form = {
    definition: draft.definition,
    problems,
    change: (definition: JsonObject) => change({ ...draft, definition }),
  }
  return (
    <div class="edit">
      <header class="view-head">
        <div>
          <p class="crumbs">
            <Link to="/">Flags</Link> /{' '}
            {flag !== undefined && <Link to={`/flags/${encodeURIComponent(flag)}`}>{flag}</Link>}
            {flag !== undefined && ' /'}
          </p>
          <h1>{flag === undefined ? 'New flag' : `Edit ${flag}`}</h1>
        </div>
        <div class="row">
          {drafts.has(flag ?? NEW) && (
            <button type="button" onClick={discard}>
              Discard changes
            </button>
          )}
          {flag !== undefined && <DeleteFlag flag={flag} version={document.version} onDeleted={forget} />}
        </div>
      </header>
      <FormContext.Provider value={form}>
        <div class="edit-columns">
          <EditForm
            keyField={
              flag === undefined
                ? { name: draft.key, isTaken, change: (key) => change({ ...draft, key }) }
                : undefined
            }
          />
          <div class="edit-side">
            <PublishPanel
              flag={flag}
              draft={draft}
              review={review}
              isTaken={isTaken}
              document={document}
              onReload={onReload}
              onRebase={change}
              onPublished={forget}
            />
            <JsonPane definition={draft.definition} onChange={form.change} />
          </div>
        </div>
      </FormContext.Provider>
    </div>
  )
}
