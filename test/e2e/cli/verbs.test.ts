/** Every verb of the command line against a running gate: once it does its work, once it is refused. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Verb } from '../../../src/cli/verb.ts'
import { VERBS } from '../../../src/cli/verbs/index.ts'
import { document, FLAG, flag } from '../harness/documents.ts'
import { ADMIN_TOKEN, type Gate, SIGNING_KEY, startGate } from '../harness/gate.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { sluiceFor, watchAdminApi } from './support/cli.ts'

const STAGED = 'staged'
const NOT_HERE = 'no-such-flag'
let origin: Origin
let gate: Gate
let cwd: string
let run: ReturnType<typeof sluiceFor>
watchAdminApi()

beforeAll(async () => {
  origin = await startOrigin('hooks')
  const stages = [{ percentage: 5 }, { percentage: 50 }, { percentage: 100 }]
  const content = document(
    { old: origin.url, new: origin.url },
    { owner: 'web', rules: [{ serve: 'on', percentage: 10 }] },
    {
      flags: { [STAGED]: flag({ owner: 'web', rules: [{ serve: 'on', stages }] }) },
      notifications: { webhooks: [{ url: `${origin.url}/hook`, events: ['freeze'] }] },
    },
  )
  cwd = await mkdtemp(join(tmpdir(), 'sluice-verbs-'))
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

/** A command line, and what its output has to contain. */
type Line = readonly [args: string, says: string | RegExp]
/** A command line that is refused: with 1 by the gate or for what was found, with 2 for the line itself. */
type Refused = readonly [args: string, code: 1 | 2, says: string | RegExp]
type Walk = { does: readonly Line[]; refuses: readonly Refused[] }

const NO_TOKEN = 'nobody: '
/** Run without a token. */
const stranger = (line: string): Refused => [`${NO_TOKEN}${line}`, 1, 'Send a token']

