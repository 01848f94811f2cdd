/** `sluice kill` of several flags, in the forms in which people and shells write them: each is killed by itself. */
import { expect, it } from 'vitest'
import { ANSWERS } from '../gate/answers.ts'
import { Refused, scriptedGate } from '../gate/scripted-gate.ts'

it.each([
  [['kill', 'a', 'b']],
  [['kill', 'a,b']],
  [['kill', 'a,', 'b']],
  [['kill', '"a"', "'b'"]],
  [['kill', '[a, b]']],
  [['kill', '“a”', 'b', 'a']],
  [['kill', 'a\nb']],
])('%j kills a and b', async (args) => {
  const gate = await scriptedGate()
  const ran = await gate.run([...args, '--reason', 'INC-1'])
  expect([ran.code, gate.lines()]).toEqual([
    0,
    ['POST /flags/a/kill {"reason":"INC-1"}', 'POST /flags/b/kill {"reason":"INC-1"}'],
  ])
  expect(ran.out).toMatch(/a is killed, epoch \d+\n.*b is killed, epoch \d+\n$/)
})

it.each(['*', '"*"', '[*]', 'all', 'a *'])('%s kills all, after a question', async (text) => {
  expect((await (await scriptedGate()).run(['kill', text])).code).toBe(2)
  const gate = await scriptedGate()
  expect((await gate.run(['kill', text, '--yes'])).code).toBe(0)
  expect(gate.lines()).toEqual(['POST /flags/*/kill {}'])
})

it('kills the others where one can not be, and says which', async () => {
  const unknown = new Refused(404, 'Cannot kill a: the document has no such flag')
  const gate = await scriptedGate({ commandFlag: [unknown, ANSWERS.commandFlag] })
  const ran = await gate.run(['kill', 'a', 'b', '--json'])
  expect(ran.code).toBe(1)
  expect(JSON.parse(ran.out)).toMatchObject({
    flags: { a: { error: 'Cannot kill a: the document has no such flag' }, b: { via: 'controller' } },
  })
  const none = await (await scriptedGate({ commandFlag: unknown })).run(['kill', 'a', 'b'])
  expect([none.code, none.out]).toEqual([1, ''])
  expect(none.err).toContain('Cannot kill a')
})

it('lifts several kills, too', async () => {
  const gate = await scriptedGate()
  await gate.run(['unkill', 'a,b'])
  expect(gate.lines().filter((line) => line.startsWith('POST'))).toEqual([
    'POST /flags/a/unkill {}',
    'POST /flags/b/unkill {}',
  ])
})

it.each([['kill'], ['kill', ''], ['kill', '""'], ['kill', 'a', '--all'], ['unkill', ',']])(
  '%j names no flag, and is wrong usage',
  async (...args) => {
    const gate = await scriptedGate()
    const ran = await gate.run(args)
    expect([ran.code, ran.err, gate.asked]).toEqual([2, 'Name a flag, or several, or use --all\n', []])
  },
)
