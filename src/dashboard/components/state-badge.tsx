import type { FlagState } from '../../contract/words/flag-state.ts'
import type { FlagVerdict } from '../../contract/words/verdict-word.ts'

/** The state of a flag: a coloured dot, and its name. */
export function StateBadge({ state }: { state: FlagState }) {
  return (
    <span class={`badge ${state.tone}`}>
      <span class="dot" />
      {state.label}
    </span>
  )
}

type VerdictBadgeProps = {
  verdict: FlagVerdict
  /** The rollout goes on by itself. */
  isMoving?: boolean
}

/** The verdict on a flag: a coloured dot, and its word. */
export function VerdictBadge({ verdict, isMoving = false }: VerdictBadgeProps) {
  return (
    <span class={`badge ${verdict.tone}`}>
      <span class={`dot ${isMoving ? 'moving' : ''}`} />
      {verdict.word}
    </span>
  )
}
