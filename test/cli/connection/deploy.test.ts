/** `sluice deploy`: what it runs, what it creates, where it puts the dashboard and the secrets, and where it stops. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { isHost, readToml, withAdminHost } from '../../../src/cli/base/wrangler-toml.ts'
import { lackText } from '../../../src/cli/connection/wrangler.ts'
import { GATE_MAIN } from '../../../src/cli/document/gate-folder.ts'
import { emptyFolder, type RunOptions, sluice } from '../gate/support.ts'
import {
  calls,
  forget,
  gateFolder,
  LOGIN,
  NAMESPACE,
  started,
  steps,
  tomlIn,
} from '../gate/wrangler-process.ts'

const files = vi.hoisted(() => [] as unknown[][])
const prompts = vi.hoisted(() => ({ answer: '' as unknown, asked: [] as string[] }))
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
vi.mock('@clack/prompts', () => ({
  text: async ({ message }: { message: string }) => {
    prompts.asked.push(message)
    return prompts.answer
  },
  confirm: async () => true,
  isCancel: (value: unknown) => typeof value === 'symbol',
}))
beforeEach(() => {
  forget()
  files.length = prompts.asked.length = 0
})

const HOST = 'mine.me.workers.dev'
const KV = (id: string) =>
  `[[kv_namespaces]]\nbinding = "OTHER"\nid = "1"\n[[kv_namespaces]]\nbinding = "GATE"\nid = "${id}"\n`
const TOML = `name = "mine"\nmain = "${GATE_MAIN}"\n${KV('0'.repeat(32))}`
/** With a namespace, and a host for the dashboard. */
const SETTLED = `name = "mine"\nworkers_dev = true\n${KV(NAMESPACE)}[vars]\nADMIN_HOST = "${HOST}"\n`
const DEPLOYED = { out: `Uploaded\nhttps://${HOST}\nhttps://x.test` }
const HAS_SECRETS = { out: '[{"name":"ADMIN_TOKEN"},{"name":"SIGNING_KEY"}]' }
const DEPLOY_AND_SECRETS = [
  ['deploy'],
  ['secret', 'list', '--format', 'json'],
  ['secret', 'put', 'ADMIN_TOKEN'],
  ['secret', 'put', 'SIGNING_KEY'],
]

async function deploy(cwd: string, args: string[] = ['--yes'], options: RunOptions = {}) {
  const env = { ...LOGIN, SLUICE_CONFIG_DIR: join(cwd, 'config'), ...options.env }
  return await sluice(['deploy', ...args], { cwd, ...options, env })
}
const profilesIn = async (cwd: string) =>
  JSON.parse(await readFile(join(cwd, 'config/profiles.json'), 'utf8'))

