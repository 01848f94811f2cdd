/** Watching a change arrive: who decides by it already, and how long the slowest took. */
import type { AdminClient } from '../../contract/client.ts'
import type { Responses } from '../../contract/responses.ts'
import { paintFor } from '../base/terminal.ts'
import type { Call } from '../base/verb.ts'

type Convergence = Responses['getConvergence']

const EVERY_MS = 200

/**
 * Asks until all isolates that serve requests are on the epoch, or the time is over; gives the last answer. Undefined
 * where the gate never gave one.
 */
export async function watchConvergence(
  { terminal, isJson }: Call,
  client: AdminClient,
  epoch: number,
  withinMs: number,
): Promise<Convergence | undefined> {
  const startedMs = Date.now()
  let last: Convergence | undefined
  let shown = ''
  while (!terminal.stop.aborted) {
    last =
      (await client.call('getConvergence', { query: { epoch: String(epoch) } }).catch(() => undefined)) ??
      last
    const line = last ? progressText(last) : 'the gate does not say who has it'
    if (!isJson && line !== shown) show(line, Date.now() - startedMs)
    if (last?.converged === true || Date.now() - startedMs >= withinMs) break
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
  }
  return last

  function show(line: string, afterMs: number): void {
    shown = line
    terminal.err(
      `${paintFor(terminal, terminal.errIsScreen)('dim', seconds(afterMs).padStart(7))}  ${line}\n`,
    )
  }
}

function progressText({ epoch, isolates: { converged, behind } }: Convergence): string {
  return `${converged} of ${isolatesText(converged + behind)} on epoch ${epoch}`
}

/** What was measured, in a few lines. */
export function convergenceText({ epoch, isolates, colos, slowestMs, kv }: Convergence): string {
  const active = isolates.converged + isolates.behind
  const total = active + isolates.idle
  const lines = [`${coloText(colos.length)}, ${isolatesText(total)} active in the last 60 s`]
  if (active === 0)
    lines.push('none of them serves requests right now: each learns of it with its next request')
  else if (isolates.behind === 0) {
    const slowest = slowestMs === null ? '' : `, slowest after ${seconds(slowestMs)}`
    lines.push(`all that serve requests on epoch ${epoch}${slowest}`)
  } else {
    const places = colos.filter(({ behind }) => behind > 0).map(({ colo, behind }) => `${colo} (${behind})`)
    lines.push(`${isolates.converged} on epoch ${epoch}, ${isolates.behind} not yet: ${places.join(', ')}`)
  }
  if (isolates.idle > 0 && active > 0)
    lines.push(`${isolatesText(isolates.idle)} silent since: they serve nobody`)
  if (kv.error !== null) lines.push(`KV could not be written yet and is tried again: ${kv.error}`)
  else if (kv.writtenEpoch < epoch) lines.push('KV, where new isolates begin, does not have it yet')
  return lines.map((line) => `  ${line}`).join('\n')
}

function isolatesText(count: number): string {
  return `${count} isolate${count === 1 ? '' : 's'}`
}

function coloText(count: number): string {
  return `${count} colo${count === 1 ? '' : 's'}`
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
