/** What asks first: "no" and Ctrl-C change nothing, "yes" does it, and --yes asks nothing. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, it, vi } from 'vitest'
import { ANSWERS, PEOPLE, published, review } from './gate/answers.ts'
import { type Answers, Refused, scriptedGate } from './gate/scripted-gate.ts'
import { emptyFolder, sluice } from './gate/support.ts'
import { folder } from './gate/transcript.ts'
import { gateFolder } from './gate/wrangler-process.ts'

const CANCELLED = Symbol('cancelled')
const asked = vi.hoisted(() => ({ questions: [] as { message: string }[], answer: true as unknown }))
vi.mock('@clack/prompts', () => {
  const ask = async (question: { message: string }) => {
    asked.questions.push(question)
    return asked.answer
  }
  return { confirm: ask, password: ask, isCancel: (value: unknown) => typeof value === 'symbol' }
})
beforeEach(() => {
  asked.questions.length = 0
})

const MANY: Answers = {
  diffDocument: review({ needsConfirmation: true }),
  patchFlag: [new Refused(409, 'confirm it', { people: PEOPLE }), published()],
  setPercentage: [new Refused(409, 'confirm it', { people: PEOPLE }), published()],
}
/** A command on a flag that others require. */
const OPENS = 'child: f, which it requires, lets more visitors enter the canary'
const OTHERS: Answers = {
  commandFlag: [new Refused(409, 'confirm it', { questions: [OPENS] }), ANSWERS.commandFlag],
}
const MOVES = 'This moves 12.5 % of 1,200 recent requests.'

it.each([
  ['kill --all', 'Kill all flags of the gate?', [], 'POST /flags/*/kill {}'],
  ['flags delete f', 'Remove f from the document?', [], 'DELETE /flags/f {"confirm":false}'],
  ['publish next.json', `${MOVES} Publish it?`, ['diffDocument'], 'PUT /document'],
  [
    'restore 3',
    'Restore version 3 at GATE?',
    ['getVersion', 'diffDocument'],
    'POST /document/versions/3/restore',
  ],
  ['flags patch f {}', `${MOVES} Continue?`, ['patchFlag'], 'PATCH /flags/f {"patch":{},"confirm":true}'],
  [
    'percentage f 9',
    `${MOVES} Continue?`,
    ['setPercentage'],
    'POST /flags/f/percentage {"percentage":9,"confirm":true}',
  ],
])('%s', async (line, question, before, change) => {
  const cwd = await folder()
  for (const answer of [false, CANCELLED]) {
    asked.answer = answer
    const gate = await scriptedGate(MANY)
    const ran = await gate.run(line, { cwd, canAsk: true })
    expect([ran.code, ran.out]).toEqual([1, ''])
    expect(ran.err).toMatch(/(^|\n)Nothing was changed\n$/)
    expect(gate.asked.map(({ id }) => id)).toEqual(before)
    const json = await (await scriptedGate(MANY)).run(`${line} --json`, { cwd, canAsk: true })
    expect([json.code, json.err]).toEqual([1, ''])
    expect(JSON.parse(json.out)).toEqual({ error: { kind: 'declined', message: 'Nothing was changed' } })
  }
  asked.questions.length = 0
  asked.answer = true
  const gate = await scriptedGate(MANY)
  expect((await gate.run(line, { cwd, canAsk: true })).code).toBe(0)
  expect(asked.questions).toEqual([{ message: question.replace('GATE', gate.url), initialValue: false }])
  expect(gate.lines().at(-1)).toContain(change)

  asked.questions.length = 0
  expect((await (await scriptedGate(MANY)).run(`${line} --yes`, { cwd, canAsk: true })).code).toBe(0)
  expect((await (await scriptedGate(MANY)).run(line, { cwd })).code).toBe(2)
  expect(asked.questions).toEqual([])
})

