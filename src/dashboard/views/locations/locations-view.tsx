/** Where the gate runs, and whether each location decides by the latest state. */
import { useEffect } from 'preact/hooks'
import { convergenceText, kvText } from '../../../contract/words/convergence.ts'
import { plural, secondsText } from '../../../core/figures.ts'
import { Card, ViewHead } from '../../components/layout.tsx'
import { StaleDataNotice } from '../../components/loading.tsx'
import { Ago } from '../../components/time.tsx'
import { live, type Status } from '../../state/live.ts'
import { useStore } from '../../state/store.ts'
import { usePolled } from '../../state/use-polled.ts'

const REFRESH_MS = 2_000
const ABOUT = 'The Cloudflare locations that served a request in the last minute, and the epoch each is on.'

export function LocationsView() {
  const { status } = useStore(live)
  const { value, problem, atMs, refresh } = usePolled('getConvergence', {}, REFRESH_MS)
  useEffect(() => {
    if (status) refresh()
  }, [status?.epoch])
  return (
    <div class="stack-l">
      <ViewHead title="Locations" about={ABOUT} />
      <StaleDataNotice problem={problem} atMs={atMs} />
      {value && (
        <section class="card convergence" aria-label="Convergence">
          <p class="headline">
            <span class={`dot ${value.converged ? 'good' : 'warn'}`} /> {convergenceText(value)}
          </p>
          <p class="muted">
            Epoch {value.epoch}, {value.since === null ? 'from an unknown time' : <Ago at={value.since} />}:{' '}
            {plural(value.isolates.converged, 'isolate')} up to date, {value.isolates.behind} behind,{' '}
            {value.isolates.idle} without traffic since. {kvText(value)}.
          </p>
        </section>
      )}
      {status && (
        <Locations
          status={status}
          slowest={new Map(value?.colos.map((colo) => [colo.colo, colo.slowestMs]))}
        />
      )}
    </div>
  )
}

type LocationsProps = { status: Status; slowest: ReadonlyMap<string, number | null> }

function Locations({ status: { colos, epoch }, slowest }: LocationsProps) {
  if (colos.length === 0) return <p class="empty card">No traffic in the last minute.</p>
  return (
    <ul class="locations">
      {colos.map(({ colo, epoch: shardEpoch, isolates }) => {
        const behind = isolates.filter((isolate) => isolate.epoch < epoch).length
        const slowestMs = slowest.get(colo) ?? undefined
        return (
          <li key={colo}>
            <Card
              title={colo}
              tools={<span class={`badge ${behind === 0 ? 'good' : 'warn'}`}>epoch {shardEpoch}</span>}
            >
              <p class="isolates" aria-hidden="true">
                {isolates.map((isolate) => (
                  <i key={isolate.isolate} class={isolate.epoch < epoch ? 'behind' : ''} />
                ))}
              </p>
              <p class="muted">
                {plural(isolates.length, 'isolate')}
                {behind > 0 && `, ${behind} not on epoch ${epoch} yet`}
                {behind === 0 && slowestMs !== undefined && `, slowest after ${secondsText(slowestMs)}`}
              </p>
            </Card>
          </li>
        )
      })}
    </ul>
  )
}
