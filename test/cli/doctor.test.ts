/** `sluice doctor`: a sound setup has no fault, and each fault that is planted is found, with what to do about it. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Finding } from '../../src/cli/doctor/finding.ts'
import { lookAtNode } from '../../src/cli/doctor/machine.ts'
import { status } from './gate/answers.ts'
import { type Answers, Refused, scriptedGate } from './gate/scripted-gate.ts'
import { emptyFolder, sluice } from './gate/support.ts'

type Served = { status?: number; headers?: Record<string, string | string[]>; body?: string }

async function origin({ status: code = 200, headers = {}, body = 'hello' }: Served = {}): Promise<string> {
  const server = createServer((_, response) => response.writeHead(code, headers).end(body))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const KV_ID = 'abcdef0123456789abcdef0123456789'
const fresh = (parts: Parameters<typeof status>[0] = {}) => status({ at: new Date().toISOString(), ...parts })

/** A folder as `sluice init` leaves it, with two origins that answer and a gate that knows the token. */
async function world({ old, next, answers = {} }: { old?: Served; next?: Served; answers?: Answers } = {}) {
  const cwd = await emptyFolder()
  const urls = [await origin(old), await origin(next)] as const
  const env = { XDG_CONFIG_HOME: cwd }
  const args = [
    'init',
    '--old',
    urls[0],
    '--new',
    urls[1],
    '--kv',
    KV_ID,
    '--webhook',
    'https://hooks.test/x',
  ]
  expect((await sluice([...args, '--admin-host', 'sluice.example.net'], { cwd, env })).code).toBe(0)
  const gate = await scriptedGate({ getStatus: fresh(), ...answers })
  const edit = async (name: string, change: (text: string) => string) => {
    const path = join(cwd, name)
    const [before, mode] = [await readFile(path, 'utf8'), name === '.dev.vars' ? 0o600 : 0o644]
    expect(change(before)).not.toBe(before)
    await writeFile(path, change(before), { mode })
  }
  const look = async (line = 'doctor --json') => {
    const ran = await gate.run(line, { cwd, env: { ...env, CLOUDFLARE_API_TOKEN: 'x' } })
    const findings: Finding[] = line.includes('--json') ? JSON.parse(ran.out).findings : []
    const of = (level: string) => findings.filter((each) => each.level === level)
    return { ...ran, faults: of('fault').map(({ about }) => about), warnings: of('warning'), findings }
  }
  return { cwd, urls, gate, edit, look }
}

it('a sound setup has neither fault nor warning', async () => {
  const { look } = await world()
  const found = await look()
  expect([found.code, found.faults, found.warnings]).toEqual([0, [], []])
  const text = await look('doctor')
  expect([text.code, text.err]).toEqual([0, ''])
  expect(text.out).toMatch(/^✔ Node: it is [\d.]+\n/)
  expect(text.out).toContain('knows you as ada (admin)')
  expect(text.out).toMatch(/\n\nnothing is wrong\n$/)
})

it('ten faults that are planted at once are all found, each with what to do', async () => {
  const hour = new Date(Date.now() - 3_600_000).toUTCString()
  const { cwd, edit, look } = await world({
    old: { headers: { 'set-cookie': ['sluice_id=1', 'sid=2; Domain=shop.example.com'], date: hour } },
    next: { status: 500 },
    answers: { whoAmI: new Refused(401, 'Token not recognised') },
  })
  await edit('wrangler.toml', (text) =>
    text
      .replace('ENVIRONMENT = "production"', 'ENVIRONMENT = "development"')
      .replace(KV_ID, 'my-namespace')
      .replace('name = "COUNTERS"', 'name = "COUNTER"'),
  )
  await edit('.dev.vars', (text) =>
    text.replace(/^SIGNING_KEY=.*\n/m, '').replace(/^ADMIN_TOKEN=.*$/m, 'ADMIN_TOKEN=secret'),
  )
  await chmod(join(cwd, '.dev.vars'), 0o644)
  const { code, faults, findings } = await look()
  expect(code).toBe(1)
  expect(faults.sort()).toEqual(
    [
      ...['KV id', 'ENVIRONMENT', 'Durable Objects', '.dev.vars', 'SIGNING_KEY', 'ADMIN_TOKEN'],
      ...['cookies of origin old', 'cookies of origin old', 'clock of origin old', 'origin new', 'token'],
    ].sort(),
  )
  for (const { level, fix } of findings) if (level !== 'ok') expect(fix).toBeTruthy()
  const text = await look('doctor')
  expect(text.out).toContain(
    '✗ KV id: it must be 32 hexadecimal digits, not my-namespace\n    wrangler kv namespace list',
  )
  expect(text.out).toMatch(/\n\n11 faults\n$/)
})

