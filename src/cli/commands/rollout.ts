/** Commands that control the rollout of a flag. */
import type { FlagVerb } from '../../contract/routes.ts'
import { stageText } from '../../contract/words/flag-state.ts'
import { type Call, type CliCommand, FLAG_ARGUMENT, REASON } from '../base/command.ts'
import { UsageError } from '../base/errors.ts'

type RolloutCommand = Pick<CliCommand, 'summary' | 'details' | 'examples'> & {
  verb: FlagVerb
  /** What to say when it is done. */
  done: (flag: string, after: After) => string
}

type After = { stage: number; generation: number }

function rolloutCommand({ verb, done, ...help }: RolloutCommand): CliCommand {
  return {
    name: verb,
    group: 'Rollout',
    ...help,
    arguments: [FLAG_ARGUMENT],
    options: [REASON],
    failsWhen: 'the state of the flag does not allow it',
    run: async (call) => {
      const flag = call.args[0] ?? ''
      const answer = await send(call, flag, verb)
      return call.done(answer, done(flag, answer.after ?? { stage: 0, generation: 0 }))
    },
  }
}

async function send({ ask, options }: Call, flag: string, verb: FlagVerb, stage?: number) {
  const body = { ...options.texts('reason'), ...(stage !== undefined && { stage }) }
  return await ask('commandFlag', { params: { flag, verb }, body })
}

const atStage = (flag: string, { stage }: After) => `${flag} is at ${stageText(stage)}`

export const advance = rolloutCommand({
  verb: 'advance',
  summary: 'Advance a flag to the next stage early',
  details: 'Skips the rest of the bake and the verdict of the guard.',
  examples: [['advance new-checkout --reason "looks good"', 'one stage up']],
  done: atStage,
})

export const pause = rolloutCommand({
  verb: 'pause',
  summary: 'Keep a flag at its stage',
  details: 'The guard keeps running and can still roll back. "resume" ends the pause.',
  examples: [['pause new-checkout --reason "on-call handover"', 'no stage advances automatically']],
  done: (flag) => `${flag} is paused`,
})

export const approve = rolloutCommand({
  verb: 'approve',
  summary: 'Approve the stage of a flag, so that it can advance',
  examples: [['approve new-checkout', 'advance when the stage is done']],
  done: (flag, { stage }) => `${flag} is approved at ${stageText(stage)}`,
})

export const rollback = rolloutCommand({
  verb: 'rollback',
  summary: 'Roll a flag back, as the guard would',
  details: 'The flag stays rolled back until "resume" starts a new attempt from the first stage.',
  examples: [['rollback new-checkout --reason "complaints about totals"', 'all visitors get "off" again']],
  done: (flag) => `${flag} is rolled back`,
})

export const resume = rolloutCommand({
  verb: 'resume',
  summary: 'End a pause, a freeze or a rollback',
  details: 'After a rollback, a new attempt starts from the first stage.',
  examples: [['resume new-checkout --reason "fixed in 2.4.1"', 'a new attempt, from the first stage']],
  done: (flag, { generation, stage }) => `${flag} is resumed: attempt ${generation}, ${stageText(stage)}`,
})

export const finish = rolloutCommand({
  verb: 'finish',
  summary: 'Finish a rollout: all eligible visitors get the new variant',
  details: 'Includes the visitors who were held back as control at 100 %.',
  examples: [['finish new-checkout', 'end the rollout']],
  done: (flag) => `${flag} is finished`,
})

export const stage: CliCommand = {
  name: 'stage',
  group: 'Rollout',
  summary: 'Set the stage of a flag, up or down',
  arguments: [FLAG_ARGUMENT, { name: '<number>', summary: 'number of the stage, from 1' }],
  options: [REASON],
  examples: [['stage new-checkout 1', 'back to the first stage']],
  failsWhen: 'there is no such stage',
  async run(call) {
    const [flag = '', text = ''] = call.args
    if (!/^[1-9]\d{0,3}$/.test(text))
      throw new UsageError(`The stage must be a whole number from 1, not ${text}`)
    const answer = await send(call, flag, 'stage', Number(text) - 1)
    return call.done(answer, atStage(flag, answer.after ?? { stage: Number(text) - 1, generation: 0 }))
  },
}
