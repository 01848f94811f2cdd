/** Commands to rollouts: done, told, followed until every isolate has them, and undone where that is possible. */
import type { AdminClient } from '../contract/client.ts'
import type { FlagVerb } from '../contract/routes.ts'
import { tell } from './parts/toasts.tsx'
import { textOf } from './session.ts'

const FOLLOW_MS = 15_000
const LOOK_EVERY_MS = 300

export type Steering = {
  flag: string
  verb: FlagVerb
  reason?: string
  stage?: number
  /** What to say when it is done, such as "new-shop is killed". */
  done: string
  undo?: Steering | undefined
}

/** Whether the command was obeyed. */
export async function steer(client: AdminClient, steering: Steering): Promise<boolean> {
  const { flag, verb, reason, stage, done, undo } = steering
  const update = tell(`${done}…`, 'busy')
  try {
    const { epoch, via } = await client.command(flag, verb, {
      ...(reason && { reason }),
      ...(stage !== undefined && { stage }),
    })
    const action = undo && { label: 'Undo', run: () => void steer(client, undo) }
    if (via === 'kv') {
      update({ kind: 'done', text: `${done}, by way of KV: the Controller does not answer`, action })
      return true
    }
    update({ kind: 'done', text: done, action })
    void followConvergence(client, epoch, (text) => update({ text: `${done}. ${text}`, action }))
    return true
  } catch (error) {
    update({ kind: 'problem', text: textOf(error) })
    return false
  }
}

/** Tells how far a change has come, until all isolates have it or nobody would wait any longer. */
export async function followConvergence(
  client: AdminClient,
  epoch: number,
  say: (text: string) => void,
): Promise<void> {
  const untilMs = Date.now() + FOLLOW_MS
  while (Date.now() < untilMs) {
    try {
      const { converged, isolates, colos, slowestMs } = await client.call('getConvergence', {
        query: { epoch: String(epoch) },
      })
      if (converged) {
        const seconds = slowestMs === null ? '' : ` after ${(slowestMs / 1_000).toFixed(1)} s`
        const places = `${colos.length} ${colos.length === 1 ? 'colo' : 'colos'}`
        say(
          isolates.converged === 0
            ? `Epoch ${epoch}: nobody is being served right now`
            : `All of ${places} on epoch ${epoch}${seconds}`,
        )
        return
      }
      say(`${isolates.converged} of ${isolates.converged + isolates.behind} isolates on epoch ${epoch}`)
    } catch {
      // The change stands; how far it has come is only told when it can be asked.
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}
