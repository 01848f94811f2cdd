/** An undo is offered for as long as it takes back what the change has made, and nothing else. */
import type { AdminClient } from '../../contract/client.ts'
import { live, type Status } from '../state/live.ts'
import type { Change } from './change.ts'

/** No message is shown for longer. */
const WATCHED_MS = 60_000

/** What a change has made: a control state or a version of the document. */
export type Made = { epoch: number } | { version: number }

/** Whether the gate is still as the change has left it. */
export function isStillSo(change: Change, status: Pick<Status, 'flags' | 'kill'>): boolean {
  const flag = status.flags[change.flag]
  if (change.kind === 'command' && change.flag === 'all')
    return (change.verb === 'kill') === [...status.kill.controller, ...status.kill.kv].includes('*')
  if (flag === undefined) return false
  if (change.kind === 'percentage') return flag.percentage === change.percentage
  if (change.kind !== 'command') return (change.kind === 'disable') === (flag.state === 'disabled')
  switch (change.verb) {
    case 'kill':
      return flag.state === 'killed'
    case 'unkill':
      return flag.state !== 'killed'
    case 'pause':
      return flag.state === 'open' && flag.paused !== null
    case 'stage':
      return flag.state === 'open' && flag.frozen === null && flag.stage === change.stage
    default:
      return flag.state === 'open' && flag.paused === null && flag.frozen === null
  }
}

/** Calls `drop` once the gate is not as the change has left it any more. */
export function watchUndo(client: AdminClient, change: Change, made: Made, drop: () => void): void {
  let seen = ''
  watch(async ({ epoch, document }) => {
    const hasArrived = 'epoch' in made ? epoch >= made.epoch : document.version >= made.version
    const news = `${epoch} ${document.version}`
    // One look for each state since, whatever it is about.
    if (!hasArrived || news === seen) return
    seen = news
    const flags = change.flag === 'all' ? '' : change.flag
    const now = await client.call('getStatus', { query: { flags } }).catch(() => undefined)
    if (now !== undefined && !isStillSo(change, now)) drop()
  })
}

/** The same for a version of the document: an undo would take back the changes of a later one as well. */
export function watchVersion(version: number, drop: () => void): void {
  watch(({ document }) => {
    if (document.version > version) drop()
  })
}

function watch(look: (status: Status) => unknown): void {
  const tell = () => live.value.status && look(live.value.status)
  const stop = live.subscribe(tell)
  setTimeout(stop, WATCHED_MS)
}
