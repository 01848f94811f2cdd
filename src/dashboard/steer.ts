/** Changes that a person makes: done, told, followed until every isolate has them, undone where that is possible. */
import type { AdminClient } from '../contract/client.ts'
import type { Responses } from '../contract/responses.ts'
import type { FlagVerb } from '../contract/routes.ts'
import { plural } from './format.ts'
import { tell } from './parts/toasts.tsx'
import { textOf } from './session.ts'

const FOLLOW_MS = 15_000
const LOOK_EVERY_MS = 300

/** One change of one flag. `all` is every flag, for kill and unkill. */
export type Change = {
  flag: string
  /** What to say when it is done, such as "new-shop is killed". */
  done: string
  undo?: Change | undefined
} & (
  | { kind: 'command'; verb: FlagVerb; stage?: number }
  | { kind: 'enable' | 'disable' }
  | { kind: 'percentage'; percentage: number; rule?: number }
)

/** Whether it was done; what came of it is told. */
export async function makeChange(client: AdminClient, change: Change, reason: string): Promise<boolean> {
  const { done, undo } = change
  const update = tell(`${done}…`, 'busy')
  const action = undo && { label: 'Undo', run: () => void makeChange(client, undo, 'undone') }
  try {
    const epoch = await send(client, change, reason)
    if (epoch === undefined) update({ kind: 'done', text: done, action })
    else
      void followConvergence(client, epoch, (text) =>
        update({ kind: 'done', text: `${done}. ${text}`, action }),
      )
    return true
  } catch (error) {
    update({ kind: 'problem', text: textOf(error) })
    return false
  }
}

/** The epoch of the change; undefined for one of the document, and where the Controller is away. */
async function send(client: AdminClient, change: Change, reason: string): Promise<number | undefined> {
  const { flag } = change
  const why = reason.trim() === '' ? {} : { reason: reason.trim() }
  if (change.kind === 'command') {
    const stage = change.stage === undefined ? {} : { stage: change.stage }
    const { epoch, via } = await client.command(flag, change.verb, { ...why, ...stage })
    return via === 'kv' ? undefined : epoch
  }
  const params = { flag }
  // The person has seen whom it moves.
  const body = { ...why, confirm: true }
  if (change.kind === 'percentage') {
    const rule = change.rule === undefined ? {} : { rule: change.rule }
    await client.call('setPercentage', { params, body: { ...body, ...rule, percentage: change.percentage } })
  } else {
    await client.call(change.kind === 'enable' ? 'enableFlag' : 'disableFlag', { params, body })
  }
  return undefined
}

/** Tells how far a change has come, until all isolates have it or nobody would wait any longer. */
async function followConvergence(
  client: AdminClient,
  epoch: number,
  say: (text: string) => void,
): Promise<void> {
  const untilMs = Date.now() + FOLLOW_MS
  while (Date.now() < untilMs) {
    try {
      const convergence = await client.call('getConvergence', { query: { epoch: String(epoch) } })
      say(convergenceText(convergence))
      if (convergence.converged) return
    } catch {
      // The change stands; how far it has come is only told while it can be asked.
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

/** "All 14 colos on epoch 31 after 0.9 s". */
export function convergenceText({
  epoch,
  converged,
  isolates,
  colos,
  slowestMs,
}: Responses['getConvergence']): string {
  const serving = isolates.converged + isolates.behind
  if (serving === 0) return `Epoch ${epoch}; nobody is being served at the moment`
  if (!converged) return `${isolates.converged} of ${plural(serving, 'isolate')} on epoch ${epoch}`
  const seconds = ((slowestMs ?? 0) / 1_000).toFixed(1)
  const after = slowestMs === null ? '' : seconds === '0.0' ? ' at once' : ` after ${seconds} s`
  const places = colos.filter((colo) => colo.converged > 0).length
  return `${places === 1 ? 'The only colo is' : `All ${places} colos are`} on epoch ${epoch}${after}`
}
