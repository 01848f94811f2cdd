import type { Change, DocumentVersion, ProblemDetails } from '../../../contract/responses.ts'
import { jsonPath } from '../../../core/config/parse/problems.ts'
import { Changes } from '../../components/document-diff.tsx'
import { Scroll } from '../../components/scroll.tsx'
import { Ago } from '../../components/time.tsx'

export type Conflict = { current: DocumentVersion; changes: readonly Change[] }

/** Undefined where the refusal is about something else. */
export function conflictOf({ current, changes }: ProblemDetails): Conflict | undefined {
  return current && changes ? { current, changes } : undefined
}

type ConflictProps = {
  conflict: Conflict
  flag: string
  /** Places of the flag that both have changed. */
  clashes: readonly string[]
  onKeepMine: () => void
  onTakeTheirs: () => void
}

/** Somebody else has published meanwhile: what they did, and what to do about it. Nothing that was typed is lost. */
export function ConflictPanel(props: ConflictProps) {
  const { conflict, flag, clashes, onKeepMine, onTakeTheirs } = props
  const { current, changes } = conflict
  const prefix = jsonPath(['flags', flag])
  const isOurs = changes.some(
    ({ path }) => path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`),
  )
  return (
    <section class="card conflict" role="alert" aria-label="Conflict">
      <h2>{current.actor} has published meanwhile</h2>
      <p>
        Version {current.version}, <Ago at={current.at} />: {current.reason}.{' '}
        {!isOurs && 'It does not touch this flag, so both changes fit together.'}
        {isOurs &&
          clashes.length === 0 &&
          'It changes this flag in other places than you did, so both changes fit together.'}
        {clashes.length > 0 && 'What you typed is still here.'}
      </p>
      {clashes.length > 0 && (
        <p>
          Both of you changed{' '}
          {clashes.map((place, index) => (
            <>
              {index > 0 && ', '}
              <code key={place}>{place || 'the whole flag'}</code>
            </>
          ))}
          : there yours would stand; whatever else they changed stays.
        </p>
      )}
      <Scroll label="What they changed">
        <Changes changes={changes} />
      </Scroll>
      <div class="row end">
        {isOurs && (
          <button type="button" onClick={onTakeTheirs}>
            Take theirs into the form
          </button>
        )}
        <button type="button" class="primary" onClick={onKeepMine}>
          {clashes.length > 0 ? 'Publish mine over it' : 'Publish mine as well'}
        </button>
      </div>
    </section>
  )
}
