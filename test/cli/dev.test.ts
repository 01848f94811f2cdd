/** `sluice dev`: what it starts the gate with, what it says, and how it ends. The gate itself is not started. */
import { existsSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, it, vi } from 'vitest'
import { DataInUse } from '../../src/local/data-lock.ts'
import { DocumentError, type RunOptions as GateOptions } from '../../src/local/run.ts'
import { emptyFolder, type RunOptions, sluice } from './gate/support.ts'
import { folder } from './gate/transcript.ts'

const gate = vi.hoisted(() => ({
  given: undefined as GateOptions | undefined,
  error: undefined as Error | undefined,
  closed: 0,
}))
vi.mock('../../src/local/run.ts', async (original) => ({
  ...(await original<object>()),
  startRun: async (options: GateOptions) => {
    gate.given = options
    if (gate.error) throw gate.error
    options.log('published')
    return {
      ...{ url: 'http://127.0.0.1:9', adminUrl: 'http://127.0.0.1:9' },
      ...{ adminToken: 'secret', origins: { new: 'http://new.test' } },
      close: async () => void gate.closed++,
    }
  },
}))
vi.mock('../../src/local/launcher.ts', () => ({ launcherGone: () => new Promise(() => {}) }))
// Each run listens for the end of this process.
process.setMaxListeners(50)
beforeEach(() => {
  gate.given = gate.error = undefined
  gate.closed = 0
})

/** Runs until it says that it is ready, then Ctrl-C. */
async function dev(args: string[], cwd: string, options: RunOptions = {}) {
  const stop = new AbortController()
  let note = ''
  const ran = await sluice(['dev', ...args], {
    ...{ cwd, stop: stop.signal, ...options },
    onOut: async () => {
      note = await readFile(join(cwd, '.sluice/dev.json'), 'utf8')
      expect((await stat(join(cwd, '.sluice/dev.json'))).mode & 0o077).toBe(0)
      expect(gate.closed).toBe(0)
      stop.abort()
    },
  })
  return { ...ran, note }
}

it('runs the document of the folder until Ctrl-C, and other commands find it meanwhile', async () => {
  const cwd = await folder()
  await writeFile(join(cwd, '.dev.vars'), 'ADMIN_TOKEN=from-file\nSIGNING_KEY=key\n')
  const ran = await dev([], cwd, { env: { ADMIN_TOKEN: 'from-env' } })
  expect(ran).toMatchObject({
    ...{ code: 0, err: 'published\nnew origin http://new.test\n' },
    out: 'sluice ready on http://127.0.0.1:9\ndashboard http://127.0.0.1:9/__sluice/ui\nadmin token secret\n',
  })
  expect(JSON.parse(ran.note)).toEqual({
    ...{ url: 'http://127.0.0.1:9', token: 'secret' },
    data: join(cwd, '.sluice/state'),
  })
  expect(gate.given).toMatchObject({
    ...{ config: join(cwd, 'gate.json'), port: 8787, data: join(cwd, '.sluice/state'), origins: {} },
    env: { ADMIN_TOKEN: 'from-env', SIGNING_KEY: 'key' },
  })
  expect([gate.closed, existsSync(join(cwd, '.sluice/dev.json'))]).toEqual([1, false])
})

it('secrets beside the document are used where the current folder has none', async () => {
  const cwd = await folder()
  await writeFile(join(cwd, 'sub/gate.json'), await readFile(join(cwd, 'gate.json'), 'utf8'))
  await writeFile(join(cwd, 'sub/.dev.vars'), 'ADMIN_TOKEN=beside\nSIGNING_KEY=beside\n')
  await writeFile(join(cwd, '.dev.vars'), 'ADMIN_TOKEN=here\n')
  await dev(['--demo', '--config', 'sub/gate.json'], cwd)
  expect(gate.given?.env).toMatchObject({ ADMIN_TOKEN: 'here', SIGNING_KEY: 'beside' })
})

it('with --json prints one line of JSON', async () => {
  const ran = await dev(['--json'], await folder())
  expect([ran.out, ran.err]).toEqual([
    '{"url":"http://127.0.0.1:9","dashboard":"http://127.0.0.1:9/__sluice/ui","adminToken":"secret"}\n',
    '',
  ])
})

