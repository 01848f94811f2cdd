/** `sluice pull FILE` loses no edit: what no version has is shown, asked about, and kept. */
import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, it, vi } from 'vitest'
import { ANSWERS, DOCUMENT } from '../gate/answers.ts'
import { scriptedGate } from '../gate/scripted-gate.ts'
import { emptyFolder } from '../gate/support.ts'

const asked = vi.hoisted(() => ({ questions: [] as string[], answer: true as unknown }))
vi.mock('@clack/prompts', () => ({
  confirm: async ({ message }: { message: string }) => {
    asked.questions.push(message)
    return asked.answer
  },
  isCancel: (value: unknown) => typeof value === 'symbol',
}))
beforeEach(() => {
  asked.questions.length = 0
  asked.answer = true
})

const { text: IN_FORCE } = ANSWERS.getDocument
const EDIT = JSON.stringify({ ...DOCUMENT, flags: { f: { ...DOCUMENT.flags.f, owner: 'shop' } } })

async function pulled(before: string | undefined, args: readonly string[] = [], canAsk = true) {
  const cwd = await emptyFolder()
  const file = join(cwd, 'gate.json')
  if (before !== undefined) await writeFile(file, before)
  const published = { ...ANSWERS.listVersions.versions[0], hash: hashOf('{"published": "once"}') } as never
  const gate = await scriptedGate({ listVersions: { current: 4, versions: [published] } })
  const ran = await gate.run(['pull', 'gate.json', ...args], { cwd, canAsk })
  const files = (await readdir(cwd)).sort()
  const texts = await Promise.all(files.map((name) => readFile(join(cwd, name), 'utf8')))
  return { ...ran, files: Object.fromEntries(files.map((name, index) => [name, texts[index]])) }
}
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')

it.each<[string, string | undefined]>([
  ['no file', undefined],
  ['an empty one', ' \n'],
  ['what is in force', IN_FORCE],
  ['what was published once', '{"published": "once"}'],
  ['the same with a byte order mark', '\ufeff{"published": "once"}'],
])('asks nothing over %s', async (_, before) => {
  const ran = await pulled(before)
  expect([ran.code, ran.out, asked.questions]).toEqual([0, 'wrote version 4 to gate.json\n', []])
  expect(ran.files).toEqual({ 'gate.json': IN_FORCE })
})

it('asks over an edit, says what goes, and keeps it', async () => {
  const ran = await pulled(EDIT)
  expect(asked.questions).toEqual(['Overwrite gate.json? A copy stays beside it.'])
  expect(ran.err).toContain('gate.json has what no version of the gate has:\n  f: owner web → shop\n')
  expect(ran.out).toBe('wrote version 4 to gate.json; what it had is in gate.json.bak\n')
  expect(ran.files).toEqual({ 'gate.json': IN_FORCE, 'gate.json.bak': EDIT })
})

it('leaves the file as it is without a yes', async () => {
  asked.answer = false
  expect(await pulled(EDIT)).toMatchObject({ code: 1, out: '', files: { 'gate.json': EDIT } })
  const silent = await pulled(EDIT, [], false)
  expect([silent.code, silent.files]).toEqual([2, { 'gate.json': EDIT }])
})

it.each(['--force', '--yes'])('%s does not ask, and keeps the copy all the same', async (option) => {
  const ran = await pulled(EDIT, [option, '--json'], false)
  expect(JSON.parse(ran.out)).toMatchObject({ file: 'gate.json', version: 4, backup: 'gate.json.bak' })
  expect(ran.files).toEqual({ 'gate.json': IN_FORCE, 'gate.json.bak': EDIT })
})

it('keeps what is no JSON, and overwrites no copy of before', async () => {
  const cwd = await emptyFolder()
  const gate = await scriptedGate()
  for (const text of ['{ half', EDIT]) {
    await writeFile(join(cwd, 'gate.json'), text)
    expect((await gate.run('pull gate.json --force', { cwd })).code).toBe(0)
  }
  expect(await readFile(join(cwd, 'gate.json.bak'), 'utf8')).toBe('{ half')
  expect(await readFile(join(cwd, 'gate.json.bak2'), 'utf8')).toBe(EDIT)
})
