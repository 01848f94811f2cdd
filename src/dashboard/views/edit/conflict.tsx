import type { ComponentChildren } from 'preact'
import type { Change, DocumentVersion, ProblemDetails } from '../../../contract/responses.ts'
import { jsonPath } from '../../../core/config/parse/problems.ts'
import { Changes } from '../../components/document-diff.tsx'
import { Scroll } from '../../components/layout.tsx'
import { Ago } from '../../components/time.tsx'

export type Conflict = { current: DocumentVersion; changes: readonly Change[] }

/** Undefined where the refusal has another cause. */
export function conflictOf({ current, changes }: ProblemDetails): Conflict | undefined {
  return current && changes ? { current, changes } : undefined
}

type ConflictCardProps = { conflict: Conflict; actions: ComponentChildren; children: ComponentChildren }

/** Another version has been published meanwhile: what it changed, and what can be done. Nothing typed is lost. */
export function ConflictCard({ conflict: { current, changes }, actions, children }: ConflictCardProps) {
  return (
    <section class="card conflict" role="alert" aria-label="Conflict">
      <h2>{current.actor} published in the meantime</h2>
      <p>
        Version {current.version}, <Ago at={current.at} />: {current.reason}
      </p>
      {children}
      <Scroll label="Their changes">
        <Changes changes={changes} />
      </Scroll>
      <div class="row end">{actions}</div>
    </section>
  )
}

type FlagConflictProps = {
  conflict: Conflict
  flag: string
  /** Places of the flag that both have changed. */
  clashes: readonly string[]
  onKeepMine: () => void
  onTakeTheirs: () => void
}

/** A conflict while a flag was edited. */
export function FlagConflict({ conflict, flag, clashes, onKeepMine, onTakeTheirs }: FlagConflictProps) {
  const prefix = jsonPath(['flags', flag])
  const isSameFlag = conflict.changes.some(
    ({ path }) => path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`),
  )
  const actions = (
    <>
      {isSameFlag && (
        <button type="button" onClick={onTakeTheirs}>
          Load theirs into the form
        </button>
      )}
      <button type="button" class="primary" onClick={onKeepMine}>
        {clashes.length > 0 ? 'Overwrite with mine' : 'Publish mine as well'}
      </button>
    </>
  )
  return (
    <ConflictCard conflict={conflict} actions={actions}>
      {clashes.length === 0 ? (
        <p>
          {isSameFlag ? 'It changes other parts of this flag' : 'It does not touch this flag'}, so both
          changes can be merged.
        </p>
      ) : (
        <p>
          You both changed{' '}
          {clashes.map((place, index) => (
            <>
              {index > 0 && ', '}
              <code key={place}>{place || 'the whole flag'}</code>
            </>
          ))}
          . There, yours would win; their other changes are kept.
        </p>
      )}
    </ConflictCard>
  )
}
