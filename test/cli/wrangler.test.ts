/** What is done with wrangler: the kill list without the gate, deployments, namespaces. No process is started. */
import { EventEmitter } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { GATE_MAIN } from '../../src/cli/document/gate-folder.ts'
import { Refused, scriptedGate } from './gate/scripted-gate.ts'
import { folder } from './gate/transcript.ts'
import { emptyFolder, type RunOptions, sluice } from './support.ts'

type Step = { code?: number | null; out?: string; err?: string; error?: string }
type Started = { args: string[]; cwd: string; env: Record<string, string>; input: string }
const fake = vi.hoisted(() => ({ steps: [] as Step[], calls: [] as Started[], files: [] as unknown[][] }))

vi.mock('node:child_process', async (original) => ({ ...(await original<object>()), spawn }))
vi.mock('../../src/cli/document/gate-folder.ts', async (original) => ({
  ...(await original<object>()),
  writeGateFiles: async (...args: unknown[]) => {
    fake.files.push(args)
    return ['a', 'b']
  },
}))

/** Gives one step after the other, and good ends when there are no more. */
function spawn(_node: string, [script, ...args]: string[], { cwd, env }: Omit<Started, 'args'>) {
  expect(script).toMatch(/node_modules\/wrangler\/bin\/wrangler\.js$/)
  const { code = 0, out = '', err = '', error } = fake.steps.shift() ?? {}
  const started: Started = { args, cwd, env, input: '' }
  fake.calls.push(started)
  const streams = { stdout: new PassThrough(), stderr: new PassThrough(), stdin: new PassThrough() }
  const child = Object.assign(new EventEmitter(), streams)
  streams.stdin.setEncoding('utf8').on('data', (text: string) => {
    started.input += text
  })
  streams.stdin.on('end', () => {
    if (error !== undefined) return child.emit('error', new Error(error))
    streams.stdout.end(out)
    streams.stderr.end(err)
    setTimeout(() => child.emit('close', code), 2)
  })
  return child
}

beforeEach(() => {
  fake.calls.length = 0
  fake.steps.length = 0
  fake.files.length = 0
})

const NAMESPACE = 'abcdef0123456789abcdef0123456789'
const REMOTE = ['--binding', 'GATE', '--remote', '--preview', 'false']
const LOGIN = { CLOUDFLARE_API_TOKEN: 'x' }
const calls = () => fake.calls.map(({ args }) => args)

async function gateFolder(toml = 'name = "mine"\n'): Promise<string> {
  const cwd = await folder()
  await writeFile(join(cwd, 'wrangler.toml'), toml)
  return cwd
}

