import type { Change, DocumentVersion, ProblemDetails } from '../../../contract/responses.ts'
import { jsonPath } from '../../../core/config/problems.ts'
import { Changes } from '../../parts/changes.tsx'
import { Ago } from '../../parts/time.tsx'

export type Conflict = { current: DocumentVersion; changes: readonly Change[] }

/** Undefined where the refusal is about something else. */
export function conflictOf({ current, changes }: ProblemDetails): Conflict | undefined {
  return current && changes ? { current, changes } : undefined
}

type ConflictProps = { conflict: Conflict; flag: string; onKeepMine: () => void; onTakeTheirs: () => void }

/** Somebody else has published meanwhile: what they did, and what to do about it. Nothing that was typed is lost. */
export function ConflictPanel({
  conflict: { current, changes },
  flag,
  onKeepMine,
  onTakeTheirs,
}: ConflictProps) {
  const prefix = jsonPath(['flags', flag])
  const isOurs = changes.some(
    ({ path }) => path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`),
  )
  return (
    <section class="card conflict" role="alert" aria-label="Conflict">
      <h2>{current.actor} has published meanwhile</h2>
      <p>
        Version {current.version}, <Ago at={current.at} />: {current.reason}.{' '}
        {isOurs
          ? 'It changes this flag too. What you typed is still here.'
          : 'It does not touch this flag, so both changes fit together.'}
      </p>
      <div class="scroll">
        <Changes changes={changes} />
      </div>
      <div class="row end">
        {isOurs && (
          <button type="button" onClick={onTakeTheirs}>
            Take theirs into the form
          </button>
        )}
        <button type="button" class="primary" onClick={onKeepMine}>
          {isOurs ? 'Publish mine over it' : 'Publish mine as well'}
        </button>
      </div>
    </section>
  )
}
