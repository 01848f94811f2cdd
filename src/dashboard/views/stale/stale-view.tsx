/** Flags that somebody should look at, and most likely remove. */
import { useCallback, useState } from 'preact/hooks'
import type { FlagSummary } from '../../../contract/responses.ts'
import { OldData } from '../../components/loading/old-data.tsx'
import { StateBadge } from '../../components/state-badge.tsx'
import { Ago } from '../../components/time.tsx'
import { stateOf } from '../../state/flag-state.ts'
import { countText, plural } from '../../state/format.ts'
import { Link } from '../../state/router.tsx'
import { useSession } from '../../state/session-context.ts'
import { usePolled } from '../../state/use-polled.ts'

const REFRESH_MS = 60_000
const MOST_AT_FIRST = 100

const KINDS = [
  ['expired', 'Past their date', 'They should have been removed by now.'],
  ['finished', 'Done', 'Everybody has got the same for a fortnight: the code can lose the flag.'],
  ['unused', 'Unused', 'Nothing has asked for them in a month.'],
  ['ownerless', 'Without an owner', 'Nobody is there to ask.'],
] as const

export function StaleView() {
  const { client } = useSession()
  const ask = useCallback((signal: AbortSignal) => client.call('listFlags', {}, signal), [client])
  const { value, problem, atMs } = usePolled(ask, REFRESH_MS)
  const stale = value?.flags.filter((flag) => flag.stale.length > 0) ?? []
  return (
    <div class="stack-l">
      <header class="view-head">
        <div>
          <h1>Stale flags</h1>
          <p class="muted">
            {value === undefined
              ? '…'
              : stale.length === 0
                ? 'Every flag has an owner, a use and time left.'
                : `${plural(stale.length, 'flag')} of ${countText(value.flags.length)} to look at.`}
          </p>
        </div>
      </header>
      <OldData problem={problem} atMs={atMs} />
      {KINDS.map(([kind, title, hint]) => {
        const flags = stale.filter((flag) => flag.stale.some((debt) => debt.kind === kind))
        return flags.length === 0 ? null : (
          <Group key={kind} kind={kind} title={title} hint={hint} flags={flags} />
        )
      })}
    </div>
  )
}

type GroupProps = { kind: string; title: string; hint: string; flags: readonly FlagSummary[] }

function Group({ kind, title, hint, flags }: GroupProps) {
  const [isWhole, setIsWhole] = useState(false)
  const shown = isWhole ? flags : flags.slice(0, MOST_AT_FIRST)
  return (
    <section class="card" aria-label={title}>
      <header class="card-head">
        <h2>
          {title} <small class="hint">{countText(flags.length)}</small>
        </h2>
        <span class="hint">{hint}</span>
      </header>
      <div class="table-scroll">
        <table class="list">
          <thead>
            <tr>
              <th scope="col">Flag</th>
              <th scope="col">State</th>
              <th scope="col">Why</th>
              <th scope="col">Owner</th>
              <th scope="col">Last evaluated</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((flag) => (
              <tr key={flag.key}>
                <th scope="row">
                  <Link to={`/flags/${encodeURIComponent(flag.key)}`}>{flag.key}</Link>
                </th>
                <td>
                  <StateBadge state={stateOf(flag)} />
                </td>
                <td>{flag.stale.find((debt) => debt.kind === kind)?.text}</td>
                <td>{flag.owner ?? '–'}</td>
                <td>{flag.lastSeenAt === null ? 'never' : <Ago at={flag.lastSeenAt} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < flags.length && (
        <p>
          <button type="button" onClick={() => setIsWhole(true)}>
            Show all {countText(flags.length)}
          </button>
        </p>
      )}
    </section>
  )
}