describe('the kill list without the gate', () => {
  const env = { SLUICE_URL: 'https://gate.test', ...LOGIN }

  it.each([
    ['kill f', '["a","b"]', ['a', 'b'], ['a', 'b', 'f']],
    ['kill f', '["f","a"]', ['f', 'a'], ['a', 'f']],
    ['kill f', '', [], ['f']],
    ['kill f', 'Value not found\n', [], ['f']],
    ['kill --all --yes', '["a"]', ['a'], ['a', '*']],
    ['unkill f', '["a","f"]\n', ['a', 'f'], ['a']],
    ['unkill f', '["f"]', ['f'], []],
    ['unkill --all', '["a","*"]', ['a', '*'], ['a']],
  ])('"%s" keeps the others on %s', async (line, list, before, after) => {
    const cwd = await gateFolder()
    for (const isJson of [false, true]) {
      fake.calls.length = 0
      fake.steps.push({ out: list })
      const ran = await sluice([...line.split(' '), '--kv', ...(isJson ? ['--json'] : [])], { cwd, env })
      const text = `The kill list in KV (on Cloudflare) is now ${JSON.stringify(after)}. Isolates read it every 30 s; not measured\n`
      expect({ ...ran, out: isJson ? JSON.parse(ran.out) : ran.out }).toEqual({
        code: 0,
        err: '',
        out: isJson ? { via: 'wrangler', where: 'on Cloudflare', before, after, measured: false } : text,
      })
      expect(calls()).toEqual([
        ['kv', 'key', 'get', 'kill', '--text', ...REMOTE],
        ['kv', 'key', 'put', 'kill', JSON.stringify(after), ...REMOTE],
      ])
    }
  })

  it.each([
    { code: 1, err: '✘ [ERROR] 404: Not Found' },
    { code: 1, out: 'key not found' },
  ])('a list that is not there is empty: %j', async (step) => {
    fake.steps.push(step)
    await sluice(['kill', 'f', '--kv'], { cwd: await gateFolder(), env })
    expect(calls()[1]?.[4]).toBe('["f"]')
  })

  it.each([
    [{ code: 1, err: '✘ [ERROR] network is down' }, 'Cannot read the kill list in KV: network is down'],
    [{ code: null, err: '' }, 'Cannot read the kill list in KV: it printed no reason'],
    [{ out: 'oops' }, 'Cannot change the kill list in KV: it must be a list of flags, not oops'],
    [
      { out: 'x'.repeat(90) },
      `Cannot change the kill list in KV: it must be a list of flags, not ${'x'.repeat(80)}`,
    ],
    [{ out: '{"a":1}' }, 'Cannot change the kill list in KV: it must be a list of flags, not {"a":1}'],
    [{ error: 'EACCES' }, 'Cannot run wrangler: EACCES'],
  ])('a list that cannot be read is not written over: %j', async (step, message) => {
    fake.steps.push(step)
    const ran = await sluice(['kill', 'f', '--kv'], { cwd: await gateFolder(), env })
    expect(ran).toEqual({ code: 1, out: '', err: `${message}\n` })
    expect(calls()).toHaveLength(1)
  })

  it('a list that cannot be written is a failure', async () => {
    fake.steps.push({ out: '[]' }, { code: 1, err: 'denied' })
    const ran = await sluice(['kill', 'f', '--kv'], { cwd: await gateFolder(), env })
    expect(ran).toEqual({ code: 1, out: '', err: 'Cannot write KV: denied\n' })
  })

  it.each(['http://127.0.0.1:2', 'http://localhost:2', 'http://[::1]:2'])(
    'of %s is the local one',
    async (url) => {
      const cwd = await gateFolder()
      const state = async () => {
        fake.calls.length = 0
        fake.steps.push({ out: '[]' })
        const ran = await sluice(['kill', 'f', '--kv'], { cwd, env: { SLUICE_URL: url } })
        expect(ran.out).toContain('(local) is now ["f"]')
        expect(fake.calls[0]).toMatchObject({
          cwd,
          env: { NO_COLOR: '1', CI: '1', WRANGLER_SEND_METRICS: 'false' },
        })
        return calls()[0]?.slice(5)
      }
      const place = (folder: string) => ['--namespace-id', '0'.repeat(32), '--local', '--persist-to', folder]
      expect(await state()).toEqual(place('.sluice/state'))
      await mkdir(join(cwd, '.wrangler/state'), { recursive: true })
      expect(await state()).toEqual(place('.wrangler/state'))
      await mkdir(join(cwd, '.sluice/state'), { recursive: true })
      expect(await state()).toEqual(place('.sluice/state'))
    },
  )

  it('without wrangler.toml or a login it says what to run', async () => {
    const home = await emptyFolder()
    const byHand = `npx wrangler kv key put kill '["f"]' --binding GATE --remote`
    const run = (cwd: string, more: Record<string, string>) =>
      sluice(['kill', 'f', '--kv'], { cwd, env: { SLUICE_URL: 'https://gate.test', ...more } })
    expect(await run(await folder(), LOGIN)).toEqual({
      code: 1,
      out: '',
      err: `Cannot write KV: this folder has no wrangler.toml. In the folder of the gate, run: ${byHand}\n`,
    })
    vi.stubEnv('HOME', home)
    const cwd = await gateFolder()
    for (const more of [{}, { CLOUDFLARE_API_KEY: 'k' }, { CLOUDFLARE_EMAIL: 'e' }])
      expect(await run(cwd, { XDG_CONFIG_HOME: home, ...more })).toEqual({
        code: 1,
        out: '',
        err: `Cannot write KV: wrangler is not logged in. Set CLOUDFLARE_API_TOKEN or run "npx wrangler login", then: ${byHand}\n`,
      })
    expect(calls()).toEqual([])
    expect((await run(cwd, { CLOUDFLARE_API_KEY: 'k', CLOUDFLARE_EMAIL: 'e' })).code).toBe(0)
    await mkdir(join(home, 'xdg/.wrangler/config'), { recursive: true })
    await writeFile(join(home, 'xdg/.wrangler/config/default.toml'), '')
    expect((await run(cwd, { XDG_CONFIG_HOME: join(home, 'xdg') })).code).toBe(0)
    for (const place of ['.config/.wrangler/config', '.wrangler/config']) {
      vi.stubEnv('HOME', join(home, place.slice(0, 5)))
      await mkdir(join(home, place.slice(0, 5), place), { recursive: true })
      await writeFile(join(home, place.slice(0, 5), place, 'default.toml'), '')
      expect((await run(cwd, {})).code, place).toBe(0)
    }
    vi.unstubAllEnvs()
  })

  it('is where a kill goes when the gate is down, and only then', async () => {
    const cwd = await gateFolder()
    const away = await sluice(['kill', 'f', '--wait'], { cwd, env: { SLUICE_URL: 'http://127.0.0.1:2' } })
    expect([away.code, away.err]).toEqual([
      0,
      'Cannot reach the gate: connection refused. Writing the kill list in KV instead\n',
    ])
    expect(away.out).toContain('The kill list in KV (local) is now ["f"]')
    fake.calls.length = 0
    const failing = await scriptedGate({ commandFlag: new Refused(500, 'no Controller') })
    expect(await failing.run('kill f', { cwd })).toMatchObject({
      code: 0,
      err: 'no Controller. Writing the kill list in KV instead\n',
    })
    expect((await failing.run('unkill f', { cwd })).code).toBe(1)
    expect(calls()).toHaveLength(2)
    for (const status of [400, 401, 404, 409, 429]) {
      const gate = await scriptedGate({ commandFlag: new Refused(status, 'no') })
      expect(await gate.run('kill f', { cwd }), String(status)).toMatchObject({ code: 1, out: '' })
    }
    expect(calls()).toHaveLength(2)
  })
})