describe('deploy', () => {
  it('creates what is missing: the namespace, a host for the dashboard, the secrets', async () => {
    const cwd = await gateFolder(TOML)
    steps.push({ out: `{ "binding": "GATE", "id": "${NAMESPACE}" }` }, DEPLOYED, DEPLOYED, { out: '[]' })
    const ran = await deploy(cwd)
    expect(ran).toEqual({
      code: 0,
      err: `Durable Objects are made near the first request, and cannot be moved later: --jurisdiction eu and --location-hint name other places\ncreated the KV namespace ${NAMESPACE} and added it to wrangler.toml\nthe dashboard and the admin API answer on ${HOST} alone: added ADMIN_HOST to wrangler.toml\n`,
      out: `✔ deployed mine to https://${HOST}\ndashboard https://${HOST}/__sluice/ui\nthe admin token is in the profile mine; for the dashboard, make one: sluice token create NAME --role admin --profile mine\n`,
    })
    expect(calls()).toEqual([['kv', 'namespace', 'create', 'GATE'], ['deploy'], ...DEPLOY_AND_SECRETS])
    const edited = TOML.replace('0'.repeat(32), NAMESPACE)
    expect(await tomlIn(cwd)).toBe(
      `${edited.replace('name = "mine"', 'name = "mine"\nworkers_dev = true')}\n[vars]\nADMIN_HOST = "${HOST}"\n`,
    )
    expect(files).toEqual([[cwd, await readFile(join(cwd, 'gate.json'), 'utf8')]])
    const [token, key] = started.slice(-2).map(({ input }) => input)
    expect([token, key]).toEqual([expect.stringMatching(/^[\w-]{32}$/), expect.stringMatching(/^[\w-]{32}$/)])
    expect(key).not.toBe(token)
    expect(await profilesIn(cwd)).toEqual({
      current: 'mine',
      profiles: { mine: { url: `https://${HOST}`, token } },
    })
  })

  it('leaves alone what is there', async () => {
    const cwd = await gateFolder(SETTLED)
    steps.push({ out: 'no address' }, HAS_SECRETS)
    const said = `✔ deployed mine\ndashboard https://${HOST}/__sluice/ui\n`
    expect(await deploy(cwd)).toEqual({ code: 0, err: '', out: said })
    expect(calls()).toEqual(DEPLOY_AND_SECRETS.slice(0, 2))
    expect(await tomlIn(cwd)).toBe(SETTLED)
    started.length = 0
    expect(await deploy(cwd, ['--yes', '--no-secrets', '--json'])).toMatchObject({ code: 0 })
    expect(calls()).toEqual([['deploy']])
    expect(files).toEqual([])
  })

  it('--dry-run asks for nothing and creates nothing', async () => {
    const home = await emptyFolder()
    const cwd = await gateFolder(TOML)
    const ran = await deploy(cwd, ['--dry-run'], { env: { CLOUDFLARE_API_TOKEN: '', XDG_CONFIG_HOME: home } })
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(ran.out.split('\n')).toEqual([
      '✔ ready to deploy',
      'Worker      mine',
      'hosts       its address on workers.dev',
      'dashboard   its address on workers.dev, unless --admin-host names another',
      'KV          a new namespace for GATE',
      "objects     near the first visitors; JURISDICTION and LOCATION_HINT can't be changed after the first deployment",
      'secrets     ADMIN_TOKEN, SIGNING_KEY',
      'document    gate.json: old http://old.test, new http://new.test',
      'flags       f begins at 0 %',
      expect.stringMatching(/^visitors {4}none yet/),
      expect.stringMatching(/^cost {8}no flag is judged/),
      '',
    ])
    expect(calls()).toEqual([['deploy', '--dry-run']])
    expect(files).toHaveLength(1)
    const json = await deploy(cwd, ['--dry-run', '--json'])
    expect(JSON.parse(json.out)).toMatchObject({ deployed: false, dryRun: true, plan: { worker: 'mine' } })
    expect(await tomlIn(cwd)).toBe(TOML)
  })

  it('--dry-run lists what the options would write, and writes nothing', async () => {
    const cwd = await gateFolder(TOML)
    const places = ['--jurisdiction', 'eu', '--location-hint', 'weur', '--admin-host', 'x.example.net']
    const { code, out } = await deploy(cwd, ['--dry-run', ...places])
    expect(code).toBe(0)
    expect(out).toContain('\nhosts       x.example.net (custom domain)\ndashboard   x.example.net\n')
    expect(out).toContain('\nobjects     in the jurisdiction eu, the Controller in weur; ')
    expect(await tomlIn(cwd)).toBe(TOML)
    expect((await deploy(cwd, ['--dry-run', '--no-admin-host'])).out).toContain(
      'dashboard   the host of the site\n',
    )
  })

  it.each([['--dry-run'], ['--yes']])(
    '%s refuses places that there are none of, wherever they are named',
    async (how) => {
      const cwd = await gateFolder(TOML)
      for (const [option, value] of [
        ['--jurisdiction', 'mars'],
        ['--location-hint', 'moon'],
        ['--admin-host', 'https://x.test'],
      ] as const)
        expect(await deploy(cwd, [how, option, value])).toMatchObject({
          code: 2,
          err: expect.stringContaining(`${option} must be`),
        })
      for (const line of [
        'JURISDICTION = "mars"',
        'LOCATION_HINT = "moon"',
        'JURISDICTION = 1',
        'JURISDICTION = "EU"',
      ]) {
        const ran = await deploy(await gateFolder(`${TOML}[vars]\n${line}\n`), [how])
        expect(ran.code).toBe(1)
        expect(ran.out + ran.err).toContain(`${line.split(' ')[0]} must be one of `)
        expect(ran.out).not.toContain('✔')
      }
      expect(calls()).toEqual([])
    },
  )

  const named = `id = "${NAMESPACE}"`
  it.each([
    [[{ code: 1, err: 'denied' }], 'Cannot deploy: the KV namespace could not be created: denied', 1],
    [[{ out: 'id = "12"' }], 'Cannot deploy: the KV namespace could not be created: id = "12"', 1],
    [
      [{ error: 'EACCES' }],
      'Cannot deploy: the KV namespace could not be created: Cannot run wrangler: EACCES',
      1,
    ],
    [[{ out: named }, { code: 2, err: 'too large' }], 'wrangler deploy failed: too large', 2],
    [[{ out: named }, DEPLOYED, { code: 1, err: 'no' }], 'wrangler deploy failed: no', 3],
    [[{ out: named }, DEPLOYED, {}, { code: 1 }], 'wrangler secret list failed: it printed no reason', 4],
    [
      [{ out: named }, DEPLOYED, {}, { out: '[]' }, { code: 1, err: 'no' }],
      'wrangler secret put failed: no',
      5,
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
    const out = { CLOUDFLARE_API_TOKEN: '', XDG_CONFIG_HOME: home }
    expect(await deploy(cwd, ['--yes'], { env: out })).toMatchObject({
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
    expect((await deploy(cwd, ['--yes', '--admin-host', 'https://x.test'])).err).toBe(
      '--admin-host must be a host such as sluice.example.net, not https://x.test\n',
    )
    expect(calls()).toEqual([])
  })

  it('shows the name of the Worker on one line, whatever the folder says', async () => {
    steps.push({}, HAS_SECRETS)
    const ran = await deploy(await gateFolder('name = "mine\\n✔ deployed evil\\u001b[2J"\n'), [
      '--yes',
      '--no-admin-host',
    ])
    expect(ran.out).toBe('✔ deployed mine\\n✔ deployed evil\\u{1b}[2J\n')
  })
})

describe('the secrets', () => {
  it.each([[['--yes']], [['--yes', '--json']]])('are not printed with %j', async (args) => {
    const cwd = await gateFolder(SETTLED)
    steps.push(DEPLOYED, { out: '[]' })
    const { out, err } = await deploy(cwd, args)
    const made = started.slice(-2).map(({ input }) => input)
    for (const value of made) expect(out + err).not.toContain(value)
    const { profiles } = await profilesIn(cwd)
    expect(made).toEqual([profiles.mine.token, expect.stringMatching(/^[\w-]{32}$/)])
    if (args.includes('--json')) {
      expect(JSON.parse(out)).toEqual({
        ...{ deployed: true, name: 'mine', url: `https://${HOST}`, adminHost: HOST },
        ...{ secretsMade: ['ADMIN_TOKEN', 'SIGNING_KEY'], profile: 'mine' },
      })
    }
  })

  it('are printed, and not stored, with --print-secrets', async () => {
    const cwd = await gateFolder(SETTLED)
    steps.push(DEPLOYED, { out: '[]' }, {}, {}, DEPLOYED, { out: '[{"name":"ADMIN_TOKEN"}]' })
    const { out } = await deploy(cwd, ['--yes', '--print-secrets'])
    const [token, key] = started.slice(-2).map(({ input }) => input)
    expect(out).toContain(`\nADMIN_TOKEN ${token}\nSIGNING_KEY ${key}\n`)
    await expect(profilesIn(cwd)).rejects.toThrow('ENOENT')
    const json = JSON.parse((await deploy(cwd, ['--yes', '--print-secrets', '--json'])).out)
    expect(json).toMatchObject({
      secretsMade: ['SIGNING_KEY'],
      profile: null,
      secrets: { SIGNING_KEY: started.at(-1)?.input },
    })
  })

  it('take no profile of another gate, and keep the current one', async () => {
    const cwd = await gateFolder(SETTLED)
    const other = { url: 'https://other.test', token: 'x' }
    await sluice(['profile', 'add', 'mine', '--url', other.url, '--yes'], {
      env: { SLUICE_CONFIG_DIR: join(cwd, 'config'), SLUICE_TOKEN: 'x' },
    })
    for (let time = 0; time < 2; time++) {
      steps.push(DEPLOYED, { out: '[{"name":"SIGNING_KEY"}]' })
      await deploy(cwd)
      expect(await profilesIn(cwd)).toEqual({
        current: 'mine',
        profiles: { mine: other, 'mine-2': { url: `https://${HOST}`, token: started.at(-1)?.input } },
      })
    }
  })

  it('wait for an address', async () => {
    const cwd = await gateFolder('name = "mine"\nworkers_dev = false\n')
    steps.push({}, { out: '[]' })
    const ran = await deploy(cwd)
    expect(ran.err).toBe(
      'The site shares the host of the dashboard, as ADMIN_HOST is not set: add --admin-host HOST\nADMIN_TOKEN was not created, as the gate has no address yet to store it for. Run: sluice deploy --print-secrets\n',
    )
    expect(calls()).toEqual([
      ['deploy'],
      ['secret', 'list', '--format', 'json'],
      ['secret', 'put', 'SIGNING_KEY'],
    ])
  })
})

describe('the host of the dashboard', () => {
  const BARE = `name = "mine"\nworkers_dev = false\nroutes = [{ pattern = "www.test/*", zone_name = "www.test" }]\n`
  const settled = async (toml: string, args: string[], options: RunOptions = {}) => {
    const cwd = await gateFolder(toml)
    steps.push(DEPLOYED, HAS_SECRETS)
    const ran = await deploy(cwd, args, options)
    expect(ran.code).toBe(0)
    return {
      ...readToml(await tomlIn(cwd)),
      ran,
      deploys: calls().filter(([what]) => what === 'deploy').length,
    }
  }

  it('is the custom domain of --admin-host', async () => {
    const { adminHost, text, deploys } = await settled(BARE, ['--yes', '--admin-host', 'sluice.example.net'])
    expect([adminHost, deploys]).toEqual(['sluice.example.net', 1])
    expect(text).toContain(
      'routes = [{ pattern = "sluice.example.net", custom_domain = true }, { pattern = "www.test/*", zone_name = "www.test" }]',
    )
  })

  it('is asked for where the Worker has no address on workers.dev', async () => {
    prompts.answer = 'sluice.example.net'
    expect(await settled(BARE, [], { canAsk: true })).toMatchObject({ adminHost: 'sluice.example.net' })
    expect(prompts.asked).toEqual(['Which custom domain should the dashboard have for itself?'])
    prompts.answer = Symbol('cancelled')
    expect(await deploy(await gateFolder(BARE), [], { canAsk: true })).toMatchObject({ code: 1 })
  })

  it('is the site’s with --no-admin-host', async () => {
    const { adminHost, deploys, ran } = await settled('name = "mine"\n', [
      '--yes',
      '--no-admin-host',
      '--json',
    ])
    expect([adminHost, deploys, ran.err, JSON.parse(ran.out).adminHost]).toEqual([undefined, 1, '', null])
  })

  it.each([
    ['name = "a"\n', HOST, 'name = "a"\nworkers_dev = true\n\n[vars]\nADMIN_HOST = "H"\n'],
    [
      'workers_dev = false\n[vars]\nX = "1"\n',
      HOST,
      'workers_dev = true\n[vars]\nADMIN_HOST = "H"\nX = "1"\n',
    ],
    ['[vars]\nADMIN_HOST = "old.test"\n', HOST, 'workers_dev = true\n[vars]\nADMIN_HOST = "H"\n'],
    [
      'name = "a"\n',
      'b.test',
      'name = "a"\nroutes = [{ pattern = "H", custom_domain = true }]\n\n[vars]\nADMIN_HOST = "H"\n',
    ],
    [
      'routes = []\n',
      'b.test',
      'routes = [{ pattern = "H", custom_domain = true }]\n\n[vars]\nADMIN_HOST = "H"\n',
    ],
    ['routes = ["b.test"]\n', 'b.test', 'routes = ["b.test"]\n\n[vars]\nADMIN_HOST = "H"\n'],
  ])('is added to %j', (text, host, expected) => {
    expect(withAdminHost(text, host)).toBe(expected.replaceAll('"H"', `"${host}"`))
  })

  it.each(['vars = { X = "1" }\n', '[[routes]]\npattern = "www.test/*"\n'])(
    'is not forced into %j',
    (text) => {
      expect(() => withAdminHost(text, 'b.test')).toThrow(
        'Cannot edit wrangler.toml: add ADMIN_HOST = "b.test" to its [vars], and routes = [{ pattern = "b.test", custom_domain = true }]',
      )
    },
  )

  it('is a host, and nothing that would end the text around it', () => {
    for (const host of ['a.test', 'a-b.example.co', HOST]) expect(isHost(host), host).toBe(true)
    for (const text of [
      '',
      'a',
      'A.test',
      'a.test:1',
      'https://a.test',
      'a.test/',
      'a".test',
      'a b.test',
      '-a.test',
      'a..test',
      '1.2.3.4',
    ])
      expect(isHost(text), text).toBe(false)
  })
})

it('a gate that answers elsewhere is found by the folder’s wrangler.toml, which gets no token', async () => {
  const cwd = await gateFolder(SETTLED)
  await writeFile(join(cwd, 'gate.json'), '{}')
  vi.stubGlobal('fetch', async () =>
    Response.json(
      { type: 'about:blank', title: 'Not Found', status: 404, detail: 'The gate has nothing here' },
      { status: 404, headers: { 'content-type': 'application/problem+json' } },
    ),
  )
  const ran = await sluice(['pull', '--url', 'https://www.test'], { cwd })
  const bare = await sluice(['pull', '--url', 'https://www.test'], { cwd: await emptyFolder() })
  vi.unstubAllGlobals()
  expect(ran.err).toBe(
    `The gate has nothing here\nThe admin API may have a host for itself (ADMIN_HOST). This folder's wrangler.toml names it: --url https://${HOST}\nThe gate: https://www.test (--url)\n`,
  )
  expect(bare.err).toBe(
    'The gate has nothing here\nThe admin API may have a host for itself (ADMIN_HOST): give that one as --url\nThe gate: https://www.test (--url)\n',
  )
})

describe('where Durable Objects are made', () => {
  const placed = { JURISDICTION: 'eu', LOCATION_HINT: 'weur' }
  const ARGS = ['--yes', '--jurisdiction', 'eu', '--location-hint', 'weur']
  const WITH_HOST = `name = "mine"\nworkers_dev = true\n${KV('0'.repeat(32))}[vars]\nADMIN_HOST = "${HOST}"\n`

  it('is settled before the first deployment: by options, which wrangler.toml keeps', async () => {
    const cwd = await gateFolder(WITH_HOST)
    // Wrangler knows no Worker of this name yet.
    steps.push({ code: 1, err: 'This Worker does not exist on your account. [code: 10007]' })
    steps.push({ out: `{ "binding": "GATE", "id": "${NAMESPACE}" }` }, DEPLOYED, HAS_SECRETS)
    const ran = await deploy(cwd, ARGS)
    expect([ran.code, ran.err]).toEqual([0, expect.not.stringContaining('cannot be moved')])
    expect(calls()[0]).toEqual(['deployments', 'list', '--json'])
    expect(readToml(await tomlIn(cwd)).places).toEqual({ jurisdiction: 'eu', locationHint: 'weur' })
    for (const [name, value] of Object.entries(placed))
      expect((await tomlIn(cwd)).split(`${name} = "${value}"`)).toHaveLength(2)
  })

  it('is told by who deploys for the first time without them', async () => {
    const cwd = await gateFolder(WITH_HOST)
    steps.push({ out: `{ "binding": "GATE", "id": "${NAMESPACE}" }` }, DEPLOYED, HAS_SECRETS)
    expect((await deploy(cwd)).err).toContain('cannot be moved later: --jurisdiction eu')
  })

  it('is changed by nothing once the gate is deployed', async () => {
    const cwd = await gateFolder(SETTLED)
    steps.push({ out: '[{ "id": "4f5c", "source": "wrangler" }]' })
    const ran = await deploy(cwd, ARGS)
    expect([ran.code, ran.err]).toEqual([
      1,
      expect.stringContaining('Cannot change JURISDICTION: the gate is deployed'),
    ])
    expect(await tomlIn(cwd)).toBe(SETTLED)
    expect(calls()).toHaveLength(1)
  })

  it.each([
    ['This Worker does not exist on your account. [code: 10007]', 0],
    ['workers.api.error.service_not_found [code: 10090]', 0],
    ['Authentication error [code: 10000]', 1],
    ['fetch failed', 1],
  ])('is changed only where wrangler knows no such Worker: %s', async (err, code) => {
    const cwd = await gateFolder(SETTLED)
    steps.push({ code: 1, err }, DEPLOYED, HAS_SECRETS)
    const ran = await deploy(cwd, ARGS)
    expect(ran.code).toBe(code)
    if (code === 0) return
    expect(ran.err).toContain(`does not say whether the gate is deployed`)
    expect(ran.err).toContain(err)
    expect(await tomlIn(cwd)).toBe(SETTLED)
    expect(calls()).toHaveLength(1)
  })

  it('may be said again as it is, and asks nothing', async () => {
    const cwd = await gateFolder(`${SETTLED}JURISDICTION = "eu"\nLOCATION_HINT = "weur"\n`)
    steps.push(DEPLOYED, HAS_SECRETS)
    expect((await deploy(cwd, ARGS)).code).toBe(0)
    expect(calls()[0]).toEqual(['deploy'])
  })

  it.each([
    ['--jurisdiction', 'EU'],
    ['--jurisdiction', 'mars'],
    ['--location-hint', 'europe'],
  ])('%s %s is no place', async (option, value) => {
    const ran = await deploy(await gateFolder(SETTLED), ['--yes', option, value])
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining(`${option} must be one of`)])
    expect(started).toEqual([])
  })
})

it('what wrangler needs is said at once', () => {
  const said = (wrangler: boolean, node: boolean) => lackText({ wrangler, node }, 'v20.20.2')
  const old = 'Node must be 22 or later for wrangler, and is v20.20.2'
  const install = 'Run: npm install --save-dev'
  expect(said(false, true)).toBe(`wrangler must be installed. ${install} wrangler`)
  expect(said(true, false)).toBe(`${old}. ${install} node (or install a newer Node yourself)`)
  expect(said(false, false)).toBe(
    `wrangler must be installed; ${old}. ${install} wrangler node (or install a newer Node yourself)`,
  )
})
