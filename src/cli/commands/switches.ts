/** What is often changed of a flag in the document: whether it is enabled, and its percentage. */

import { UsageError } from '../base/errors.ts'
import type { Verb } from '../base/verb.ts'
import { EXPECT, editOne } from '../document/flag-edits.ts'
import { FLAG_ARGUMENT, REASON } from './rollout.ts'

export const enable = switching('enable', 'Let the rules of a flag decide again')
export const disable = switching('disable', 'Give everybody the "off" variant, in the document')

function switching(verb: 'enable' | 'disable', summary: string): Verb {
  return {
    name: verb,
    group: 'Flags',
    summary,
    details: `Publishes a new version of the document. In an emergency use "sluice kill": it is faster and outranks everything.`,
    arguments: [FLAG_ARGUMENT],
    options: [EXPECT, REASON],
    examples: [[`${verb} new-search --reason "as planned"`, `sets "enabled" to ${verb === 'enable'}`]],
    failsWhen: 'there is no such flag',
    run: (call) => {
      const [flag = ''] = call.args
      return editOne(call, `${verb}d ${flag}`, (body) =>
        call.ask(verb === 'enable' ? 'enableFlag' : 'disableFlag', { params: { flag }, body }),
      )
    },
  }
}

export const percentage: Verb = {
  name: 'percentage',
  group: 'Flags',
  summary: 'Set the share of visitors for whom a rule is on',
  details: 'For flags without stages; those are steered with advance, stage and the like.',
  arguments: [FLAG_ARGUMENT, { name: '<percent>', summary: 'from 0 to 100, three decimals at most' }],
  options: [
    { flags: '--rule N', summary: 'index of the rule (the only one that has a percentage)', kind: 'number' },
    EXPECT,
    REASON,
  ],
  examples: [['percentage new-search 25 --reason "going well"', 'on for a quarter']],
  failsWhen: 'the flag has no rule for it',
  async run(call) {
    const [flag = '', text = ''] = call.args
    const value = Number(text.replace(/\s*%$/, ''))
    if (text.trim() === '' || !(value >= 0 && value <= 100)) {
      throw new UsageError(`Cannot use the percentage ${text}: it is a number from 0 to 100`)
    }
    const rule = call.options.number('rule')
    const wanted = { percentage: value, ...(rule !== undefined && { rule }) }
    return await editOne(call, `set ${flag} to ${value} %`, (editing) =>
      call.ask('setPercentage', { params: { flag }, body: { ...wanted, ...editing } }),
    )
  },
}