/** By verb, in the order in which they run: later ones find what earlier ones have made. */
const WALKS: Readonly<Record<string, Walk>> = {
  init: {
    does: [['init fresh --yes', 'wrote gate.json']],
    refuses: [
      ['init fresh --yes', 1, 'exist already'],
      ['init other', 2, 'Give --old and --new'],
      ['init other --yes --kv 12', 2, '32 hexadecimal digits'],
      ['init other --yes --countries RO,Romania', 2, 'the country ROMANIA'],
    ],
  },
  build: {
    does: [['build fresh/gate.json', 'wrote .sluice/gate/worker.js']],
    refuses: [['build bad.json', 1, 'bad.json has']],
  },
  deploy: {
    does: [],
    refuses: [
      ['deploy', 1, 'no wrangler.toml here'],
      ['deploy bad.json', 1, 'bad.json has'],
    ],
  },
  dev: {
    does: [],
    refuses: [
      ['dev bad.json --port 0', 1, 'has problems'],
      ['dev --port 70000', 2, 'from 0 to 65535'],
    ],
  },
  check: {
    does: [['check', 'no problems']],
    refuses: [['check bad.json', 1, 'problem']],
  },
  simulate: {
    does: [['simulate --stage 1', '10,000 visitors']],
    refuses: [['simulate --flag nobody', 1, 'no flag nobody']],
  },
  diff: {
    does: [
      ['diff next.json', '+ $.defaultOrigin "old"'],
      ['diff gate.json next.json', '1 change'],
    ],
    refuses: [
      ['diff next.json --exit-code', 1, 'defaultOrigin'],
      ['diff bad.json', 1, 'problem'],
      stranger('diff'),
    ],
  },
  publish: {
    does: [
      ['publish next.json --reason try', 'is in force'],
      ['publish next.json', 'Nothing changed'],
    ],
    refuses: [
      ['publish gate.json --expect 1', 1, 'has published version 2 since version 1'],
      ['publish bad.json', 1, 'bad.json has'],
      stranger('publish'),
    ],
  },
  pull: {
    does: [
      ['pull', 'defaultOrigin'],
      ['pull pulled.json', 'wrote version 2'],
    ],
    refuses: [stranger('pull')],
  },
  history: {
    does: [
      ['history', '2 *'],
      ['history 1', '"origins"'],
    ],
    refuses: [
      ['history 99', 1, /no version 99 in the history\s*("|$)/],
      ['history last', 2, 'whole number'],
    ],
  },
  restore: {
    does: [['restore 1 --yes', 'restored version 1: version 3']],
    refuses: [
      ['restore 99 --yes', 1, 'no version 99'],
      ['restore 2', 2, 'Add --yes'],
    ],
  },
  flags: { does: [], refuses: [['flags', 2, 'flags']] },
  'flags list': { does: [['flags list --owner web', STAGED]], refuses: [stranger('flags list')] },
  'flags get': {
    does: [[`flags get ${FLAG}`, '"percentage": 10']],
    refuses: [[`flags get ${NOT_HERE}`, 1, `no flag ${NOT_HERE}`]],
  },
  'flags create': {
    does: [['flags create search --owner web --percentage 5', 'created search']],
    refuses: [['flags create search', 1, 'search']],
  },
  'flags patch': {
    does: [[`flags patch search {"description":"new"}`, 'changed search']],
    refuses: [
      [`flags patch search {"off":"nowhere"}`, 1, 'nowhere'],
      ['flags patch search {', 2, 'not JSON'],
    ],
  },
  percentage: {
    does: [['percentage search 20', 'set search to 20 %']],
    refuses: [
      [`percentage ${STAGED} 20`, 1, 'stages'],
      ['percentage search 101', 2, 'from 0 to 100'],
    ],
  },
  disable: { does: [['disable search', 'disabled search']], refuses: [[`disable ${NOT_HERE}`, 1, NOT_HERE]] },
  enable: { does: [['enable search', 'enabled search']], refuses: [[`enable ${NOT_HERE}`, 1, NOT_HERE]] },
  'flags delete': {
    does: [['flags delete search --yes', 'removed search']],
    refuses: [
      ['flags delete search', 2, 'Add --yes'],
      ['flags delete search --yes', 1, 'search'],
    ],
  },
  stale: {
    does: [['stale', 'nothing to clean up']],
    refuses: [
      ['stale fresh/gate.json', 1, 'ownerless'],
      ['stale --only ugly', 2, 'choose from'],
    ],
  },
  docs: {
    does: [
      ['docs', `## ${FLAG}`],
      ['docs --out flags.html', 'wrote 2 flags'],
    ],
    refuses: [stranger('docs'), ['docs bad.json', 1, 'bad.json has']],
  },
  kill: {
    does: [
      [`kill ${STAGED} --wait --reason drill`, /is killed, epoch \d+\n {2}\d+ colos?, \d+ isolates? active/],
      [`kill ${STAGED}`, 'is killed'],
      ['kill --all --yes', 'all flags are killed'],
    ],
    refuses: [
      [`kill ${NOT_HERE}`, 1, NOT_HERE],
      ['kill', 2, 'Name one flag'],
      ['kill --all', 2, 'Add --yes'],
      ['kill all', 2, 'Add --yes'],
      ['kill x --kv', 1, 'no wrangler.toml'],
      [`kill ${STAGED} --token-file looker.txt`, 1, 'this needs operator'],
      [`unkill ${STAGED}`, 1, 'All flags are still killed'],
    ],
  },
  unkill: {
    does: [['unkill --all', 'all flags are no longer killed']],
    refuses: [[`unkill ${STAGED}`, 1, 'it is not killed']],
  },
  advance: {
    does: [[`advance ${STAGED}`, 'at stage 1']],
    refuses: [[`advance ${FLAG}`, 1, 'no rule of it has stages']],
  },
  approve: {
    does: [[`approve ${STAGED}`, 'may leave stage 1']],
    refuses: [[`approve ${STAGED}`, 1, 'approved already']],
  },
  pause: { does: [[`pause ${STAGED}`, 'is paused']], refuses: [[`pause ${STAGED}`, 1, 'paused already']] },
  stage: {
    does: [[`stage ${STAGED} 0`, 'at stage 0']],
    refuses: [
      [`stage ${STAGED} 9`, 1, 'its stages are 0 to 2'],
      [`stage ${STAGED} last`, 2, 'whole number'],
    ],
  },
  rollback: {
    does: [[`rollback ${STAGED} --reason why`, 'is rolled back']],
    refuses: [[`rollback ${STAGED}`, 1, 'rolled back already']],
  },
  resume: {
    does: [[`resume ${STAGED}`, 'attempt 2, stage 0']],
    refuses: [[`resume ${STAGED}`, 1, 'neither rolled back']],
  },
  finish: {
    does: [[`finish ${STAGED}`, 'is finished']],
    refuses: [[`finish ${STAGED}`, 1, 'finished already']],
  },
  status: {
    does: [
      ['status', STAGED],
      [`status ${STAGED}`, 'attempt'],
    ],
    refuses: [stranger('status'), [`status ${NOT_HERE}`, 2, 'no flag'], stranger('status --watch')],
  },
  watch: { does: [], refuses: [stranger('watch')] },
  explain: {
    does: [
      [`explain ${FLAG} --key ada`, 'Visitor ada'],
      ['explain --request / -H x-user-id=ada', 'Goes to'],
    ],
    refuses: [[`explain ${NOT_HERE}`, 1, NOT_HERE]],
  },
  preview: {
    does: [[`preview ${FLAG}=on --for 1h --path /x`, '/__sluice/preview?t=']],
    refuses: [
      [`preview ${FLAG}=blue`, 1, 'has no variant blue'],
      [`preview ${FLAG}`, 2, 'FLAG=VARIANT'],
      [`preview ${FLAG}=on --for ever`, 2, 'a time such as'],
    ],
  },
  audit: {
    does: [
      ['audit', 'finish'],
      [`audit ${STAGED} --limit 3`, 'resume'],
    ],
    refuses: [stranger('audit'), ['audit --limit 0', 1, 'limit']],
  },
  feedback: { does: [['feedback', 'Nobody has written']], refuses: [stranger('feedback')] },
  token: { does: [], refuses: [['token', 2, 'token']] },
  'token create': {
    does: [['token create ci --role operator --days 1', /^sluice_/]],
    refuses: [
      ['token create ci --role king', 2, 'king'],
      ['token create other --token-file looker.txt', 1, 'this needs admin'],
    ],
  },
  'token list': {
    does: [['token list', 'operator']],
    refuses: [['token list --token-file looker.txt', 1, 'needs admin']],
  },
  'token revoke': {
    does: [['token revoke ci', 'revoked ci']],
    refuses: [['token revoke nobody', 1, 'nobody']],
  },
  webhook: {
    does: [['webhook HOOK', 'answered 200']],
    refuses: [['webhook http://elsewhere.test/', 1, 'no such webhook']],
  },
  profile: { does: [], refuses: [['profile', 2, 'profile']] },
  'profile add': {
    does: [
      ['profile add main', 'main is http'],
      ['profile add other --url https://gate.test', 'other is'],
    ],
    refuses: [['profile add bad --url ftp://x', 2, 'no http(s) URL']],
  },
  'profile list': {
    does: [['profile list', 'main *']],
    refuses: [['profile list x', 2, 'too many arguments']],
  },
  'profile use': {
    does: [['profile use other', 'other is the current']],
    refuses: [['profile use nobody', 2, 'no profile nobody']],
  },
  'profile remove': {
    does: [['profile remove other', 'forgot other']],
    refuses: [['profile remove other', 2, 'no profile other']],
  },
  completion: {
    does: [['completion bash', 'complete -o filenames']],
    refuses: [['completion cmd', 2, 'no completion for cmd']],
  },
}

/** Verbs whose work needs more than a line; the tests below, or others, do it. */
const DONE_BELOW = ['deploy', 'dev', 'watch', 'flags', 'token', 'profile']
/** Verbs that other tests walk. */
const ELSEWHERE = ['import', 'export']

/** Splits a line at spaces; what a test writes holds no others. */
const wordsOf = (line: string) => line.replace(NO_TOKEN, '').replace('HOOK', `${origin.url}/hook`).split(' ')

async function tokens(): Promise<void> {
  const made = await gate.admin.call('createToken', { body: { name: 'looker', role: 'viewer' } })
  await writeFile(join(cwd, 'looker.txt'), made.token)
}

describe('every verb', () => {
  beforeAll(tokens)
  const settings = (line: string) => ({
    cwd,
    env: {
      SLUICE_CONFIG_DIR: join(cwd, 'profiles'),
      ...(line.startsWith(NO_TOKEN) && { SLUICE_TOKEN: '' }),
    },
  })

  for (const [verb, { does, refuses }] of Object.entries(WALKS)) {
    it(`${verb}: does its work, and is refused`, async () => {
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
    const paths = VERBS.flatMap((verb: Verb) => [
      verb.name,
      ...(verb.verbs ?? []).map(({ name }) => `${verb.name} ${name}`),
    ])
    expect(Object.keys(WALKS).sort()).toEqual(
      paths.filter((path) => !ELSEWHERE.includes(path.split(' ')[0] ?? '')).sort(),
    )
    const idle = Object.entries(WALKS).filter(([, { does }]) => does.length === 0)
    expect(idle.map(([verb]) => verb).sort()).toEqual([...DONE_BELOW].sort())
    expect(Object.values(WALKS).every(({ refuses }) => refuses.length > 0)).toBe(true)
  })
})

function matching(says: string | RegExp): RegExp {
  return typeof says === 'string' ? new RegExp(says.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : says
}

describe('with --json', () => {
  it.each([
    ['check', { valid: true }],
    ['diff', { changes: [] }],
    ['history', { current: expect.any(Number) }],
    ['flags list', { flags: expect.any(Array) }],
    [`flags get ${FLAG}`, { summary: { key: FLAG } }],
    [`pause ${FLAG} --reason json`, { via: 'controller', epoch: expect.any(Number) }],
    [`kill ${FLAG} --wait`, { waitedMs: expect.any(Number), convergence: { converged: true } }],
    [`unkill ${FLAG}`, { stillKilled: false }],
    ['status', { controller: 'ok' }],
    [`explain ${FLAG} --key ada`, { targetingKey: 'ada' }],
    [`preview ${FLAG}=on`, { url: expect.stringContaining('/__sluice/preview') }],
    ['audit --limit 1', { records: [{ action: 'preview-created' }] }],
    ['token list', { tokens: expect.any(Array) }],
    ['stale', { flags: [] }],
  ])('%s prints one value and nothing else', async (line, expected) => {
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
    expect((await run(['status'], { env })).err).toContain('nobody listens there')
    expect((await run(['status', '--profile', 'main'], { env })).code).toBe(0)
    expect((await run(['status'], { env: { ...env, SLUICE_PROFILE: 'main' } })).code).toBe(0)
    expect((await run(['status', '--url', gate.url], { env })).code).toBe(0)
    expect((await run(['status', '--url', elsewhere], { env: { ...env, SLUICE_URL: gate.url } })).code).toBe(
      1,
    )
    expect((await run(['status', '--profile', 'nobody'], { env })).code).toBe(2)
    const file = JSON.parse(await readFile(join(cwd, 'own/profiles.json'), 'utf8'))
    expect(file.profiles.main).toEqual({ url: gate.url, token: ADMIN_TOKEN })
  })

  it('that does not answer is a matter of exit code 1, with a word on what to do', async () => {
    const ran = await run(['status', '--url', elsewhere, '--json'])
    expect([ran.code, JSON.parse(ran.out).error.kind]).toEqual([1, 'unreachable'])
  })
})