it.each([
  ['unkill f', 'unkill'],
  ['resume f', 'resume'],
  ['restart f', 'restart'],
  ['advance f', 'advance'],
  ['approve f', 'approve'],
  ['stage f 1', 'stage'],
  ['promote f', 'finish'],
])('%s asks at a terminal for the flags that it opens', async (line, verb) => {
  asked.answer = false
  const declined = await scriptedGate(OTHERS)
  const ran = await declined.run(line, { canAsk: true })
  expect([ran.code, ran.out]).toEqual([1, ''])
  expect(ran.err).toContain(`This needs confirmation:\n  ${OPENS}\n`)
  asked.answer = true
  const gate = await scriptedGate(OTHERS)
  expect((await gate.run(line, { canAsk: true })).code).toBe(0)
  const sent = gate.asked.filter(({ method }) => method === 'POST')
  expect(sent.map(({ path }) => path)).toEqual([
    expect.stringContaining(`/f/${verb}`),
    expect.stringContaining(`/f/${verb}`),
  ])
  expect(sent.map(({ body }) => (body as { confirm?: boolean }).confirm)).toEqual([false, undefined])
  asked.questions.length = 0
  for (const [said, canAsk] of [
    [`${line} --yes`, true],
    [line, false],
  ] as const) {
    const outright = await scriptedGate(MANY)
    expect((await outright.run(said, { canAsk })).code).toBe(0)
    expect(outright.lines().join()).not.toContain('confirm')
  }
  expect(asked.questions).toEqual([])
})

it.each(['kill f', 'rollback f', 'pause f'])('%s waits for no answer, also at a terminal', async (line) => {
  const gate = await scriptedGate(OTHERS)
  await gate.run(line, { canAsk: true })
  const [sent] = gate.asked.filter(({ method }) => method === 'POST')
  // The gate asks back only where it is told that someone can answer.
  expect(sent?.body).toEqual({})
  expect(asked.questions).toEqual([])
})

it('a change that moves few visitors asks nothing', async () => {
  const gate = await scriptedGate()
  const cwd = await folder()
  for (const line of ['publish next.json', 'flags patch f {}', 'kill f', 'unkill --all'])
    expect((await gate.run(line, { cwd, canAsk: true })).code, line).toBe(0)
  expect(asked.questions).toEqual([])
})

it('a refusal that no confirmation can lift is told at once', async () => {
  const gate = await scriptedGate({ patchFlag: new Refused(409, 'changed meanwhile') })
  const ran = await gate.run('flags patch f {}', { canAsk: true })
  expect([ran.code, ran.err, asked.questions]).toEqual([1, 'changed meanwhile\n', []])
})

it('deploy: "no" creates nothing and runs nothing', async () => {
  const cwd = await gateFolder()
  const wrangler = join(cwd, 'node_modules/wrangler/bin')
  await mkdir(wrangler, { recursive: true })
  await writeFile(join(wrangler, 'wrangler.js'), `require('fs').writeFileSync('ran', '')`)
  asked.answer = false
  const ran = await sluice(['deploy'], { cwd, canAsk: true, env: { CLOUDFLARE_API_TOKEN: 'x' } })
  expect(ran).toEqual({ code: 1, out: '', err: 'Nothing was changed\n' })
  expect(asked.questions).toEqual([{ message: 'Deploy mine to Cloudflare?', initialValue: false }])
  expect(await readdir(cwd)).not.toContain('ran')
})

it('profile add asks for the token, unless it has one, or must not ask', async () => {
  const cwd = await emptyFolder()
  const add = async (answer: unknown, args: string[] = [], more: object = {}) => {
    asked.questions.length = 0
    asked.answer = answer
    const env = { SLUICE_CONFIG_DIR: join(cwd, 'p'), ...more }
    const line = ['profile', 'add', 'main', '--url', 'https://gate.test', '--json', ...args]
    const ran = await sluice(line, { cwd, canAsk: true, env })
    const text = await readFile(join(cwd, 'p/profiles.json'), 'utf8').catch(() => '{}')
    const token = JSON.parse(text).profiles?.main.token
    return {
      code: ran.code,
      hasToken: JSON.parse(ran.out).hasToken,
      token,
      questions: asked.questions.length,
    }
  }
  expect(await add(CANCELLED)).toEqual({ code: 1, hasToken: undefined, token: undefined, questions: 1 })
  expect(await add('typed')).toEqual({ code: 0, hasToken: true, token: 'typed', questions: 1 })
  expect(await add('')).toEqual({ code: 0, hasToken: false, token: undefined, questions: 1 })
  expect(await add('typed', ['--yes'])).toMatchObject({ hasToken: false, questions: 0 })
  expect(await add('typed', ['--token', 'given'])).toMatchObject({ token: 'given', questions: 0 })
  expect(await add('typed', [], { SLUICE_TOKEN: 'env' })).toMatchObject({ token: 'env', questions: 0 })
})
