/** Waits for a change to arrive everywhere, and tells how far it is. */
import type { AdminClient } from '../../contract/client.ts'
import type { Responses } from '../../contract/responses.ts'
import { convergenceText, kvText } from '../../contract/words/convergence.ts'
import { plural, secondsText } from '../../core/figures.ts'
import type { Call } from '../base/command.ts'
import { paintFor } from '../base/terminal.ts'

type Convergence = Responses['getConvergence']

const POLL_MS = 200

/**
 * Polls until all isolates that serve requests are on the epoch, or the time is over; resolves with the last answer,
 * undefined where the gate never gave one.
 */
export async function watchConvergence(
  { terminal, isJson }: Call,
  client: AdminClient,
  epoch: number,
  withinMs: number,
): Promise<Convergence | undefined> {
  const startedMs = Date.now()
  const paint = paintFor(terminal, terminal.errIsScreen)
  let last: Convergence | undefined
  let shown = ''
  while (!terminal.stop.aborted) {
    last =
      (await client.call('getConvergence', { query: { epoch: String(epoch) } }).catch(() => undefined)) ??
      last
    const line = last ? convergenceText(last) : 'the gate does not answer'
    const elapsedMs = Date.now() - startedMs
    if (!isJson && line !== shown)
      terminal.err(`${paint('dim', secondsText(elapsedMs).padStart(7))}  ${line}\n`)
    shown = line
    if (last?.converged === true || elapsedMs >= withinMs) break
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  return last
}

/** What was measured, in a few lines. */
export function convergenceLines(convergence: Convergence): string {
  const { isolates, colos, kv, epoch } = convergence
  const active = isolates.converged + isolates.behind + isolates.idle
  const behind = colos.filter((colo) => colo.behind > 0).map((colo) => `${colo.colo} (${colo.behind})`)
  const lines = [
    convergenceText(convergence),
    `${plural(active, 'isolate')} in ${plural(colos.length, 'location')} active in the last 60 s`,
    ...(behind.length > 0 ? [`behind: ${behind.join(', ')}`] : []),
    ...(isolates.idle > 0
      ? [`${plural(isolates.idle, 'isolate')} without traffic since, up to date with the next request`]
      : []),
    ...(kv.error !== null || kv.writtenEpoch < epoch ? [kvText(convergence)] : []),
  ]
  return lines.map((line) => `  ${line}`).join('\n')
}
