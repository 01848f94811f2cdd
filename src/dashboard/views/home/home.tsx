/** All flags at a glance. */
import { useCallback, useMemo, useState } from 'preact/hooks'
import type { FlagSummary } from '../../../contract/responses.ts'
import { useSession } from '../../context.ts'
import { mayActAs } from '../../session.ts'
import { steer } from '../../steer.ts'
import { usePolled } from '../../use-polled.ts'

const REFRESH_MS = 2_000

export function Home() {
  const { client } = useSession()
  const ask = useCallback((signal: AbortSignal) => client.call('listFlags', {}, signal), [client])
  const { value, problem, refresh } = usePolled(ask, REFRESH_MS)
  const [query, setQuery] = useState('')
  const flags = useMemo(() => found(value?.flags ?? [], query), [value, query])
  return (
    <div class="home">
      <h1>Flags</h1>
      <input
        type="search"
        class="search"
        placeholder="Search flags"
        aria-label="Search flags"
        value={query}
        onInput={(event) => setQuery(event.currentTarget.value)}
      />
      <p role="status" class="problem">
        {problem}
      </p>
      <ul class="flags">
        {flags.map((flag) => (
          <FlagRow key={flag.key} flag={flag} onSteered={refresh} />
        ))}
      </ul>
    </div>
  )
}

function found(flags: readonly FlagSummary[], query: string): readonly FlagSummary[] {
  const wanted = query.trim().toLowerCase()
  if (wanted === '') return flags
  return flags.filter(({ key, description, owner, tags }) =>
    [key, description, owner, ...tags].some((text) => text?.toLowerCase().includes(wanted)),
  )
}

function FlagRow({ flag, onSteered }: { flag: FlagSummary; onSteered: () => void }) {
  const { client, person } = useSession()
  const isKilled = flag.state === 'killed'
  const run = async () => {
    const lift = { flag: flag.key, verb: 'unkill', done: `${flag.key} is open again` } as const
    const kill = { flag: flag.key, verb: 'kill', done: `${flag.key} is killed`, undo: lift } as const
    await steer(client, isKilled ? lift : kill)
    onSteered()
  }
  return (
    <li class="flag" data-flag={flag.key}>
      <span class={`dot ${flag.state}`} />
      <span class="name">
        <strong>{flag.key}</strong>
        <small>{flag.description}</small>
      </span>
      <span class={`state ${flag.state}`}>{flag.state}</span>
      <span class="share">{flag.percentage === null ? '–' : `${flag.percentage} %`}</span>
      {mayActAs(person, 'operator') && (
        <button type="button" class={isKilled ? '' : 'danger'} onClick={run}>
          {isKilled ? 'Lift kill' : 'Kill'}
        </button>
      )}
    </li>
  )
}
