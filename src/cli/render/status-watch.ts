/** The live view: the status at each change, until Ctrl-C. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type AdminClient, ApiError } from '../../contract/client.ts'
import { eventsOf } from '../../contract/event-stream.ts'
import type { Responses } from '../../contract/responses.ts'
import { messageOf } from '../../core/message-of.ts'
import type { Call } from '../base/command.ts'
import { UsageError } from '../base/errors.ts'
import { unreachable } from './failure.ts'
import { type FactsByFlag, factsByFlag, statusView } from './status-view.ts'
import { Trends } from './trends.ts'

type Status = Responses['getStatus']

const RETRY_MS = 2_000
/** The alternate screen of a terminal, without cursor; and back. */
const ENTER = '\x1b[?1049h\x1b[?25l'
const LEAVE = '\x1b[?25h\x1b[?1049l'
const REDRAW = '\x1b[H\x1b[J'

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
    if (isJson) return terminal.out(`${JSON.stringify(status)}\n`)
    trends.add(status)
    if (version !== status.document.version) facts = await factsByFlag(client)
    version = status.document.version
    const view = statusView(status, { url, paint, flag, facts })
    const text = `${view}\n\n${trends.text(paint, flag)}`
    terminal.out(
      isView ? `${REDRAW}${text}\n${paint('dim', `${status.at}  Ctrl-C to end`)}\n` : `${text}\n\n`,
    )
  }
  if (isView) terminal.out(ENTER)
  try {
    while (!terminal.stop.aborted) await follow(call, client, show)
  } finally {
    if (isView) terminal.out(LEAVE)
  }
  return undefined
}

/** Shows events until the stream ends; a broken stream is opened again after a pause. */
async function follow(
  call: Call,
  client: AdminClient,
  show: (status: Status) => Promise<void> | void,
): Promise<void> {
  const { terminal, tell } = call
  const pause = () => sleep(RETRY_MS, undefined, { signal: terminal.stop }).catch(() => undefined)
  let isSilent = true
  try {
    const response = await client.open('streamStatus', {}, terminal.stop)
    for await (const { event, data } of eventsOf(response)) {
      isSilent = false
      if (event === 'status') await show(JSON.parse(data) as Status)
    }
    if (isSilent) await pause()
  } catch (error) {
    if (terminal.stop.aborted) return
    if (error instanceof UsageError || (error instanceof ApiError && error.status < 500)) throw error
    tell(`${unreachable(error) ?? messageOf(error)}; trying again`)
    await pause()
  }
}