describe('a fault of', () => {
  it.each([
    ['v20.11.1', 'fault'],
    ['18.20.0', 'fault'],
    ['20.12.0', 'warning'],
    ['21.7.3', 'warning'],
    ['22.0.0', 'ok'],
    ['v24.21.0', 'ok'],
  ])('Node: %s is %s', async (nodeVersion, level) => {
    const found = await lookAtNode({ nodeVersion } as never)
    expect(found.map((each) => each.level)).toEqual([level])
  })

  it.each<[string, Served, string]>([
    ['that fails', { status: 503 }, 'answers 503'],
    [
      'that is a Worker of the account',
      { status: 404, body: 'error code: 1042' },
      "Cloudflare's error 1042: a Worker",
    ],
    [
      'without a DNS record, as a page says',
      { status: 530, body: '<h1><span>Error</span>\n<span class="c">1016</span></h1>' },
      "Cloudflare's error 1016: its host has no DNS record",
    ],
    ['that is a gate', { body: '{"status":"ok"}' }, 'is a gate itself'],
    [
      'whose clock is ahead',
      { headers: { date: new Date(Date.now() + 90_000).toUTCString() } },
      'ahead of this machine',
    ],
    [
      'with a cookie of another site',
      { headers: { 'set-cookie': 'a=1; domain=.other.test' } },
      'browsers refuse it',
    ],
    ['with SameSite=None alone', { headers: { 'set-cookie': 'a=1; SameSite=None' } }, 'not Secure'],
    ['with a cookie of the gate', { headers: { 'set-cookie': 'sluice_seen=1' } }, 'to itself'],
  ])('an origin %s', async (_, served, text) => {
    const { code, findings } = await (await world({ next: served })).look()
    expect(code).toBe(1)
    const faults = findings.filter(({ level }) => level === 'fault')
    expect(faults.map((each) => each.text).join()).toContain(text)
    expect(faults.every(({ about }) => about.includes('origin new'))).toBe(true)
  })

  it('an origin that is down, or leads away, or is named twice', async () => {
    const { edit, look, urls } = await world({
      old: { status: 302, headers: { location: 'https://www.test/' } },
    })
    await edit('gate.json', (text) => text.replace(urls[1], 'http://127.0.0.1:2'))
    const found = await look()
    expect(found.faults).toEqual(['origin new'])
    expect(found.findings.find(({ level }) => level === 'fault')?.text).toBe(
      'http://127.0.0.1:2 cannot be reached: connection refused',
    )
    expect(found.warnings.map(({ text }) => text)).toEqual([
      `${urls[0]} sends visitors on to https://www.test`,
    ])
    await edit('gate.json', (text) => text.replace('http://127.0.0.1:2', urls[0]))
    expect((await look()).warnings.map(({ text }) => text)).toContain('another origin has the same URL')
  })

  it('the folder: document, wrangler.toml, secrets', async () => {
    const { cwd, edit, look } = await world()
    await edit('wrangler.toml', (text) => text.replace(KV_ID, '0'.repeat(32)).replace(/^ADMIN_HOST.*\n/m, ''))
    expect((await look()).warnings.map(({ about }) => about)).toEqual(['KV id', 'ADMIN_HOST'])
    await edit('wrangler.toml', (text) => text.replace('binding = "GATE"', 'binding = "GATES"'))
    await edit('.dev.vars', (text) =>
      text.replace(
        /^SIGNING_KEY=.*$/m,
        (/^ADMIN_TOKEN=(.*)$/m.exec(text)?.[0] ?? '').replace('ADMIN_TOKEN', 'SIGNING_KEY'),
      ),
    )
    expect((await look()).faults).toEqual(['KV id', 'SIGNING_KEY'])
    await mkdir(join(cwd, '.git'))
    await edit('.gitignore', (text) => text.replace('.dev.vars\n', ''))
    await edit('gate.json', (text) =>
      text.replace('"https://hooks.test/x"', '"https://hooks.test/x", "secretBinding": "HOOK_KEY"'),
    )
    expect((await look()).faults).toEqual(['KV id', '.dev.vars', 'SIGNING_KEY', 'HOOK_KEY'])
    await edit('gate.json', (text) => text.replace('"off": "off"', '"off": "nowhere"'))
    expect((await look()).faults).toContain('document')
    await edit('wrangler.toml', (text) => `${text}\n=`)
    expect((await look()).faults).toContain('wrangler.toml')
  })

  it('wrangler.toml and the document together: bindings, and places that there are none of', async () => {
    const { edit, look } = await world()
    await edit('gate.json', (text) => text.replace(/"new": \{[^}]*\}/, '"new": { "binding": "SITE" }'))
    await edit('wrangler.toml', (text) => text.replace(/^\[vars\]$/m, '[vars]\nJURISDICTION = "mars"'))
    expect((await look()).faults).toEqual(['JURISDICTION', 'origin new'])
    await edit('wrangler.toml', (text) => `${text}\n[[services]]\nbinding = "SITE"\nservice = "site"\n`)
    expect((await look()).faults).toEqual(['JURISDICTION'])
  })

  it('the gate: away, without a key, with a wrong clock, with a document that it refuses', async () => {
    const odd = fresh({
      ...{ signing: false, controller: 'unreachable', at: new Date(Date.now() - 300_000).toISOString() },
      document: {
        ...fresh().document,
        kvError: 'KV is down',
        refused: [{ key: 'config', hash: 'h', seenAt: fresh().at, problems: [] }],
      },
    })
    const { look, cwd } = await world({ answers: { getStatus: odd } })
    expect((await look()).faults).toEqual(['Controller', 'KV', 'KV', 'SIGNING_KEY', 'clock of the gate'])
    const away = await sluice(['doctor', '--json', '--url', 'http://127.0.0.1:2'], { cwd })
    expect(JSON.parse(away.out).findings.at(-1)).toMatchObject({
      ...{ level: 'fault', about: 'gate' },
      text: 'Cannot reach the gate at http://127.0.0.1:2 (--url): connection refused',
    })
  })

  it('an empty folder is no fault, but no gate either', async () => {
    const cwd = await emptyFolder()
    const env = { SLUICE_CONFIG_DIR: join(cwd, 'none'), SLUICE_URL: '' }
    const ran = await sluice(['doctor', '--timeout', '1'], { cwd, env })
    expect(ran.out).toContain('! document: There is no gate document here')
  })

  it('profiles that others can read', async () => {
    const { cwd, look } = await world()
    await mkdir(join(cwd, 'sluice'), { recursive: true })
    await writeFile(join(cwd, 'sluice/profiles.json'), '{"profiles":{}}', { mode: 0o644 })
    const ran = await sluice(['doctor', '--json'], { cwd, env: { SLUICE_CONFIG_DIR: join(cwd, 'sluice') } })
    expect(JSON.parse(ran.out).findings.map(({ about, level }: Finding) => `${level} ${about}`)).toContain(
      'fault profiles',
    )
    expect((await look()).faults).toEqual([])
  })
})

it('a route of the zone: what the platform does past a limit, and with other Workers there; not so a custom domain', async () => {
  const { edit, look } = await world()
  const about = async () => (await look()).findings.filter(({ about }) => about === 'route')
  expect(await about()).toEqual([])
  const route = '{ pattern = "www.example.com/*", zone_name = "example.com" }'
  await edit('wrangler.toml', (text) => text.replace(/^routes = \[/m, (start) => `${start}${route}, `))
  const found = await about()
  expect(found).toHaveLength(1)
  expect(found[0]).toMatchObject({
    level: 'ok',
    text: expect.stringMatching(/^www\.example\.com\/\* fails closed .*"fail open"/),
  })
})
