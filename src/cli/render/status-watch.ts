/** The live view: the status at each change, until Ctrl-C. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type AdminClient, ApiError } from '../../contract/client.ts'
import { eventsOf } from '../../contract/event-stream.ts'
import type { Responses } from '../../contract/responses.ts'
import { messageOf } from '../../core/message-of.ts'
import type { Call } from '../base/command.ts'
import { UsageError } from '../base/errors.ts'
import { jsonText, printableDeep } from '../base/printable.ts'
import { SCREEN } from '../base/terminal.ts'
import { type FactsByFlag, factsByFlag, statusView } from './status-view.ts'
import { Trends } from './trends.ts'

type Status = Responses['getStatus']

const RETRY_MS = 2_000

export async function watchStatus(
  call: Call,
  client: AdminClient,
  url: string,
  flag: string | undefined,
): Promise<undefined> {
  const { terminal, isJson, paint } = call
  const isView = terminal.outIsScreen && !isJson
  const trends = new Trends()
  let version: number | undefined
  let facts: FactsByFlag = new Map()
  const show = async (status: Status) => {
    if (isJson) return terminal.out(`${jsonText(status)}\n`)
    trends.add(status)
    if (version !== status.document.version) facts = await factsByFlag(client)
    version = status.document.version
    const view = statusView(status, { url, paint, flag, facts })
    const text = `${view}\n\n${trends.text(paint, flag)}`
    if (!isView) return terminal.out(`${text}\n\n`)
    terminal.out(SCREEN.redraw)
    terminal.out(`${text}\n${paint('dim', `${status.at}  Ctrl-C to end`)}\n`)
  }
  if (isView) terminal.out(SCREEN.enter)
  try {
    while (!terminal.stop.aborted) await follow(call, client, show)
  } finally {
    if (isView) terminal.out(SCREEN.leave)
  }
  return undefined
}

/** Shows events until the stream ends; a broken stream is opened again after a pause. */
async function follow(
  call: Call,
  client: AdminClient,
  show: (status: Status) => Promise<void> | void,
): Promise<void> {
  const { terminal, tell, isJson } = call
  const pause = () => sleep(RETRY_MS, undefined, { signal: terminal.stop }).catch(() => undefined)
  let isSilent = true
  try {
    const response = await client.open('streamStatus', {}, terminal.stop)
    for await (const { event, data } of eventsOf(response)) {
      isSilent = false
      if (event !== 'status') continue
      const status = JSON.parse(data) as Status
      await show(isJson ? status : printableDeep(status))
    }
    if (isSilent) await pause()
  } catch (error) {
    if (terminal.stop.aborted) return
    if (error instanceof UsageError || (error instanceof ApiError && error.status < 500)) throw error
    tell(`${messageOf(error)}; trying again`)
    await pause()
  }
}
