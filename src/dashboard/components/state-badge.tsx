import type { FlagState } from '../../contract/words/flag-state.ts'

/** The state of a flag: a coloured dot, and its name. */
export function StateBadge({ state }: { state: FlagState }) {
  return (
    <span class={`badge ${state.tone}`}>
      <span class={`dot ${state.name === 'climbing' ? 'moving' : ''}`} />
      {state.label}
    </span>
  )
}
