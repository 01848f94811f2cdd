/** Commands that control the rollout of a flag. */
import { ApiError } from '../../contract/client.ts'
import type { FlagSummary } from '../../contract/responses.ts'
import type { FlagVerb } from '../../contract/routes.ts'
import { type Call, type CliCommand, FLAG_ARGUMENT, REASON } from '../base/command.ts'
import { askAsTheGate } from '../document/flag-edits.ts'
import { type Move, moveJson, moveText, percentagesOf } from '../document/ladder-place.ts'
import { resumedText } from '../document/opened-share.ts'

type RolloutCommand = Pick<CliCommand, 'summary' | 'details' | 'examples'> & {
  verb: FlagVerb
  /** What to say when it is done. */
  done: (flag: string, after: After, move: Move, summary: FlagSummary | undefined) => string
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
      const after = answer.after ?? { stage: 0, generation: 0 }
      // Asked last: a rollback waits for nothing.
      const summary = await call.ask('getFlag', { params: { flag } }).then(
        (found) => found.summary,
        () => undefined,
      )
      const ladder = summary ? percentagesOf(summary) : []
      const move: Move = { ladder, from: answer.before ?? undefined, to: after }
      return call.done({ ...answer, move: moveJson(move) }, done(flag, after, move, summary))
    },
  }
}

/** They wait for nothing. */
const UNASKED: readonly FlagVerb[] = ['kill', 'rollback', 'pause']

/** Sends a command; a person at a terminal is asked first where it would open other flags. */
export async function send(call: Call, flag: string, verb: FlagVerb, stage?: number) {
  const { ask, options, terminal } = call
  const params = { flag, verb }
  const body = { ...options.texts('reason'), ...(stage !== undefined && { stage }) }
  const asks = terminal.canAsk && !options.has('yes') && !UNASKED.includes(verb)
  if (!asks) return await ask('commandFlag', { params, body })
  return await ask('commandFlag', { params, body: { ...body, confirm: false } }).catch(
    async (error: unknown) => {
      // A gate of the release before asks nothing, and knows no such word.
      if (!(error instanceof ApiError && error.status === 400)) await askAsTheGate(call, error)
      return await ask('commandFlag', { params, body })
    },
  )
}

/** Where the flag is now; nothing for a flag without stages. */
const placed = (before: string, move: Move) => (move.ladder.length === 0 ? '' : before + moveText(move))

export const advance = rolloutCommand({
  verb: 'advance',
  summary: 'Advance a flag to the next stage early',
  details: 'Skips the rest of the bake and the verdict of the guard.',
  examples: [['advance new-checkout --reason "looks good"', 'one stage up']],
  done: (flag, _, move) => `${flag}: ${moveText(move)}`,
})

export const pause = rolloutCommand({
  verb: 'pause',
  summary: 'Keep a flag at its stage',
  details: 'The guard keeps running and can still roll back. "resume" ends the pause.',
  examples: [['pause new-checkout --reason "on-call handover"', 'no stage advances automatically']],
  done: (flag, _, move) => `${flag} is paused${placed(' at ', { ...move, from: undefined })}`,
})

export const approve = rolloutCommand({
  verb: 'approve',
  summary: 'Approve the stage of a flag, so that it can advance',
  details: 'Only a stage with "approval" in the document can be approved, also before it is done.',
  examples: [['approve new-checkout', 'advance when the stage is done']],
  done: (flag, _, move) => `${flag} is approved${placed(' at ', { ...move, from: undefined })}`,
})

export const rollback = rolloutCommand({
  verb: 'rollback',
  summary: 'Roll a flag back, as the guard would',
  details: 'The flag stays rolled back until "resume" starts a new attempt from the first stage.',
  examples: [['rollback new-checkout --reason "complaints about totals"', 'all visitors get "off" again']],
  done: (flag, _, { ladder, from }) =>
    `${flag} is rolled back${placed(': ', { ladder, from, to: { stage: -1 } })}`,
})

export const restart = rolloutCommand({
  verb: 'restart',
  summary: 'Start a new attempt of a flag from its first stage',
  details:
    'Whatever became of the attempt before: finished, rolled back, frozen, or still running. Its counts and evidence begin at zero. "release" does so with another version of an origin.',
  examples: [['restart new-checkout --reason "2.4.1 is deployed"', 'a new attempt, from the first stage']],
  done: (flag, { generation }, { ladder, to }) =>
    `${flag} is restarted: attempt ${generation}${placed(', ', { ladder, from: undefined, to })}`,
})

export const resume = rolloutCommand({
  verb: 'resume',
  summary: 'End a pause, a freeze or a rollback',
  details: 'After a rollback, a new attempt starts from the first stage.',
  examples: [['resume new-checkout --reason "fixed in 2.4.1"', 'a new attempt, from the first stage']],
  done: (flag, { generation }, { ladder, from, to }, summary) =>
    `${flag} is resumed: attempt ${generation}${placed(', ', { ladder, from: undefined, to })}${resumedText(from, to, summary)}`,
})
