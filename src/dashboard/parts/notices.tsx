/** What is wrong with the gate itself, above every view. */
import { live } from '../live.ts'
import { useStore } from '../store.ts'
import { Icon } from './icon.tsx'

export function Notices() {
  const { status, by } = useStore(live)
  const notices: string[] = []
  if (by === 'lost')
    notices.push('The gate cannot be reached. What you see is what was last known; it is tried again.')
  if (status?.controller === 'unreachable') {
    notices.push(
      'The Controller does not answer: counts stand still. Visitors are served, and a kill still works.',
    )
  }
  for (const { key, problems } of status?.document.refused ?? []) {
    const [first] = problems
    notices.push(
      `KV holds a ${key} with ${problems.length} problems, which is not in force: ${first?.path ?? ''} ${first?.expected ?? ''}`,
    )
  }
  if (status?.document.kvError) notices.push(`KV: ${status.document.kvError}`)
  const killed = [...(status?.kill.kv ?? []), ...(status?.kill.controller ?? [])]
  if (killed.includes('*')) notices.push('Every flag is killed: everybody gets the off variants.')
  if (notices.length === 0) return null
  return (
    <ul class="notices" aria-label="Notices">
      {notices.map((notice) => (
        <li key={notice} role="alert">
          <Icon name="alert" />
          {notice}
        </li>
      ))}
    </ul>
  )
}