describe('deploy', () => {
  const deploy = (cwd: string, args: string[] = ['--yes'], options: RunOptions = {}) =>
    sluice(['deploy', ...args], { cwd, env: LOGIN, ...options })
  const TOML = `name = "mine"\nmain = "${GATE_MAIN}"\n[[kv_namespaces]]\nbinding = "OTHER"\nid = "1"\n[[kv_namespaces]]\nbinding = "GATE"\nid = "${'0'.repeat(32)}"\n`
  const DEPLOYED = { out: 'Uploaded\nhttps://mine.me.workers.dev\nhttps://x.test' }

  it('creates what is missing: the namespace, the secrets; the token is shown', async () => {
    const cwd = await gateFolder(TOML)
    fake.steps.push({ out: `{ "binding": "GATE", "id": "${NAMESPACE}" }` }, DEPLOYED, { out: '[]' })
    const ran = await deploy(cwd)
    const token = fake.calls[3]?.input ?? ''
    expect(token).toMatch(/^[\w-]{32}$/)
    expect(ran).toEqual({
      code: 0,
      err: `created the KV namespace ${NAMESPACE} and added it to wrangler.toml\n`,
      out: `✔ deployed mine to https://mine.me.workers.dev\nadmin token ${token} (shown only once; store it: sluice profile add)\n`,
    })
    expect(calls()).toEqual([
      ['kv', 'namespace', 'create', 'GATE'],
      ['deploy'],
      ['secret', 'list', '--format', 'json'],
      ['secret', 'put', 'ADMIN_TOKEN'],
      ['secret', 'put', 'SIGNING_KEY'],
    ])
    expect(fake.calls[4]?.input).not.toBe(token)
    expect(await readFile(join(cwd, 'wrangler.toml'), 'utf8')).toBe(TOML.replace('0'.repeat(32), NAMESPACE))
    expect(fake.files).toEqual([[cwd, await readFile(join(cwd, 'gate.json'), 'utf8')]])
  })

  it('leaves alone what is there', async () => {
    const cwd = await gateFolder(TOML.replace('0'.repeat(32), NAMESPACE).replace(GATE_MAIN, 'own.ts'))
    fake.steps.push({ out: 'no address' }, { out: '[{"name":"ADMIN_TOKEN"},{"name":"SIGNING_KEY"}]' })
    expect(await deploy(cwd)).toEqual({ code: 0, err: '', out: '✔ deployed mine\n' })
    expect(calls()).toEqual([['deploy'], ['secret', 'list', '--format', 'json']])
    fake.steps.push(DEPLOYED, { out: '[{"name":"ADMIN_TOKEN"}]' })
    const json = JSON.parse((await deploy(cwd, ['--yes', '--json'])).out)
    expect(json).toEqual({
      ...{ deployed: true, name: 'mine', url: 'https://mine.me.workers.dev' },
      secretsMade: { SIGNING_KEY: fake.calls.at(-1)?.input },
    })
    fake.calls.length = 0
    expect(await deploy(cwd, ['--yes', '--no-secrets', '--json'])).toMatchObject({ code: 0 })
    expect(calls()).toEqual([['deploy']])
    expect(fake.files).toEqual([])
  })

  it('--dry-run asks for nothing and creates nothing', async () => {
    const home = await emptyFolder()
    const cwd = await gateFolder(TOML)
    const ran = await deploy(cwd, ['--dry-run'], { env: { XDG_CONFIG_HOME: home } })
    expect(ran).toEqual({ code: 0, err: '', out: '✔ ready to deploy\n' })
    expect(calls()).toEqual([['deploy', '--dry-run']])
    expect(fake.files).toHaveLength(1)
    const json = await deploy(cwd, ['--dry-run', '--json'])
    expect(JSON.parse(json.out)).toEqual({ deployed: false, dryRun: true })
  })

  it.each([
    [[{ code: 1, err: 'denied' }], 'Cannot deploy: the KV namespace could not be created: denied', 1],
    [[{ out: 'id = "12"' }], 'Cannot deploy: the KV namespace could not be created: id = "12"', 1],
    [
      [{ error: 'EACCES' }],
      'Cannot deploy: the KV namespace could not be created: Cannot run wrangler: EACCES',
      1,
    ],
    [[{ out: `id = "${NAMESPACE}"` }, { code: 2, err: 'too large' }], 'wrangler deploy failed: too large', 2],
    [
      [{ out: `id: "${NAMESPACE}"` }, {}, { code: 1 }],
      'wrangler secret list failed: it printed no reason',
      3,
    ],
    [
      [{ out: `id="${NAMESPACE}"` }, {}, { out: '[]' }, { code: 1, err: 'no' }],
      'wrangler secret put failed: no',
      4,
    ],
  ])('stops where wrangler fails (%#)', async (steps, message, count) => {
    fake.steps.push(...steps)
    const ran = await deploy(await gateFolder(TOML))
    expect([ran.code, ran.out, ran.err.split('\n').at(-2)]).toEqual([1, '', message])
    expect(calls()).toHaveLength(count)
  })

  it('refuses before anything is run', async () => {
    const home = await emptyFolder()
    vi.stubEnv('HOME', home)
    const cwd = await gateFolder()
    expect(await deploy(cwd, ['--yes'], { env: { XDG_CONFIG_HOME: home } })).toMatchObject({
      code: 1,
      err: 'Cannot deploy: wrangler is not logged in. Set CLOUDFLARE_API_TOKEN, or run: npx wrangler login\n',
    })
    vi.unstubAllEnvs()
    const broken = await deploy(await gateFolder('name = '))
    expect([broken.code, broken.err]).toEqual([
      1,
      expect.stringMatching(/^Cannot deploy: wrangler.toml must be valid TOML: /),
    ])
    expect((await deploy(cwd, ['bad.json', '--yes'])).err).toMatch(
      /^bad.json has 2 problems\nbad.json:1:2 {2}\$/,
    )
    expect(calls()).toEqual([])
    fake.steps.push({}, { out: '[]' })
    expect((await deploy(await gateFolder('main = "x"'))).out).toMatch(/^✔ deployed the gate\n/)
  })
})
