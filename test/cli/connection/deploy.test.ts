/** `sluice deploy`: what it runs, what it creates, and where it stops. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { GATE_MAIN } from '../../../src/cli/document/gate-folder.ts'
import { emptyFolder, type RunOptions, sluice } from '../gate/support.ts'
import { calls, forget, gateFolder, LOGIN, NAMESPACE, started, steps } from '../gate/wrangler-process.ts'

const files = vi.hoisted(() => [] as unknown[][])
vi.mock('node:child_process', async (original) => ({
  ...(await original<object>()),
  spawn: (await import('../gate/wrangler-process.ts')).spawn,
}))
vi.mock('../../../src/cli/document/gate-folder.ts', async (original) => ({
  ...(await original<object>()),
  writeGateFiles: async (...args: unknown[]) => {
    files.push(args)
    return ['a', 'b']
  },
}))
beforeEach(() => {
  forget()
  files.length = 0
})

describe('deploy', () => {
  const deploy = (cwd: string, args: string[] = ['--yes'], options: RunOptions = {}) =>
    sluice(['deploy', ...args], { cwd, env: LOGIN, ...options })
  const TOML = `name = "mine"\nmain = "${GATE_MAIN}"\n[[kv_namespaces]]\nbinding = "OTHER"\nid = "1"\n[[kv_namespaces]]\nbinding = "GATE"\nid = "${'0'.repeat(32)}"\n`
  const DEPLOYED = { out: 'Uploaded\nhttps://mine.me.workers.dev\nhttps://x.test' }

  it('creates what is missing: the namespace, the secrets; the token is shown', async () => {
    const cwd = await gateFolder(TOML)
    steps.push({ out: `{ "binding": "GATE", "id": "${NAMESPACE}" }` }, DEPLOYED, { out: '[]' })
    const ran = await deploy(cwd)
    const token = started[3]?.input ?? ''
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
    expect(started[4]?.input).not.toBe(token)
    expect(await readFile(join(cwd, 'wrangler.toml'), 'utf8')).toBe(TOML.replace('0'.repeat(32), NAMESPACE))
    expect(files).toEqual([[cwd, await readFile(join(cwd, 'gate.json'), 'utf8')]])
  })

  it('leaves alone what is there', async () => {
    const cwd = await gateFolder(TOML.replace('0'.repeat(32), NAMESPACE).replace(GATE_MAIN, 'own.ts'))
    steps.push({ out: 'no address' }, { out: '[{"name":"ADMIN_TOKEN"},{"name":"SIGNING_KEY"}]' })
    expect(await deploy(cwd)).toEqual({ code: 0, err: '', out: '✔ deployed mine\n' })
    expect(calls()).toEqual([['deploy'], ['secret', 'list', '--format', 'json']])
    steps.push(DEPLOYED, { out: '[{"name":"ADMIN_TOKEN"}]' })
    const json = JSON.parse((await deploy(cwd, ['--yes', '--json'])).out)
    expect(json).toEqual({
      ...{ deployed: true, name: 'mine', url: 'https://mine.me.workers.dev' },
      secretsMade: { SIGNING_KEY: started.at(-1)?.input },
    })
    started.length = 0
    expect(await deploy(cwd, ['--yes', '--no-secrets', '--json'])).toMatchObject({ code: 0 })
    expect(calls()).toEqual([['deploy']])
    expect(files).toEqual([])
  })

  it('--dry-run asks for nothing and creates nothing', async () => {
    const home = await emptyFolder()
    const cwd = await gateFolder(TOML)
    const ran = await deploy(cwd, ['--dry-run'], { env: { XDG_CONFIG_HOME: home } })
    expect(ran).toEqual({ code: 0, err: '', out: '✔ ready to deploy\n' })
    expect(calls()).toEqual([['deploy', '--dry-run']])
    expect(files).toHaveLength(1)
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
  ])('stops where wrangler fails (%#)', async (given, message, count) => {
    steps.push(...given)
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
    steps.push({}, { out: '[]' })
    expect((await deploy(await gateFolder('main = "x"'))).out).toMatch(/^✔ deployed the gate\n/)
  })
})