it.each([
  [['--port', '0'], { port: 0 }],
  [['--port', '65535'], { port: 65_535 }],
  [['--data', 'd'], { data: 'FOLDER/d' }],
  [['next.json'], { config: 'FOLDER/next.json' }],
  [['--config', 'next.json'], { config: 'FOLDER/next.json' }],
  [['--demo', '--config', 'c.json'], { config: 'FOLDER/c.json' }],
  [['--demo'], { config: undefined }],
  [['--origin', 'a=http://a.test', '--origin', 'old=x'], { origins: { a: 'http://a.test', old: 'x' } }],
  [['--origin', 'old=x', '--old', 'http://o.test'], { origins: { old: 'http://o.test' } }],
  [['--new', 'https://n.test'], { origins: { new: 'https://n.test' } }],
])('%j gives the gate %j', async (args, expected) => {
  const cwd = await folder()
  expect((await dev(args, cwd)).code).toBe(0)
  const seen = JSON.parse(JSON.stringify(gate.given).replaceAll(cwd, 'FOLDER'))
  expect({ ...expected, ...seen }).toMatchObject(expected)
  if ('config' in expected) expect(seen.config).toBe(expected.config)
})

it.each([
  [new DataInUse('in use by 7'), [], 1, 'in use by 7'],
  [new DocumentError('x has problems'), [], 1, 'x has problems'],
  [new DocumentError('x has problems'), ['--config', 'gate.json'], 2, 'x has problems'],
  [new Error('no workerd'), [], 1, 'Cannot start the gate: no workerd'],
  [
    new Error('listen EADDRINUSE 8787'),
    [],
    1,
    'Cannot start the gate: the port is in use. Choose another one: sluice dev --port 9000',
  ],
])('a gate that does not start: %s', async (error, args, code, message) => {
  gate.error = error
  const cwd = await folder()
  expect(await dev(args, cwd)).toEqual({ code, out: '', err: `${message}\n`, note: '' })
  expect(existsSync(join(cwd, '.sluice/dev.json'))).toBe(false)
})

it('a folder without a document is told so', async () => {
  const ran = await dev([], await emptyFolder())
  expect([ran.code, ran.err]).toEqual([
    2,
    'There is no gate document here (gate.json, sluice.json, config/gate.json). Name one, or start with: sluice init\n',
  ])
  expect(gate.given).toBeUndefined()
})

it('Ctrl-C before it is ready ends it as well', async () => {
  const stop = AbortSignal.abort()
  expect((await sluice(['dev'], { cwd: await folder(), stop })).code).toBe(0)
  expect(gate.closed).toBe(1)
})

it.each(['0.0.0.0', '::', '::1', '192.0.2.7', 'localhost'])(
  'listens on %s where --host says so',
  async (host) => {
    await dev(['--host', host], await folder())
    expect(gate.given?.host).toBe(host)
  },
)

it.each(['all', 'example.com', '1.2.3', '127.0.0.1:80', '[::1]'])('--host %j is no address', async (host) => {
  gate.given = undefined
  const ran = await sluice(['dev', '--host', host], { cwd: await folder() })
  expect([ran.code, ran.err]).toEqual([
    2,
    expect.stringContaining('--host must be an address such as 0.0.0.0'),
  ])
  expect(gate.given).toBeUndefined()
})

it('lets KV show changes late where it is asked to, by 30 s unless it says otherwise', async () => {
  const cwd = await folder()
  await dev([], cwd)
  expect(gate.given?.kvDelayMs).toBeUndefined()
  gate.closed = 0
  await dev(['--kv-delay'], cwd)
  expect(gate.given?.kvDelayMs).toBe(30_000)
  gate.closed = 0
  await dev(['--kv-delay', '5'], cwd)
  expect(gate.given?.kvDelayMs).toBe(5_000)
  for (const seconds of ['0', '601']) {
    const ran = await sluice(['dev', `--kv-delay=${seconds}`], { cwd })
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('It must be a number from 1 to 600.')])
  }
})
