/** Problems of the gate itself, above every view. */
import { internalErrorTexts } from '../../../contract/words/internal-errors.ts'
import { plural } from '../../../core/figures.ts'
import { live, type Status } from '../../state/live.ts'
import { useStore } from '../../state/store.ts'
import { Icon } from '../icon.tsx'

export function Notices() {
  const { status, by } = useStore(live)
  const notices = [
    ...(by === 'lost' ? ['The gate cannot be reached. Showing the last known data, and retrying.'] : []),
    ...(status ? noticesOf(status) : []),
  ]
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

function noticesOf(status: Status): string[] {
  const { controller, document, kill } = status
  const notices: string[] = []
  if (controller === 'unreachable')
    notices.push(
      'The Controller does not answer: counts stand still. Visitors are served, and a kill still works.',
    )
  for (const { text } of status.limits) notices.push(`Limit reached: ${text}.`)
  for (const { key, problems } of document.refused) {
    const [first] = problems
    const where = first ? `: ${first.path} expected ${first.expected}` : ''
    notices.push(`The ${key} in KV is not in force: it has ${plural(problems.length, 'problem')}${where}`)
  }
  if (document.kvError) notices.push(`KV: ${document.kvError}`)
  for (const { flag, reason } of status.alerts ?? [])
    notices.push(flag === null ? reason : `${flag}: ${reason}`)
  notices.push(...internalErrorTexts(status))
  if ([...kill.kv, ...kill.controller].includes('*'))
    notices.push('Every flag is killed: all visitors get the off variants.')
  return notices
}
