/** How far a change has come: which of the isolates that serve decide by it. */
import type { AdminClient } from '../../contract/client.ts'
import type { Responses } from '../../contract/responses.ts'
import { plural } from '../state/format.ts'

type Convergence = Responses['getConvergence']

const FOLLOW_MS = 15_000
const LOOK_EVERY_MS = 300

/** Tells how far a decision has come, until all isolates have it or nobody would wait any longer. */
export async function followEpoch(
  client: AdminClient,
  epoch: number,
  say: (text: string) => void,
): Promise<void> {
  await follow(client, { epoch: String(epoch) }, (convergence) => {
    say(convergenceText(convergence))
    return convergence.converged
  })
}

/** The same for a version of the document. */
export async function followDocument(
  client: AdminClient,
  version: number,
  say: (text: string) => void,
): Promise<void> {
  const sinceMs = Date.now()
  await follow(client, {}, ({ document }) => {
    // The next one has overtaken it.
    if (document.version > version) return true
    if (document.version === version) say(documentText(document, Date.now() - sinceMs))
    return document.version === version && document.converged
  })
}

async function follow(
  client: AdminClient,
  query: { epoch?: string },
  look: (convergence: Convergence) => boolean,
): Promise<void> {
  const untilMs = Date.now() + FOLLOW_MS
  while (Date.now() < untilMs) {
    try {
      if (look(await client.call('getConvergence', { query }))) return
    } catch {
      // The change stands; how far it has come is only told while it can be asked.
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

/** "All 14 colos are on epoch 31 after 0.9 s". */
export function convergenceText({ epoch, converged, isolates, colos, slowestMs }: Convergence): string {
  const serving = isolates.converged + isolates.behind
  if (serving === 0) return `Epoch ${epoch}; nobody is being served at the moment`
  if (!converged) return `${isolates.converged} of ${plural(serving, 'isolate')} on epoch ${epoch}`
  const places = colos.filter((colo) => colo.converged > 0).length
  const after = slowestMs === null ? '' : afterText(slowestMs)
  return `${places === 1 ? 'The only colo is' : `All ${places} colos are`} on epoch ${epoch}${after}`
}

function documentText({ version, converged, isolates, colos }: Convergence['document'], ms: number): string {
  const serving = isolates.converged + isolates.behind
  if (serving === 0) return 'Nobody is being served at the moment'
  if (!converged) return `${isolates.converged} of ${plural(serving, 'isolate')} have version ${version}`
  return `${colos === 1 ? 'The only colo has' : `All ${colos} colos have`} it${afterText(ms)}`
}

function afterText(ms: number): string {
  const seconds = (ms / 1_000).toFixed(1)
  return seconds === '0.0' ? ' at once' : ` after ${seconds} s`
}
