/** What a release asks of the gate, and what it refuses before it changes anything. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ANSWERS, flagStatus } from '../gate/answers.ts'
import { type Answers, scriptedGate } from '../gate/scripted-gate.ts'
import { folder } from '../gate/transcript.ts'

const AT = '2026-11-02T12:00:00.000Z'
const DOCUMENT = {
  origins: { old: { url: 'https://old.test' }, new: { url: 'https://v1.test' } },
  routes: [{ path: '/*', flag: 'f', origins: { on: 'new', off: 'old' } }],
  flags: { f: { variants: { on: true, off: false }, off: 'off', guard: {} } },
}
const [OUTCOME] = ANSWERS.listOutcomes.outcomes

/** Attempt 2 of the flag, with what its status says at each look. */
const gateWith = (...looks: object[]) => {
  const view = (status: object) => ({
    ...ANSWERS.getFlag,
    status: flagStatus({ generation: 2, ...status }),
    definition: DOCUMENT.flags.f,
  })
  const answers = {
    getDocument: { ...ANSWERS.getDocument, document: DOCUMENT },
    getFlag: looks.map(view),
    listOutcomes: {
      outcomes: [
        { ...OUTCOME, generation: 1 },
        { ...OUTCOME, id: 8, generation: 2, verdict: 'not worse than control' },
      ],
    },
  }
  return scriptedGate(answers as Answers)
}
const release = (more: string, version = '7') =>
  ['release', '--flag', 'f', '--origin', 'new=https://v2.test', '--version', version].concat(
    more === '' ? [] : more.split(' '),
  )

it.each<[string, string[], object, string]>([
  [
    'a summary that has no folder',
    release('--summary /nowhere/x.md'),
    {},
    'Cannot write the summary to /nowhere/x.md',
  ],
  ['a version of two lines', release('', '7\n8'), {}, '--version must be one line'],
  ['no flag', release('--flag='), {}, "'--flag <FLAG>' argument '' is invalid"],
  ['a flag that is paused', release(''), { paused: { at: AT, reason: 'a look' } }, 'f is paused (a look)'],
])('%s is told before anything is published', async (_, line, status, expected) => {
  const gate = await gateWith(status)
  const { code, err } = await gate.run(line, { cwd: await folder() })
  expect(code).toBeGreaterThan(0)
  expect(err).toContain(expected)
  expect(gate.asked.map(({ id }) => id)).not.toContain('publishDocument')
})

it('that finishes says what the guard said of the whole attempt, and nothing of the attempt before', async () => {
  const before = { generation: 1, stage: 2, finished: true, waitingFor: 'nothing: it was finished' }
  const gate = await gateWith(before, {}, before, {}, { finished: true })
  const file = join(await folder(), 'summary.md')
  const { code, out, err } = await gate.run(release(`--wait --summary ${file}`))
  expect(code).toBe(0)
  expect(out).toContain('f: release 7 finished: not worse than control')
  expect(err).not.toContain('it was finished')
  expect(await readFile(file, 'utf8')).toContain('not worse than control')
})

it('to where control is is warned of', async () => {
  const gate = await gateWith({})
  const { err } = await gate.run(release('--origin new=https://old.test'), { cwd: await folder() })
  expect(err).toContain('warning: https://old.test is where control, old, is')
})
