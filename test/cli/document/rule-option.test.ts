/** Rules are named by their names, or by numbers from 1, as the diffs name them; the API counts from 0. */
import { expect, it } from 'vitest'
import { ANSWERS } from '../gate/answers.ts'
import { scriptedGate } from '../gate/scripted-gate.ts'

const rules = [
  { serve: 'on', percentage: 5 },
  { name: '1', serve: 'on' },
  { name: 'all', serve: 'on' },
]
const getFlag = { ...ANSWERS.getFlag, definition: { ...ANSWERS.getFlag.definition, rules } }

it.each([
  ['2', 1],
  ['3', 2],
  ['all', 2],
  // A name comes first.
  ['1', 1],
])('--rule %s is the rule with index %i', async (text, rule) => {
  const gate = await scriptedGate({ getFlag })
  expect((await gate.run(['percentage', 'f', '9', '--rule', text])).code).toBe(0)
  expect(gate.asked.at(-1)?.body).toMatchObject({ percentage: 9, rule })
})

it.each(['0', '4', '1.5', 'none', '-1'])('--rule %s is none of its rules', async (text) => {
  const gate = await scriptedGate({ getFlag })
  const ran = await gate.run(['percentage', 'f', '9', `--rule=${text}`])
  expect([ran.code, ran.err]).toEqual([2, `f has no rule ${text}. Its rules: 1, 2 (1), 3 (all)\n`])
  expect(gate.asked.map(({ method }) => method)).toEqual(['GET'])
})

it('without --rule the gate finds the only one', async () => {
  const gate = await scriptedGate({ getFlag })
  await gate.run(['percentage', 'f', '9'])
  expect(gate.lines()).toEqual(['POST /flags/f/percentage {"percentage":9,"confirm":false}'])
})
