import { Changes } from '../../components/document-diff.tsx'
import { Icon } from '../../components/icon.tsx'
import { People } from '../../components/impact.tsx'
import { ReasonField } from '../../components/reason-field.tsx'
import { Scroll } from '../../components/scroll.tsx'
import { plural } from '../../state/format.ts'
import type { Publishing } from './use-publish.ts'
import type { Review } from './use-review.ts'

type PublishFormProps = {
  publishing: Publishing
  review: Review
  /** Why there is nothing to publish yet; undefined where there is. */
  missing: string | undefined
  onPublish: () => void
}

/** Whether what was written can be published, what it would do, and the button that does it. */
export function PublishForm({ publishing, review, missing, onPublish }: PublishFormProps) {
  const { reason, giveReason, asking, problem, isBusy } = publishing
  const isReady = missing === undefined && review.problems.length === 0
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault()
        if (isReady) onPublish()
      }}
    >
      {missing === undefined ? <Verdict review={review} /> : <p class="hint">{missing}</p>}
      {asking && (
        <p class="notice bad" role="alert">
          This moves {asking.movedPercent} % of visitors, more than the document allows unasked.
        </p>
      )}
      <ReasonField value={reason} onChange={giveReason} />
      <p class="problem" role="alert">
        {problem}
      </p>
      <div class="row end">
        <button type="submit" class={asking ? 'danger solid' : 'primary'} disabled={!isReady || isBusy}>
          {asking ? 'Publish all the same' : 'Publish'}
        </button>
      </div>
    </form>
  )
}

const MOST_PROBLEMS = 6

function Verdict({ review: { problems, effect } }: { review: Review }) {
  if (problems.length > 0) {
    return (
      <div class="stack-s" role="status">
        <p class="problem verdict-line">
          <Icon name="alert" /> {plural(problems.length, 'problem')}
        </p>
        <ul class="problem-list">
          {problems.slice(0, MOST_PROBLEMS).map(({ path, expected, fix }) => (
            <li key={path + expected}>
              <code>{path.replace(/^\$\.?/, '')}</code> {expected}: {fix}
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
      {effect && effect.changes.length === 0 && <p class="hint">Nothing is different yet.</p>}
      {effect && effect.changes.length > 0 && (
        <>
          <People people={effect.people} />
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
