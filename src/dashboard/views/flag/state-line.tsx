import type { FlagStatusView, FlagSummary } from '../../../contract/responses.ts'
import { Icon } from '../../components/icon.tsx'
import { stateOf } from '../../state/flag-state.ts'
import type { Definition } from '../../state/plain-words.ts'

type StateLineProps = {
  flag: FlagSummary
  status: FlagStatusView
  definition: Definition
  /** Why it was killed, as far as the audit log knows. */
  killedFor: string | undefined
}

/** How the flag stands, and what it waits for, in one sentence. */
export function StateLine({ flag, status, definition, killedFor }: StateLineProps) {
  const { tone, label, name } = stateOf(flag)
  const isSteady = tone === 'accent' || tone === 'good'
  const text =
    name === 'killed'
      ? (killedFor ?? `everybody gets ${definition.off} until the kill is lifted`)
      : (status.rolledBack?.reason ??
        status.frozen?.reason ??
        status.paused?.reason ??
        status.waitingFor ??
        idleWords(flag, definition))
  return (
    <p class={`waiting ${tone}`} role="status">
      <Icon name={isSteady ? 'clock' : tone === 'neutral' ? 'pause' : 'alert'} />
      <span>
        <strong>{status.finished ? 'Finished' : label}</strong>
        {text && <> — {text}</>}
      </span>
    </p>
  )
}

/** Where nothing is waited for: who leads on. */
function idleWords(
  { state, stage, stages, rules }: FlagSummary,
  { off, guard }: Definition,
): string | undefined {
  if (state === 'disabled' || rules === 0) return `everybody gets ${off}`
  if (stages === 0) return 'it has no stages: it changes when somebody changes it'
  const isLast = stage === stages - 1
  const isGuarded = guard !== undefined && guard.enabled !== false
  return isGuarded || isLast ? undefined : 'no guard judges it: a person leads on'
}
