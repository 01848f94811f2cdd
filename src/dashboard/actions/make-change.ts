/** Changes that a person makes: done, told, followed until every isolate has them, undone where that is possible. */
import type { AdminClient } from '../../contract/client.ts'
import type { Responses } from '../../contract/responses.ts'
import type { FlagVerb } from '../../contract/routes.ts'
import { type Toast, tell } from '../components/toasts.tsx'
import { textOf } from '../state/session.ts'
import { followDocument, followEpoch } from './convergence.ts'

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
    const follow = await send(client, change, reason)
    update({ kind: 'done', text: done, action })
    follow((text) => update({ kind: 'done', text: `${done}. ${text}`, action }))
    return true
  } catch (error) {
    update({ kind: 'problem', text: textOf(error) })
    return false
  }
}

/** Tells how far a change has come. */
type Follow = (say: (text: string) => void) => void

async function send(client: AdminClient, change: Change, reason: string): Promise<Follow> {
  const { flag } = change
  const why = reason.trim() === '' ? {} : { reason: reason.trim() }
  if (change.kind === 'command') {
    const stage = change.stage === undefined ? {} : { stage: change.stage }
    const { epoch, via } = await client.command(flag, change.verb, { ...why, ...stage })
    // Where the Controller is away, nobody knows who has it.
    return via === 'kv' ? () => undefined : (say) => void followEpoch(client, epoch, say)
  }
  const params = { flag }
  // The person has seen whom it moves.
  const body = { ...why, confirm: true }
  const { version } =
    change.kind === 'percentage'
      ? await client.call('setPercentage', { params, body: { ...body, ...ruleOf(change) } })
      : await client.call(change.kind === 'enable' ? 'enableFlag' : 'disableFlag', { params, body })
  return (say) => void followDocument(client, version, say)
}

function ruleOf({ percentage, rule }: Change & { kind: 'percentage' }) {
  return rule === undefined ? { percentage } : { percentage, rule }
}

/** Says that a document was published in the place of version `before`, follows it, and offers the way back. */
export function tellPublished(
  client: AdminClient,
  { changed, version }: Pick<Responses['publishDocument'], 'changed' | 'version'>,
  before: number,
  done: string,
): void {
  if (!changed) return void tell('Nothing was different')
  const text = `${done}, as version ${version}`
  const action: Toast['action'] =
    before === 0 ? undefined : { label: 'Undo', run: () => void putBack(client, before, version) }
  const update = tell(text, 'done', action)
  void followDocument(client, version, (arrival) => update({ text: `${text}. ${arrival}` }))
}

async function putBack(client: AdminClient, before: number, expectedVersion: number): Promise<void> {
  try {
    const body = { expectedVersion, confirm: true, reason: 'undone' }
    const restored = await client.call('restoreVersion', { params: { version: String(before) }, body })
    tellPublished(client, restored, expectedVersion, `Version ${before} is in force again`)
  } catch (error) {
    tell(`It was not undone: ${textOf(error)}`, 'problem')
  }
}
