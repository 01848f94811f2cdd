/** Follows a release to its end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type AdminClient, ApiError } from '../../contract/client.ts'
import type { Responses } from '../../contract/responses.ts'
import { percentText } from '../../core/figures.ts'
import { messageOf } from '../../core/message-of.ts'
import type { Call } from '../base/command.ts'

export type FlagView = Responses['getFlag']

export type Outcome =
  | { result: 'begun' | 'finished'; reason: string }
  | {
      result: 'rolled-back' | 'frozen' | 'killed' | 'disabled' | 'superseded' | 'timed-out' | 'interrupted'
      reason: string
    }

export type Followed = Outcome & { last: FlagView | undefined }

const EVERY_MS = 1_000

/** Watches a flag until its attempt `generation` ends, or the time is up. An answer that fails is asked for again. */
export async function followRelease(
  { terminal, tell }: Pick<Call, 'terminal' | 'tell'>,
  client: AdminClient,
  { flag, generation, limitMs }: { flag: string; generation: number; limitMs: number },
): Promise<Followed> {
  const untilMs = Date.now() + limitMs
  let last: FlagView | undefined
  let told = ''
  const say = (text: string) => {
    if (text !== told) tell(text)
    told = text
  }
  while (!terminal.stop.aborted) {
    try {
      last = await client.call('getFlag', { params: { flag } }, terminal.stop)
      const outcome = outcomeOf(last, generation)
      if (outcome !== undefined) {
        const ended = outcome.result === 'finished' ? await lastWord(client, { flag, generation }) : undefined
        return { ...outcome, ...(ended && { reason: ended }), last }
      }
      // An isolate that is late shows the attempt before.
      if (last.status.generation === generation) say(placeText(last))
    } catch (error) {
      if (terminal.stop.aborted) break
      if (error instanceof ApiError && error.status < 500) throw error
      say(`${messageOf(error)}; asking again`)
    }
    if (Date.now() >= untilMs)
      return {
        result: 'timed-out',
        reason: `it is not over yet: ${last ? placeText(last) : 'no answer'}`,
        last,
      }
    await sleep(EVERY_MS, undefined, { signal: terminal.stop }).catch(() => undefined)
  }
  return { result: 'interrupted', reason: 'the rollout goes on by itself', last }
}

/** What the guard said when an attempt ended: by then its last stage has counts of visitors who came since. */
async function lastWord(
  client: AdminClient,
  { flag, generation }: { flag: string; generation: number },
): Promise<string | undefined> {
  const { outcomes } = await client.call('listOutcomes', { query: { flag } })
  return outcomes.find((each) => each.generation === generation)?.verdict ?? undefined
}

/** How an attempt has ended; undefined while it has not. */
export function outcomeOf({ status }: FlagView, generation: number): Outcome | undefined {
  if (status.generation > generation)
    return { result: 'superseded', reason: `attempt ${status.generation} has begun` }
  // An isolate that is late shows the attempt before.
  if (status.generation < generation) return undefined
  if (status.state === 'killed') return { result: 'killed', reason: 'the flag is killed' }
  if (status.rolledBack) return { result: 'rolled-back', reason: status.rolledBack.reason }
  if (status.state === 'disabled') return { result: 'disabled', reason: 'the flag is disabled' }
  if (status.frozen) return { result: 'frozen', reason: status.frozen.reason }
  if (status.finished) return { result: 'finished', reason: 'all stages are done' }
  return undefined
}

/** "25 %, stage 2 of 3: collecting evidence". */
function placeText({ summary, status }: FlagView): string {
  const share = status.percentage === null ? '' : `${percentText(status.percentage)}, `
  const why = status.waitingFor ?? status.verdict?.sentence ?? 'waits for visitors'
  return `${share}stage ${status.stage + 1} of ${Math.max(1, summary.stages)}: ${why}`
}
