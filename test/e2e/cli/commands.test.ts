/** Every command of the command line against a running gate: once it does its work, once it is refused. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CliCommand } from '../../../src/cli/base/command.ts'
import { CLI_COMMANDS } from '../../../src/cli/commands/index.ts'
import { document, FLAG, flag } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { ADMIN_TOKEN, type Gate, SIGNING_KEY, startGate } from '../harness/running-gate.ts'
import { sluiceFor, watchAdminApi } from './support/cli.ts'
import { DONE_BELOW, ELSEWHERE, NO_TOKEN, STAGED, WALKS } from './support/command-walks.ts'

let origin: Origin
let gate: Gate
let cwd: string
let run: ReturnType<typeof sluiceFor>
watchAdminApi()

beforeAll(async () => {
  origin = await startOrigin('hooks')
  const stages = [{ percentage: 5 }, { percentage: 50, approval: true }, { percentage: 100 }]
  const content = document(
    { old: origin.url, new: origin.url },
    { owner: 'web', rules: [{ serve: 'on', percentage: 10 }] },
    {
      flags: { [STAGED]: flag({ owner: 'web', rules: [{ serve: 'on', stages }] }) },
      notifications: { webhooks: [{ url: `${origin.url}/hook`, events: ['freeze'] }] },
    },
  )
  cwd = await mkdtemp(join(tmpdir(), 'sluice-commands-'))
  await writeFile(join(cwd, 'gate.json'), JSON.stringify(content))
  await writeFile(join(cwd, 'next.json'), JSON.stringify({ ...content, defaultOrigin: 'old' }))
  await writeFile(join(cwd, 'bad.json'), '{"origins": {}}')
  gate = await startGate({ document: content, signingKey: SIGNING_KEY })
  run = sluiceFor(gate)
})
afterAll(async () => {
  await Promise.all([gate?.close(), origin?.close()])
  await rm(cwd, { recursive: true, force: true })
})

/** Splits a line at spaces; what a test writes holds no others. */
const wordsOf = (line: string) => line.replace(NO_TOKEN, '').replace('HOOK', `${origin.url}/hook`).split(' ')

async function tokens(): Promise<void> {
  const made = await gate.admin.call('createToken', { body: { name: 'looker', role: 'viewer' } })
  await writeFile(join(cwd, 'looker.txt'), made.token)
}

// One walk: the last test looks at all of it.
describe('every command', { shuffle: false }, () => {
  beforeAll(tokens)
  const settings = (line: string) => ({
    cwd,
    env: {
      SLUICE_CONFIG_DIR: join(cwd, 'profiles'),
      ...(line.startsWith(NO_TOKEN) && { SLUICE_TOKEN: '' }),
    },
  })

  for (const [command, { does, refuses }] of Object.entries(WALKS)) {
    it(`${command}: does its work, and is refused`, async () => {
      for (const [line, says] of does) {
        const ran = await run(wordsOf(line), settings(line))
        expect({ line, ...ran }).toMatchObject({ line, code: 0, out: expect.stringMatching(matching(says)) })
        expect(ran.out).not.toContain('\x1b')
      }
      for (const [line, code, says] of refuses) {
        const plain = await run(wordsOf(line), settings(line))
        expect({ line, code: plain.code, err: plain.err }).toMatchObject({ line, code })
        expect(plain.out + plain.err).toMatch(matching(says))
        const json = await run([...wordsOf(line), '--json'], settings(line))
        expect({ line, code: json.code, err: json.err }).toEqual({ line, code, err: '' })
        const told = JSON.parse(json.out)
        if (code === 2) expect(told.error.kind).toBe('usage')
      }
    })
  }

  it('all of them have been walked', () => {
    const paths = CLI_COMMANDS.flatMap((command: CliCommand) => [
      command.name,
      ...(command.subcommands ?? []).map(({ name }) => `${command.name} ${name}`),
    ])
    expect(Object.keys(WALKS).sort()).toEqual(
      paths.filter((path) => !ELSEWHERE.includes(path.split(' ')[0] ?? '')).sort(),
    )
    const idle = Object.entries(WALKS).filter(([, { does }]) => does.length === 0)
    expect(idle.map(([command]) => command).sort()).toEqual([...DONE_BELOW].sort())
    expect(Object.values(WALKS).every(({ refuses }) => refuses.length > 0)).toBe(true)
  })
})

