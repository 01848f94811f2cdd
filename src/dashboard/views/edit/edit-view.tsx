/** Creates and edits a flag, by form and by JSON. */
import { useMemo, useState } from 'preact/hooks'
import type { JsonObject } from '../../../core/json-object.ts'
import { ViewHead } from '../../components/layout.tsx'
import { Loading } from '../../components/loading.tsx'
import { Link } from '../../state/router.tsx'
import { useMayActAs, useSession } from '../../state/session.ts'
import { warnBeforeLeaving } from '../../state/unsaved.ts'
import { type DocumentView, useDocument } from '../../state/use-document.ts'
import { DeleteFlag } from './delete-flag.tsx'
import { type Draft, definitionIn, documentWith, NEW_FLAG, problemsByPlace } from './draft.ts'
import { EditForm } from './edit-form.tsx'
import { FlagJson } from './flag-json.tsx'
import { FormContext } from './form.tsx'
import { PublishPanel } from './publish-panel.tsx'
import { useReview } from './use-review.ts'

/** Unpublished drafts by flag, kept while other views are shown. */
const drafts = new Map<string, Draft>()
warnBeforeLeaving(() => drafts.size > 0)
const NEW = ''

export function EditView({ flag }: { flag: string | undefined }) {
  const mayEdit = useMayActAs('admin')
  const { document, problem, load } = useDocument()
  if (!mayEdit) return <p class="empty">Only admins can edit flags.</p>
  if (document === undefined) return <Loading problem={problem} onRetry={load} />
  const isMissing = flag !== undefined && definitionIn(document.document, flag) === undefined
  // It may have been deleted while it was being edited.
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
  const freshDraft = (): Draft => {
    const original = flag === undefined ? undefined : definitionIn(document.document, flag)
    return { key: flag ?? '', definition: original ?? NEW_FLAG, base: document.version, original }
  }
  const [draft, setDraft] = useState<Draft>(() => drafts.get(flag ?? NEW) ?? freshDraft())
  const change = (next: Draft) => {
    // What was entered and taken back is no draft any more.
    const isUnchanged = JSON.stringify(next.definition) === JSON.stringify(next.original)
    if (isUnchanged) forget()
    else drafts.set(flag ?? NEW, next)
    setDraft(next)
  }
  const forget = () => void drafts.delete(flag ?? NEW)
  const discard = () => {
    forget()
    setDraft(freshDraft())
  }
  const whole = useMemo(() => documentWith(document.document as JsonObject, draft), [document, draft])
  const review = useReview(client, draft.key === '' ? undefined : whole, draft.key)
  const problems = useMemo(() => problemsByPlace(review.problems, draft.key), [review.problems, draft.key])
  const isTaken = flag === undefined && definitionIn(document.document, draft.key) !== undefined
  const form = {
    definition: draft.definition,
    problems,
    document: document.document as JsonObject,
    flag,
    audience: review.effect?.audience,
    examples: review.examples,
    change: (definition: JsonObject) => change({ ...draft, definition }),
  }
  return (
    <div class="edit">
      <ViewHead title={flag === undefined ? 'New flag' : `Edit ${flag}`} crumbs={<Crumbs flag={flag} />}>
        {drafts.has(flag ?? NEW) && (
          <button type="button" onClick={discard}>
            Discard changes
          </button>
        )}
        {flag !== undefined && <DeleteFlag flag={flag} version={document.version} onDeleted={forget} />}
      </ViewHead>
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
            <FlagJson definition={draft.definition} onChange={form.change} />
          </div>
        </div>
      </FormContext.Provider>
    </div>
  )
}

function Crumbs({ flag }: { flag: string | undefined }) {
  return (
    <>
      <Link to="/">Flags</Link> /{' '}
      {flag !== undefined && <Link to={`/flags/${encodeURIComponent(flag)}`}>{flag}</Link>}
      {flag !== undefined && ' /'}
    </>
  )
}
