/** Each command that needs a gate, and every way in which a gate fails it. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import type { CliCommand } from '../../src/cli/base/command.ts'
import { CLI_COMMANDS } from '../../src/cli/commands/index.ts'
import type { Responses } from '../../src/contract/responses.ts'
import { ANSWERS } from './gate/answers.ts'
import { type Answers, Refused, SILENT, scriptedGate } from './gate/scripted-gate.ts'
import { sluice } from './gate/support.ts'
import { folder } from './gate/transcript.ts'

/** Command lines that ask the gate. */
const LINES = [
  'diff next.json',
  'publish next.json --yes',
  'ci check next.json',
  'release --flag f --origin new=https://new.test --version 1',
  'pull',
  'history',
  'history 3',
  'restore 3 --yes',
  'flags list',
  'flags get f',
  'flags create n',
  'flags patch f {}',
  'flags delete f --yes',
  'percentage f 5',
  'enable f',
  'disable f',
  'plan',
  'stale',
  'rollback f',
  'resume f',
  'restart f',
  'advance f',
  'stage f 1',
  'approve f',
  'pause f',
  'promote f',
  'sunset f',
  'plan f',
  'status',
  'shadow f',
  'results f',
  'explain',
  'preview f=on',
  'audit',
  'feedback',
  'outcomes',
  'key origin',
  'token create ci',
  'token list',
  'token revoke ci',
  'webhook http://hook.test/',
  // Last, since it asks for several things at once and fails with the first.
  'docs',
]
/** `kill` and `unkill` go on without the gate, `watch` goes on asking: both have tests to themselves. */
const APART = ['kill', 'unkill', 'watch']
const OFFLINE = [
  'init',
  'dev',
  'traffic',
  'doctor',
  'build',
  'deploy',
  'check',
  'simulate',
  'import',
  'export',
  'login',
  'profile',
  'completion',
]

it('every command is among them, or needs no gate', () => {
  const named = new Set([...LINES.map((line) => line.split(' ')[0]), ...APART, ...OFFLINE])
  expect(CLI_COMMANDS.map(({ name }: CliCommand) => name).filter((name) => !named.has(name))).toEqual([])
})

function every(answer: Refused | typeof SILENT): Answers {
  return Object.fromEntries(Object.keys(ANSWERS).map((id) => [id as keyof Responses, answer]))
}

it.each([
  [401, 'unauthorised'],
  [403, 'forbidden'],
  [404, 'not-found'],
  [409, 'conflict'],
  [422, 'invalid'],
  [429, 'too-many-requests'],
  [503, 'unavailable'],
] as const)('a gate that answers %i: exit code 1, the reason, and nothing changed', async (status, kind) => {
  const gate = await scriptedGate(every(new Refused(status, 'because')))
  const cwd = await folder()
  for (const line of LINES) {
    gate.asked.length = 0
    const ran = await gate.run(line, { cwd })
    expect({ line, ...ran }).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^because\n/) })
    const json = await gate.run(`${line} --json`, { cwd })
    expect({ line, code: json.code, err: json.err }).toEqual({ line, code: 1, err: '' })
    expect(JSON.parse(json.out), line).toEqual({ error: { kind, status, message: 'because' } })
    // A refused reading is not followed by a change.
    expect(new Set(gate.asked.map(({ id }) => id)).size, line).toBeLessThanOrEqual(line === 'docs' ? 3 : 1)
  }
})

it('a server that is no gate, and one that is away: exit code 1', async () => {
  const page = createServer((_, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('hi'),
  )
  await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void page.close())
  const port = (page.address() as AddressInfo).port
  const cwd = await folder()
  for (const line of LINES) {
    const foreign = await sluice([...line.split(' '), '--url', `http://127.0.0.1:${port}`], { cwd })
    expect({ line, ...foreign }).toMatchObject({ code: 1, out: '' })
    expect(foreign.err).toBe(
      `http://127.0.0.1:${port} answered 200 OK (text/html), which is not the answer of a gate\nIs it running, and is the address right? Look for the cause: sluice doctor\n`,
    )
    const away = await sluice([...line.split(' '), '--url', 'http://127.0.0.1:2', '--json'], { cwd })
    expect({ line, code: away.code, err: away.err }).toEqual({ line, code: 1, err: '' })
    expect(JSON.parse(away.out), line).toEqual({
      error: {
        kind: 'unreachable',
        message: 'Cannot reach the gate at http://127.0.0.1:2 (--url): connection refused',
        ...{ url: 'http://127.0.0.1:2', source: '--url' },
      },
    })
  }
})

