/** Flag debt: flags that can probably be removed, and why. */
import { useState } from 'preact/hooks'
import type { FlagSummary } from '../../../contract/responses.ts'
import { stateOf } from '../../../contract/words/flag-state.ts'
import { countText, plural } from '../../../core/figures.ts'
import { Card, Table, ViewHead } from '../../components/layout.tsx'
import { StaleDataNotice } from '../../components/loading.tsx'
import { StateBadge } from '../../components/state-badge.tsx'
import { Ago } from '../../components/time.tsx'
import { Link } from '../../state/router.tsx'
import { usePolled } from '../../state/use-polled.ts'

const REFRESH_MS = 60_000
const MAX_AT_FIRST = 100
const COLUMNS = ['Flag', 'State', 'Why', 'Owner', 'Last evaluated']

const KINDS = [
  ['expired', 'Expired', 'Past the date to remove them by.'],
  [
    'finished',
    'Finished',
    'All visitors have had the same variant for two weeks: remove them from the code.',
  ],
  ['unused', 'Unused', 'Not evaluated for a month.'],
  ['ownerless', 'No owner', 'Set an owner to ask.'],
] as const

export function CleanupView() {
  const { value, problem, atMs } = usePolled('listFlags', {}, REFRESH_MS)
  const stale = value?.flags.filter((flag) => flag.stale.length > 0) ?? []
  const about =
    value === undefined
      ? '…'
      : stale.length === 0
        ? 'Nothing to clean up: every flag has an owner, is in use and has not expired.'
        : `${countText(stale.length)} of ${plural(value.flags.length, 'flag')} to clean up.`
  return (
    <div class="stack-l">
      <ViewHead title="Cleanup" about={about} />
      <StaleDataNotice problem={problem} atMs={atMs} />
      {KINDS.map(([kind, title, hint]) => {
        const flags = stale.filter((flag) => flag.stale.some((debt) => debt.kind === kind))
        return flags.length === 0 ? null : <Group key={kind} {...{ kind, title, hint, flags }} />
      })}
    </div>
  )
}

type GroupProps = { kind: string; title: string; hint: string; flags: readonly FlagSummary[] }

function Group({ kind, title, hint, flags }: GroupProps) {
  const [isWhole, setIsWhole] = useState(false)
  const shown = isWhole ? flags : flags.slice(0, MAX_AT_FIRST)
  const heading = (
    <>
      {title} <small class="hint">{countText(flags.length)}</small>
    </>
  )
  return (
    <Card title={heading} label={title} hint={hint}>
      <Table columns={COLUMNS}>
        {shown.map((flag) => (
          <tr key={flag.key}>
            <th scope="row">
              <Link to={`/flags/${encodeURIComponent(flag.key)}`}>{flag.key}</Link>
            </th>
            <td>
              <StateBadge state={stateOf(flag, Date.now())} />
            </td>
            <td>{flag.stale.find((debt) => debt.kind === kind)?.text}</td>
            <td>{flag.owner ?? '–'}</td>
            <td>{flag.lastSeenAt === null ? 'never' : <Ago at={flag.lastSeenAt} />}</td>
          </tr>
        ))}
      </Table>
      {shown.length < flags.length && (
        <p>
          <button type="button" onClick={() => setIsWhole(true)}>
            Show all {countText(flags.length)}
          </button>
        </p>
      )}
    </Card>
  )
}
