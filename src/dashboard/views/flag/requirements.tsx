import type { FlagStatusView } from '../../../contract/responses.ts'

/** What the stage asks for besides the guard's tests; nothing where it asks for nothing. */
export function Requirements({ status: { verdict } }: { status: FlagStatusView }) {
  const { requirements = [] } = verdict ?? {}
  if (requirements.length === 0) return null
  return (
    <ul class="facts" aria-label="What the stage asks for">
      {requirements.map(({ text, found, met }) => (
        <li key={text} class={met ? 'hint' : 'warn'}>
          {met ? '✓' : '✗'} {text}: {found}
        </li>
      ))}
    </ul>
  )
}
