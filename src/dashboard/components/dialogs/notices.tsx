/** What is wrong with the gate itself, above every view. */
import { internalErrorTexts } from '../../../contract/internal-error-text.ts'
import { plural } from '../../state/format.ts'
import { live } from '../../state/live.ts'
import { useStore } from '../../state/store.ts'
import { Icon } from '../icon.tsx'

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
    const where = first ? `: at ${first.path}, expected ${first.expected}` : ''
    notices.push(
      `KV holds a ${key} with ${plural(problems.length, 'problem')}, which is not in force${where}`,
    )
  }
  if (status?.document.kvError) notices.push(`KV: ${status.document.kvError}`)
  if (status) notices.push(...internalErrorTexts(status))
  const killed = [...(status?.kill.kv ?? []), ...(status?.kill.controller ?? [])]
  if (killed.includes('*')) notices.push('Every flag is killed: everybody gets the off variants.')
  if (notices.length === 0) return null
  return (
    <section class="notices" aria-label="Notices">
      {notices.map((notice) => (
        <p key={notice} role="alert">
          <Icon name="alert" />
          <span>{notice}</span>
        </p>
      ))}
    </section>
  )
}