function matching(says: string | RegExp): RegExp {
  return typeof says === 'string' ? new RegExp(says.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : says
}

describe('with --json', () => {
  /** A line, what it prints, and a line that runs before. */
  const lines: [string, object, string?][] = [
    ['check', { valid: true }],
    ['diff', { changes: [] }],
    ['history', { current: expect.any(Number) }],
    ['flags list', { flags: expect.any(Array) }],
    [`flags get ${FLAG}`, { summary: { key: FLAG } }],
    [`pause ${FLAG} --reason json`, { via: 'controller', epoch: expect.any(Number) }],
    [`kill ${FLAG} --wait`, { waitedMs: expect.any(Number), convergence: { converged: true } }],
    [`unkill ${FLAG}`, { stillKilled: false }, `kill ${FLAG}`],
    ['status', { controller: 'ok' }],
    [`explain ${FLAG} --key ada`, { targetingKey: 'ada' }],
    [`preview ${FLAG}=on`, { url: expect.stringContaining('/__sluice/preview') }],
    ['audit --limit 1', { records: [{ action: 'preview-created' }] }, `preview ${FLAG}=on`],
    ['token list', { tokens: expect.any(Array) }],
    ['stale', { flags: [] }],
  ]
  it.each(lines)('%s prints one value and nothing else', async (line, expected, before) => {
    if (before !== undefined) expect((await run(wordsOf(before), { cwd })).code).toBe(0)
    const { code, out, err } = await run([...wordsOf(line), '--json'], { cwd })
    expect([code, err]).toEqual([0, ''])
    expect(JSON.parse(out)).toMatchObject(expected)
  })
})

describe('the live view', () => {
  it.each([
    ['status --watch', true],
    ['watch', false],
  ])('%s shows each change until it is stopped (json: %s)', async (line, isJson) => {
    // As an earlier test may have left it.
    if ((await gate.flag(FLAG)).state === 'killed') await gate.admin.command(FLAG, 'unkill')
    await eventually('the flag is open', async () => (await gate.flag(FLAG)).state === 'open')
    const stop = new AbortController()
    const shown: string[] = []
    const watching = run([...wordsOf(line), ...(isJson ? ['--json'] : [])], {
      isScreen: !isJson,
      stop: stop.signal,
      onOut: (text) => {
        shown.push(text)
        if (/"state":"killed"|killed: f/.test(text)) stop.abort()
        else if (shown.length === (isJson ? 1 : 2)) void gate.admin.command(FLAG, 'kill')
      },
    })
    expect((await watching).code).toBe(0)
    if (isJson) {
      const states = shown.map((line) => JSON.parse(line).flags[FLAG].state as string)
      // It may say once more that the flag is open while the kill is on its way.
      expect(states.filter((state, index) => state !== states[index - 1])).toEqual(['open', 'killed'])
    }
    // A view leaves the screen as it found it.
    else expect(shown.at(-1)).toBe('\x1b[?25h\x1b[?1049l')
    await gate.admin.command(FLAG, 'unkill')
  })
})

describe('which gate', () => {
  const elsewhere = 'http://127.0.0.1:2'

  it('is that of --url before SLUICE_URL, and of SLUICE_URL before a profile', async () => {
    const env = { SLUICE_CONFIG_DIR: join(cwd, 'own'), SLUICE_URL: '', SLUICE_TOKEN: '' }
    await run(['profile', 'add', 'dead', '--url', elsewhere], { env })
    const added = await run(
      ['profile', 'add', 'main', '--url', `${gate.url}/__sluice/ui`, '--token-file', '-'],
      {
        env,
        input: `${ADMIN_TOKEN}\n`,
      },
    )
    expect([added.code, added.out.includes(ADMIN_TOKEN)]).toEqual([0, false])
    expect((await run(['status'], { env })).err).toContain('connection refused')
    expect((await run(['status', '--profile', 'main'], { env })).code).toBe(0)
    expect((await run(['status'], { env: { ...env, SLUICE_PROFILE: 'main' } })).code).toBe(0)
    expect((await run(['status', '--url', gate.url], { env })).code).toBe(0)
    expect((await run(['status', '--url', elsewhere], { env: { ...env, SLUICE_URL: gate.url } })).code).toBe(
      1,
    )
    expect((await run(['status', '--profile', 'missing'], { env })).code).toBe(2)
    const file = JSON.parse(await readFile(join(cwd, 'own/profiles.json'), 'utf8'))
    expect(file.profiles.main).toEqual({ url: gate.url, token: ADMIN_TOKEN })
  })

  it('that does not answer is a matter of exit code 1, with a word on what to do', async () => {
    const ran = await run(['status', '--url', elsewhere, '--json'])
    expect([ran.code, JSON.parse(ran.out).error.kind]).toEqual([1, 'unreachable'])
  })
})
