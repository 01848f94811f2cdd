/** A new rollout from beginning to end, on one page: what is new, where, for whom, in which stages, watched by what. */
import { useMemo, useState } from 'preact/hooks'
import type { JsonObject } from '../../../core/json-object.ts'
import { tellPublished } from '../../actions/make-change.ts'
import { type Choice, Field, Segments, Select } from '../../components/fields.tsx'
import { ViewHead } from '../../components/layout.tsx'
import { Loading } from '../../components/loading.tsx'
import { goTo, Link } from '../../state/router.tsx'
import { useMayActAs, useSession } from '../../state/session.ts'
import { type DocumentView, useDocument } from '../../state/use-document.ts'
import { Conditions } from '../edit/condition-editor.tsx'
import { ConflictCard } from '../edit/conflict.tsx'
import { problemsByPlace, withValue } from '../edit/draft.ts'
import { FormContext, TextField } from '../edit/form.tsx'
import { GuardEditor } from '../edit/guard-editor.tsx'
import { PublishForm } from '../edit/publish-form.tsx'
import { StagesEditor } from '../edit/stages-editor.tsx'
import { usePublish } from '../edit/use-publish.ts'
import { questionsOf, useReview } from '../edit/use-review.ts'
import {
  documentWithRollout,
  missingIn,
  newRollout,
  originNames,
  PRESETS,
  type Preset,
  type RolloutDraft,
} from './rollout-draft.ts'

const STAGES = ['rules', 0, 'stages'] as const
const SPEEDS: readonly Choice[] = [
  ['careful', 'Careful: two days'],
  ['standard', 'Standard: two hours'],
  ['fast', 'Fast: minutes'],
]

export function RolloutView() {
  const mayEdit = useMayActAs('admin')
  const { document, problem, load } = useDocument()
  if (!mayEdit) return <p class="empty">Only admins can start rollouts.</p>
  if (document === undefined) return <Loading problem={problem} onRetry={load} />
  return <Guide document={document} onReload={load} />
}

type GuideProps = { document: DocumentView; onReload: () => Promise<DocumentView | undefined> }

function Guide({ document, onReload }: GuideProps) {
  const { client } = useSession()
  const present = document.document as JsonObject
  const [draft, setDraft] = useState<RolloutDraft>(() => newRollout(present))
  const change = (parts: Partial<RolloutDraft>) => setDraft((before) => ({ ...before, ...parts }))
  const whole = useMemo(() => documentWithRollout(present, draft), [present, draft])
  const missing = missingIn(present, draft)
  const review = useReview(client, missing === undefined ? whole : undefined, draft.key)
  const problems = useMemo(() => problemsByPlace(review.problems, draft.key), [review.problems, draft.key])
  const publishing = usePublish()
  const { conflict } = publishing
  const publish = async () => {
    const published = await publishing.publish({
      ...{ document: whole, base: document.version, defaultReason: `started ${draft.key}` },
      questions: questionsOf(review, document.version),
    })
    if (published === undefined) return
    tellPublished(client, published, document.version, `${draft.key} is started`)
    goTo(`/flags/${encodeURIComponent(draft.key)}`)
  }
  const again = async () => {
    await onReload()
    publishing.reset()
  }
  const form = {
    ...{ definition: draft.flag, problems, document: present, audience: review.effect?.audience },
    examples: review.examples,
    change: (flag: JsonObject) => change({ flag }),
  }
  return (
    <div class="edit">
      <ViewHead
        title="New rollout"
        crumbs={
          <>
            <Link to="/">Flags</Link> /
          </>
        }
        about="From the origin of today to a new one, a share of visitors at a time."
      />
      <FormContext.Provider value={form}>
        <div class="edit-columns">
          <form class="stack-l guide" aria-label="Rollout" onSubmit={(event) => event.preventDefault()}>
            <Origins draft={draft} names={originNames(present)} onChange={change} />
            <fieldset class="card">
              <legend>3. Who gets it</legend>
              <Conditions path={['rules', 0, 'when']} />
            </fieldset>
            <Stages flag={draft.flag} onChange={(flag) => change({ flag })} />
            <GuardEditor title="5. Guard" />
          </form>
          <section class="edit-side" aria-label="Review">
            {conflict && (
              <ConflictCard
                conflict={conflict}
                actions={
                  <button type="button" class="primary" onClick={() => void again()}>
                    Include their changes
                  </button>
                }
              >
                <p>What you have entered stays.</p>
              </ConflictCard>
            )}
            <PublishForm
              publishing={publishing}
              review={review}
              missing={conflict ? undefined : missing}
              onPublish={() => void publish()}
            />
          </section>
        </div>
      </FormContext.Provider>
    </div>
  )
}

type OriginsProps = {
  draft: RolloutDraft
  names: readonly string[]
  onChange: (parts: Partial<RolloutDraft>) => void
}

function Origins({ draft, names, onChange }: OriginsProps) {
  return (
    <>
      <fieldset class="card">
        <legend>1. What is new</legend>
        <div class="pair">
          <Field
            label="Name of the rollout"
            hint="Letters, digits, dots and dashes; cannot be changed later."
          >
            <input
              value={draft.key}
              placeholder="new-shop"
              spellcheck={false}
              onInput={(event) => onChange({ key: event.currentTarget.value.trim() })}
            />
          </Field>
          <TextField path={['description']} label="Description" placeholder="What it is for" />
        </div>
        <div class="pair">
          <Field label="URL of the new origin" hint="Where the new version runs.">
            <input
              type="url"
              value={draft.newUrl}
              placeholder="https://new.example.com"
              onInput={(event) => onChange({ newUrl: event.currentTarget.value.trim() })}
            />
          </Field>
          <Field label="Name of the new origin">
            <input
              value={draft.newOrigin}
              onInput={(event) => onChange({ newOrigin: event.currentTarget.value.trim() })}
            />
          </Field>
        </div>
      </fieldset>
      <fieldset class="card">
        <legend>2. Which requests</legend>
        <div class="pair">
          <Field label="Path" hint="/* is every page; /checkout/* all below it.">
            <input
              value={draft.path}
              onInput={(event) => onChange({ path: event.currentTarget.value.trim() })}
            />
          </Field>
          <Field label="Served today by">
            <Select
              value={draft.control}
              choices={[['', 'Choose an origin'], ...names.map((name): Choice => [name, name])]}
              onChoose={(control) => onChange({ control })}
            />
          </Field>
        </div>
      </fieldset>
    </>
  )
}

function Stages({ flag, onChange }: { flag: JsonObject; onChange: (flag: JsonObject) => void }) {
  const [speed, setSpeed] = useState<string>('standard')
  const choose = (next: string) => {
    setSpeed(next)
    onChange(withValue(flag, STAGES, [...PRESETS[next as Preset]]))
  }
  return (
    <fieldset class="card">
      <legend>4. In which stages</legend>
      <Segments label="Speed" name="speed" value={speed} choices={SPEEDS} onChoose={choose} />
      <StagesEditor path={STAGES} />
    </fieldset>
  )
}
