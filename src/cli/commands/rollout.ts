/** Verbs that steer the rollout of a flag. */
import type { FlagVerb } from '../../contract/routes.ts'
import { UsageError } from '../base/errors.ts'
import type { ArgumentSpec, Call, Example, OptionSpec, Result, Verb } from '../base/verb.ts'

export const FLAG_ARGUMENT: ArgumentSpec = { name: '<flag>', summary: 'key of the flag', completes: 'flags' }
export const REASON: OptionSpec = { flags: '-m, --reason TEXT', summary: 'why; stands in the audit log' }

type Steering = {
  verb: FlagVerb
  summary: string
  details?: string
  examples: readonly Example[]
  /** How it is said afterwards. */
  done: (flag: string, after: After) => string
}

type After = { stage: number; generation: number } | null

function steering({ verb, summary, details, examples, done }: Steering): Verb {
  return {
    name: verb,
    group: 'Rollout',
    summary,
    ...(details && { details }),
    arguments: [FLAG_ARGUMENT],
    options: [REASON],
    examples,
    failsWhen: 'the flag is not in a state for it',
    run: async (call) => {
      const flag = call.args[0] ?? ''
      const answer = await command(call, flag, verb)
      return result(call, answer, done(flag, answer.after))
    },
  }
}

async function command({ ask, options }: Call, flag: string, verb: FlagVerb, stage?: number) {
  const reason = options.text('reason')
  const body = { ...(reason !== undefined && { reason }), ...(stage !== undefined && { stage }) }
  return await ask('commandFlag', { params: { flag, verb }, body })
}

function result({ paint }: Call, answer: object, text: string): Result {
  return { json: answer, text: `${paint('green', '✔')} ${text}` }
}

export const advance = steering({
  verb: 'advance',
  summary: 'Go to the next stage at once',
  details: 'Waits neither for the bake time nor for the guard.',
  examples: [['advance new-checkout --reason "looks good"', 'one stage up']],
  done: (flag, after) => `${flag} is at stage ${after?.stage}`,
})

export const pause = steering({
  verb: 'pause',
  summary: 'Hold a flag at its stage',
  details: 'The guard goes on: it may still roll back. "resume" ends the pause.',
  examples: [['pause new-checkout --reason "on-call handover"', 'no stage comes by itself']],
  done: (flag) => `${flag} is paused`,
})

export const approve = steering({
  verb: 'approve',
  summary: 'Let a flag leave a stage that asks for approval',
  examples: [['approve new-checkout', 'the next stage comes when this one is done']],
  done: (flag, after) => `${flag} may leave stage ${after?.stage}`,
})

export const rollback = steering({
  verb: 'rollback',
  summary: 'Close a flag, as the guard would',
  details: 'It stays closed until "resume" begins a new attempt at the first stage.',
  examples: [['rollback new-checkout --reason "complaints about totals"', 'everybody is back on "off"']],
  done: (flag) => `${flag} is rolled back`,
})

export const resume = steering({
  verb: 'resume',
  summary: 'End a pause, a freeze or a rollback',
  details: 'After a rollback a new attempt begins, from the first stage.',
  examples: [['resume new-checkout --reason "fixed in 2.4.1"', 'a new attempt, from the first stage']],
  done: (flag, after) => `${flag} goes on: attempt ${after?.generation}, stage ${after?.stage}`,
})

export const finish = steering({
  verb: 'finish',
  summary: 'End a rollout: everybody gets the new variant',
  details: 'Releases the visitors who were held back as control at 100 %.',
  examples: [['finish new-checkout', 'the rollout is done']],
  done: (flag) => `${flag} is finished`,
})

export const stage: Verb = {
  name: 'stage',
  group: 'Rollout',
  summary: 'Go to a stage, up or down',
  arguments: [FLAG_ARGUMENT, { name: '<number>', summary: 'index of the stage, from 0' }],
  options: [REASON],
  examples: [['stage new-checkout 0', 'back to the first stage']],
  failsWhen: 'there is no such stage',
  async run(call) {
    const [flag = '', text = ''] = call.args
    if (!/^\d{1,4}$/.test(text))
      throw new UsageError(`Cannot use the stage ${text}: it is a whole number from 0`)
    const answer = await command(call, flag, 'stage', Number(text))
    return result(call, answer, `${flag} is at stage ${answer.after?.stage}`)
  },
}