it('a gate that does not answer within --timeout: exit code 1', async () => {
  const gate = await scriptedGate(every(SILENT))
  const cwd = await folder()
  const all = LINES.map(async (line) => ({ line, ...(await gate.run(`${line} --timeout 0.3`, { cwd })) }))
  for (const ran of await Promise.all(all))
    expect(ran).toMatchObject({
      code: 1,
      out: '',
      err: `Cannot reach the gate at ${gate.url} (SLUICE_URL): no answer within 0.3 s\nIs it running, and is the address right? Look for the cause: sluice doctor\n`,
    })
})

it('a word that is missing or too many, and an unknown option: exit code 2, and the gate is not asked', async () => {
  const gate = await scriptedGate()
  for (const line of [...LINES, 'kill f', 'watch']) {
    const [name = '', below] = line.split(' ')
    const subcommands = CLI_COMMANDS.find((command) => command.name === name)?.subcommands
    const verb = subcommands ? `${name} ${below}` : name
    const spec =
      subcommands?.find((each) => each.name === below) ?? CLI_COMMANDS.find((each) => each.name === name)
    const needs = (spec?.arguments ?? []).some((argument) => argument.name.startsWith('<'))
    for (const wrong of [`${line} --nonsense`, ...(needs ? [verb] : [])]) {
      const ran = await gate.run(wrong)
      expect({ wrong, ...ran }).toMatchObject({
        code: 2,
        out: '',
        err: expect.stringMatching(/^error: .*\n/),
      })
      const json = await gate.run(`${wrong} --json`)
      expect({ wrong, code: json.code, err: json.err }).toEqual({ wrong, code: 2, err: '' })
      expect(JSON.parse(json.out).error, wrong).toEqual({ kind: 'usage', message: ran.err.trim() })
    }
  }
  expect(gate.lines()).toEqual([])
})

it('a flag before its command is put right in words', async () => {
  const ran = await sluice(['new-shop', 'kill'])
  expect([ran.code, ran.err]).toEqual([
    2,
    "error: unknown command 'new-shop'\n(add --help to see the usage)\nDid you mean: sluice kill new-shop\n",
  ])
})

it('with --json a command prints what the gate said, readable, and nothing else', async () => {
  const gate = await scriptedGate()
  const cwd = await folder()
  const said: [line: string, id: keyof Responses][] = [
    ['status', 'getStatus'],
    ['diff next.json', 'diffDocument'],
    ['publish next.json', 'publishDocument'],
    ['restore 3 --yes', 'restoreVersion'],
    ['pull', 'getDocument'],
    ['history', 'listVersions'],
    ['history 3', 'getVersion'],
    ['flags list', 'listFlags'],
    ['flags get f', 'getFlag'],
    ['flags create n', 'createFlag'],
    ['flags patch f {}', 'patchFlag'],
    ['flags delete f --yes', 'deleteFlag'],
    ['enable f', 'enableFlag'],
    ['percentage f 5', 'setPercentage'],
    ['kill f', 'commandFlag'],
    ['explain', 'explain'],
    ['preview f=on', 'createPreview'],
    ['key origin', 'showKey'],
    ['audit', 'listAudit'],
    ['feedback', 'listFeedback'],
    ['outcomes', 'listOutcomes'],
    ['outcomes f --note warm', 'noteOutcome'],
    ['token create ci', 'createToken'],
    ['token list', 'listTokens'],
    ['token revoke ci', 'revokeToken'],
    ['webhook http://hook.test/', 'testWebhook'],
  ]
  for (const [line, id] of said) {
    const ran = await gate.run(`${line} --json`, { cwd })
    expect({ line, code: ran.code, err: ran.err }).toEqual({ line, code: 0, err: '' })
    expect(ran.out, line).toBe(`${JSON.stringify(ANSWERS[id], null, 2)}\n`)
  }
})
