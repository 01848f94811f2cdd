import type { FlagState } from '../../contract/words/flag-state.ts'
import type { FlagVerdict } from '../../contract/words/verdict-word.ts'

/** The state of a flag: a coloured dot, and its name. */
export function StateBadge({ state }: { state: FlagState }) {
  return (
    <span class={`badge ${state.tone}`}>
      <span class={`dot ${state.name === 'climbing' ? 'moving' : ''}`} />
      {state.label}
    </span>
  )
}

/** The verdict on a flag, in one word. */
export function VerdictTag({ verdict }: { verdict: FlagVerdict }) {
  return <span class={`verdict-tag ${verdict.tone}`}>{verdict.word}</span>
}
