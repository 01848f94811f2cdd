/** The live view of results: asked for again and again, shown at each change, until Ctrl-C. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '../../contract/client.ts'
import type { ResultsView } from '../../contract/responses/results.ts'
import { messageOf } from '../../core/message-of.ts'
import type { Call } from '../base/command.ts'
import { UsageError } from '../base/errors.ts'
import { jsonText } from '../base/printable.ts'
import { SCREEN } from '../base/terminal.ts'
import { resultsView } from './results-view.ts'

const EVERY_MS = 5_000

export async function watchResults(call: Call, flag: string): Promise<undefined> {
  const { terminal, isJson, paint, tell } = call
  const { client } = await call.gate()
  const isView = terminal.outIsScreen && !isJson
  let last = ''
  const show = (results: ResultsView) => {
    const text = isJson ? jsonText(results) : resultsView(results, paint)
    if (isView) {
      terminal.out(SCREEN.redraw)
      const at = new Date(results.atMs).toISOString()
      terminal.out(`${text}\n\n${paint('dim', `${at}  Ctrl-C to end`)}\n`)
    } else if (text !== last) terminal.out(isJson ? `${text}\n` : `${text}\n\n`)
    last = text
  }
  if (isView) terminal.out(SCREEN.enter)
  try {
    while (!terminal.stop.aborted) {
      try {
        show(await client.call('getResults', { params: { flag } }, terminal.stop))
      } catch (error) {
        if (terminal.stop.aborted) break
        if (error instanceof UsageError || (error instanceof ApiError && error.status < 500)) throw error
        tell(`${messageOf(error)}; trying again`)
      }
      await sleep(EVERY_MS, undefined, { signal: terminal.stop }).catch(() => undefined)
    }
  } finally {
    if (isView) terminal.out(SCREEN.leave)
  }
  return undefined
}
