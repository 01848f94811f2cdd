/** Frequent changes of a flag in the document: whether it is enabled, and its percentage. */
import { type Call, type CliCommand, EXPECT, FLAG_ARGUMENT, REASON } from '../base/command.ts'
import { UsageError } from '../base/errors.ts'
import { editOne } from '../document/flag-edits.ts'
import { enabledText } from '../document/opened-share.ts'

export const enable = switching('enable', 'Let the rules of a disabled flag decide again')
export const disable = switching('disable', 'Serve the off variant to all visitors, in the document')

function switching(verb: 'enable' | 'disable', summary: string): CliCommand {
  return {
    name: verb,
    group: 'Flags',
    summary,
    details:
      'Publishes a new version of the document. In an emergency use "sluice kill", which is faster and outranks everything.',
    arguments: [FLAG_ARGUMENT],
    options: [EXPECT, REASON],
    examples: [[`${verb} new-search --reason "as planned"`, `sets "enabled" to ${verb === 'enable'}`]],
    failsWhen: 'there is no such flag',
    run: async (call) => {
      const [flag = ''] = call.args
      const opens =
        verb === 'disable' ? '' : enabledText((await call.ask('getFlag', { params: { flag } })).summary)
      return await editOne(call, `${verb}d ${flag}${opens}`, (body) =>
        call.ask(verb === 'enable' ? 'enableFlag' : 'disableFlag', { params: { flag }, body }),
      )
    },
  }
}

export const percentage: CliCommand = {
  name: 'percentage',
  group: 'Flags',
  summary: 'Set the share of visitors for whom a rule is on',
  details: 'For flags without stages. Flags with stages are controlled with advance, stage and so on.',
  arguments: [FLAG_ARGUMENT, { name: '<percent>', summary: 'from 0 to 100, at most three decimals' }],
  options: [
    {
      flags: '--rule RULE',
      summary: 'the rule: its name, or its number from 1 (the only one with a percentage)',
    },
    EXPECT,
    REASON,
  ],
  examples: [['percentage new-search 25 --reason "going well"', 'on for a quarter of the visitors']],
  failsWhen: 'the flag has no such rule',
  async run(call) {
    const [flag = '', text = ''] = call.args
    const value = Number(text.replace(/\s*%$/, ''))
    if (text.trim() === '' || !(value >= 0 && value <= 100)) {
      throw new UsageError(`The percentage must be a number from 0 to 100, not ${text}`)
    }
    const rule = await ruleIndex(call, flag)
    const wanted = { percentage: value, ...(rule !== undefined && { rule }) }
    return await editOne(call, `set ${flag} to ${value} %`, (editing) =>
      call.ask('setPercentage', { params: { flag }, body: { ...wanted, ...editing } }),
    )
  },
}

/** The index of the rule that `--rule` names, as the API counts; undefined without that option. */
async function ruleIndex({ ask, options }: Call, flag: string): Promise<number | undefined> {
  const text = options.text('rule')?.trim()
  if (text === undefined) return undefined
  const { definition } = await ask('getFlag', { params: { flag } })
  const { rules = [] } = definition as { rules?: { name?: string }[] }
  const named = rules.findIndex(({ name }) => name === text)
  if (named >= 0) return named
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= rules.length) return number - 1
  const known = rules.map(({ name }, index) => (name === undefined ? index + 1 : `${index + 1} (${name})`))
  throw new UsageError(`${flag} has no rule ${text}. Its rules: ${known.join(', ') || 'none'}`)
}
