/** Commands that move a rollout by more than one step: to a stage, or to the end. */
import { ApiError } from '../../contract/client.ts'
import type { FlagStatusView } from '../../contract/responses.ts'
import { plural } from '../../core/figures.ts'
import { type Call, type CliCommand, FLAG_ARGUMENT, REASON, type Result } from '../base/command.ts'
import {
  indexIn,
  type Ladder,
  type Move,
  moveJson,
  moveText,
  percentagesOf,
  placeText,
} from '../document/ladder-place.ts'
import { send } from './rollout.ts'

export const stage: CliCommand = {
  name: 'stage',
  group: 'Rollout',
  summary: 'Set the stage of a flag, up or down',
  details:
    'Up by more than one stage it asks for confirmation, because no guard has judged the stages between.',
  arguments: [
    FLAG_ARGUMENT,
    { name: '<stage>', summary: 'its number from 1, or its percentage such as 25%' },
  ],
  options: [REASON],
  examples: [
    ['stage new-checkout 25%', 'to the stage of 25 %'],
    ['stage new-checkout 1', 'back to the first stage'],
  ],
  failsWhen: 'the state of the flag does not allow it',
  async run(call) {
    const [flag = '', text = ''] = call.args
    // Before the gate is asked: what can be no stage of any flag.
    if (!/%\s*$/.test(text)) indexIn(text, [], flag)
    const { status, ladder } = await placeOf(call, flag)
    const index = indexIn(text, ladder, flag)
    if (isThere(status, index) && !status.approved) return already(call, flag, ladder, status)
    await askBeforeSkipping(call, { flag, ladder, status, index })
    const answer = await send(call, flag, 'stage', index).catch(async (error: unknown) => {
      // Another user, or the rollout itself, was faster.
      if (!(error instanceof ApiError) || error.status !== 409) throw error
      const now = await placeOf(call, flag)
      if (isThere(now.status, index)) return undefined
      throw error
    })
    if (answer === undefined) return already(call, flag, ladder, { ...status, stage: index })
    return moved(call, flag, answer, {
      ladder,
      from: answer.before ?? status,
      to: answer.after ?? { stage: index },
    })
  },
}

export const promote: CliCommand = {
  name: 'promote',
  aliases: ['finish'],
  group: 'Rollout',
  summary: 'Take a rollout to its end: all eligible visitors get the new variant',
  details:
    'Skips the stages that are left, and includes the visitors who were held back as control at 100 %. With more than one stage to go it asks for confirmation. Also named "finish".',
  arguments: [FLAG_ARGUMENT],
  options: [REASON],
  examples: [
    ['promote new-checkout', 'end the rollout'],
    ['promote new-checkout --yes --reason "hotfix, verified"', 'without confirmation'],
  ],
  failsWhen: 'the state of the flag does not allow it',
  async run(call) {
    const flag = call.args[0] ?? ''
    const { status, ladder } = await placeOf(call, flag)
    await askBeforeSkipping(call, { flag, ladder, status, index: ladder.length - 1 })
    const answer = await send(call, flag, 'finish')
    const move: Move = {
      ladder,
      from: answer.before ?? status,
      to: answer.after ?? { stage: ladder.length - 1 },
    }
    return call.done({ ...answer, move: moveJson(move) }, `${flag} is finished: ${moveText(move)}`)
  },
}

type Standing = { status: FlagStatusView; ladder: Ladder }

async function placeOf({ ask }: Call, flag: string): Promise<Standing> {
  const { status, summary } = await ask('getFlag', { params: { flag } })
  return { status, ladder: percentagesOf(summary) }
}

function isThere(status: FlagStatusView, index: number): boolean {
  return status.stage === index && !status.finished && status.rolledBack === null
}

function already(call: Call, flag: string, ladder: Ladder, place: FlagStatusView): Result {
  const move: Move = { ladder, from: place, to: place }
  const json = { changed: false, move: moveJson(move) }
  return call.done(json, `${flag} is at ${placeText(ladder, place)} already`)
}

type Jump = Standing & { flag: string; index: number }

/** One step up is what "advance" does as well; the gate refuses to move what is rolled back. */
async function askBeforeSkipping(call: Call, { flag, ladder, status, index }: Jump): Promise<void> {
  const skipped = index - status.stage - 1
  if (skipped < 1 || status.finished || status.rolledBack !== null) return
  const move = moveText({ ladder, from: status, to: { stage: index } })
  await call.confirm(`${flag}: ${move}, past ${plural(skipped, 'stage')} that no guard has judged. Continue?`)
}

function moved(call: Call, flag: string, answer: object, move: Move): Result {
  return call.done({ ...answer, move: moveJson(move) }, `${flag}: ${moveText(move)}`)
}
