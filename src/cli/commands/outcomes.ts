import { outcomeLines, outcomeTitle } from '../../contract/words/outcome.ts'
import { BEFORE, type CliCommand, LIMIT, pageOf } from '../base/command.ts'
import { UsageError } from '../base/errors.ts'
import { wholeNumber } from '../base/number-rule.ts'

export const outcomes: CliCommand = {
  name: 'outcomes',
  group: 'Inspect',
  summary: 'Show how rollout attempts ended, and note what was learned',
  details:
    'When an attempt ends (finished, rolled back, or replaced by another one) its figures are kept: who ended it and why, shares, errors, latency, the verdict. A note tells the next reader what the figures do not.',
  arguments: [{ name: '[flag]', summary: 'only of this flag', completes: 'flags' }],
  options: [
    {
      flags: '--note TEXT',
      summary: 'put a note on the newest outcome of the flag; an empty one removes it',
      mayBeEmpty: true,
    },
    {
      flags: '--attempt NUMBER',
      summary: 'with --note: on the outcome of this attempt',
      number: wholeNumber(1),
    },
    LIMIT,
    BEFORE,
  ],
  examples: [
    ['outcomes new-checkout', 'its attempts, newest first'],
    ['outcomes new-checkout --note "the cache was cold; warm it first"', 'for those who try again'],
  ],
  async run(call) {
    const { args, options, ask } = call
    const [flag] = args
    const note = options.text('note')
    if (note !== undefined) return await noteOn(call, flag, note)
    const answer = await ask('listOutcomes', {
      query: { ...pageOf(call), ...(flag !== undefined && { flag }) },
    })
    const texts = answer.outcomes.map((outcome) => {
      const title = call.paint('bold', `${outcome.flag}, ${outcomeTitle(outcome)}`)
      return [title, ...outcomeLines(outcome).map((line) => `  ${line}`)].join('\n')
    })
    return { json: answer, text: texts.length === 0 ? 'No attempt has ended yet' : texts.join('\n\n') }
  },
}

async function noteOn(
  { ask, options, done }: Parameters<NonNullable<CliCommand['run']>>[0],
  flag: string | undefined,
  note: string,
) {
  if (flag === undefined) throw new UsageError('A note must name its flag: sluice outcomes FLAG --note TEXT')
  const attempt = options.number('attempt')
  const { outcomes: known } = await ask('listOutcomes', { query: { flag, limit: '1000' } })
  const outcome = known.find(({ generation }) => attempt === undefined || generation === attempt)
  if (outcome === undefined)
    throw new UsageError(
      `${attempt === undefined ? 'No attempt' : `Attempt ${attempt}`} of ${flag} has no outcome yet`,
    )
  const answer = await ask('noteOutcome', { params: { id: String(outcome.id) }, body: { note } })
  return done(
    answer,
    `${note === '' ? 'removed the note on' : 'noted on'} attempt ${outcome.generation} of ${flag}`,
  )
}
