import { plural } from '../../../core/figures.ts'
import { ChangeSummary, Changes } from '../../components/document-diff.tsx'
import { ReasonField } from '../../components/fields.tsx'
import { Icon } from '../../components/icon.tsx'
import { ImpactList } from '../../components/impact.tsx'
import { ProblemText, Scroll } from '../../components/layout.tsx'
import type { Publishing } from './use-publish.ts'
import type { Review } from './use-review.ts'

type PublishFormProps = {
  publishing: Publishing
  review: Review
  /** What must be done before publishing; undefined where it can be published. */
  missing: string | undefined
  onPublish: () => void
}

/** Whether the draft is valid, its impact, and the button that publishes it. */
export function PublishForm({ publishing, review, missing, onPublish }: PublishFormProps) {
  const { reason, setReason, unconfirmed, problem, isBusy } = publishing
  const isReady = missing === undefined && review.problems.length === 0 && review.isKnown
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault()
        if (isReady) onPublish()
      }}
    >
      {missing === undefined ? <Verdict review={review} /> : <p class="hint">{missing}</p>}
      {unconfirmed && (
        <div class="notice bad" role="alert">
          <p>This needs confirmation:</p>
          <ul>
            {unconfirmed.questions.map((question) => (
              <li key={question}>{question}</li>
            ))}
          </ul>
        </div>
      )}
      <ReasonField value={reason} onChange={setReason} />
      <ProblemText>{problem}</ProblemText>
      <div class="row end">
        <button type="submit" class={unconfirmed ? 'danger solid' : 'primary'} disabled={!isReady || isBusy}>
          {unconfirmed ? 'Confirm and publish' : 'Publish'}
        </button>
      </div>
    </form>
  )
}

const MAX_PROBLEMS = 6

function Verdict({ review: { problems, effect } }: { review: Review }) {
  if (problems.length > 0) {
    return (
      <div class="stack-s" role="status">
        <p class="problem verdict-line">
          <Icon name="alert" /> {plural(problems.length, 'problem')}
        </p>
        <ul class="problem-list">
          {problems.slice(0, MAX_PROBLEMS).map(({ path, expected, fix }) => (
            <li key={path + expected}>
              <code>{path.replace(/^\$\.?/, '')}</code> expected {expected}: {fix}
            </li>
          ))}
        </ul>
      </div>
    )
  }
  return (
    <div class="stack-s" role="status">
      <p class="good-text verdict-line">
        <Icon name="check" /> Valid
      </p>
      {effect && effect.changes.length === 0 && <p class="hint">No changes yet.</p>}
      {effect && effect.changes.length > 0 && (
        <>
          <ImpactList impact={effect.people} />
          <ChangeSummary lines={effect.summary} />
          <details>
            <summary>{plural(effect.changes.length, 'change')}</summary>
            <Scroll label="Changes">
              <Changes changes={effect.changes} />
            </Scroll>
          </details>
        </>
      )}
    </div>
  )
}
