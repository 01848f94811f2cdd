/** How far a change has come: which of the isolates that serve requests decide by it. */
import { plural, secondsText } from '../../core/figures.ts'
import type { Responses } from '../responses.ts'

type Convergence = Responses['getConvergence']
type Arrival = Convergence['isolates']

/** "Live everywhere after 0.9 s", "3 of 4 isolates on epoch 31", "no traffic right now". */
export function convergenceText({ epoch, isolates, slowestMs }: Convergence): string {
  return arrivalText(isolates, `on epoch ${epoch}`, slowestMs)
}

/** The same for a version of the document, `afterMs` after it was published. */
export function documentConvergenceText(
  { version, isolates }: Convergence['document'],
  afterMs: number,
): string {
  return arrivalText(isolates, `on version ${version}`, afterMs)
}

function arrivalText({ converged, behind }: Arrival, at: string, slowestMs: number | null): string {
  if (converged + behind === 0) return 'No traffic right now'
  if (behind > 0) return `${converged} of ${plural(converged + behind, 'isolate')} ${at}`
  return `Live everywhere${slowestMs === null ? '' : ` after ${secondsText(slowestMs)}`}`
}

/** Whether KV, from which new isolates start, has the state of this epoch. */
export function kvText({ kv, epoch }: Convergence): string {
  if (kv.error !== null) return `KV could not be written yet, retrying: ${kv.error}`
  return kv.writtenEpoch < epoch
    ? 'KV, from which new isolates start, does not have it yet'
    : 'KV is up to date'
}
