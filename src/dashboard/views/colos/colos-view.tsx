/** Where the gate runs, and whether each place has the latest decision. */
import { useCallback, useEffect } from 'preact/hooks'
import { convergenceText } from '../../actions/convergence.ts'
import { OldData } from '../../components/loading/old-data.tsx'
import { Ago } from '../../components/time.tsx'
import { plural } from '../../state/format.ts'
import { live, type Status } from '../../state/live.ts'
import { useSession } from '../../state/session-context.ts'
import { useStore } from '../../state/store.ts'
import { usePolled } from '../../state/use-polled.ts'

const REFRESH_MS = 2_000

export function ColosView() {
  const { client } = useSession()
  const { status } = useStore(live)
  const ask = useCallback((signal: AbortSignal) => client.call('getConvergence', {}, signal), [client])
  const { value, problem, atMs, refresh } = usePolled(ask, REFRESH_MS)
  useEffect(() => {
    if (status) refresh()
  }, [status?.epoch])
  return (
    <div class="stack-l">
      <header class="view-head">
        <div>
          <h1>Colos</h1>
          <p class="muted">
            Cloudflare’s locations that have served a request in the last minute, and what they decide by.
          </p>
        </div>
      </header>
      <OldData problem={problem} atMs={atMs} />
      {value && (
        <section class="card convergence" aria-label="Convergence">
          <p class="headline">
            <span class={`dot ${value.converged ? 'good' : 'warn'}`} /> {convergenceText(value)}
          </p>
          <p class="muted">
            Since <Since at={value.since} />. {plural(value.isolates.converged, 'isolate')} have it,{' '}
            {value.isolates.behind} not yet, {value.isolates.idle} silent since.{' '}
            {value.kv.error !== null
              ? `KV could not be written and is tried again: ${value.kv.error}`
              : value.kv.writtenEpoch < value.epoch
                ? 'KV, where new isolates begin, does not have it yet.'
                : 'KV has it.'}
          </p>
        </section>
      )}
      {status && (
        <Places status={status} slowest={new Map(value?.colos.map((colo) => [colo.colo, colo.slowestMs]))} />
      )}
    </div>
  )
}

function Since({ at }: { at: string | null }) {
  return at === null ? <>before the Controller can remember</> : <Ago at={at} />
}

type PlacesProps = { status: Status; slowest: ReadonlyMap<string, number | null> }

function Places({ status: { colos, epoch }, slowest }: PlacesProps) {
  if (colos.length === 0) return <p class="empty card">No request has been served in the last minute.</p>
  return (
    <ul class="colos">
      {colos.map(({ colo, epoch: shardEpoch, isolates }) => {
        const behind = isolates.filter((isolate) => isolate.epoch < epoch).length
        const slowestMs = slowest.get(colo)
        return (
          <li key={colo} class="card">
            <header class="card-head">
              <h2>{colo}</h2>
              <span class={`badge ${behind === 0 ? 'good' : 'warn'}`}>epoch {shardEpoch}</span>
            </header>
            <p class="isolates" aria-hidden="true">
              {isolates.map((isolate) => (
                <i key={isolate.isolate} class={isolate.epoch < epoch ? 'behind' : ''} />
              ))}
            </p>
            <p class="muted">
              {plural(isolates.length, 'isolate')}
              {behind > 0 && `, ${behind} not yet on epoch ${epoch}`}
              {behind === 0 &&
                slowestMs !== null &&
                slowestMs !== undefined &&
                `, slowest after ${(slowestMs / 1_000).toFixed(1)} s`}
            </p>
          </li>
        )
      })}
    </ul>
  )
}
