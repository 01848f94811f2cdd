/** `npm start` as people meet it: what it prints, what it refuses, how it ends, what it keeps. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { PROJECT_ROOT } from '../../../src/local/build/project-root.ts'
import { describedFetch } from '../../support/openapi.ts'
import { document } from '../harness/documents.ts'
import { eventually, inTime } from '../harness/eventually.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { adminOf, getPage } from '../harness/running-gate.ts'
import { workerdOf } from '../harness/workerd.ts'

let folder: string
let origins: { old: Origin; new: Origin }
const running: Started[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-start-'))
  origins = { old: await startOrigin('old'), new: await startOrigin('new') }
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.end()))
})
afterAll(async () => {
  await Promise.all([origins.old.close(), origins.new.close()])
  await rm(folder, { recursive: true, force: true })
})

type Started = {
  stdout(): string
  stderr(): string
  /** What `sluice ready on` says. */
  url(): string
  /** Sends SIGTERM, as process managers do; resolves with the exit code when everything it started has let go. */
  end(signal?: NodeJS.Signals): Promise<number | null>
  exitCode: Promise<number | null>
  child: ChildProcess
}

type StartOptions = { env?: Readonly<Record<string, string>>; throughNpm?: boolean }

/** What `npm start -- …` starts; by npm itself, with the shell that npm takes, where that is what a test is about. */
function start(options: readonly string[], { env = {}, throughNpm = false }: StartOptions = {}): Started {
  const [command, ...first] = throughNpm
    ? ['npm', 'start', '--']
    : [process.execPath, 'src/cli/program/entry.ts', 'dev', '--demo']
  const child = spawn(command as string, [...first, ...options], {
    cwd: PROJECT_ROOT,
    env: { ...process.env, ADMIN_TOKEN: '', SIGNING_KEY: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data) => {
    stdout += data
  })
  child.stderr.on('data', (data) => {
    stderr += data
  })
  const exitCode = new Promise<number | null>((resolve) => child.once('close', resolve))
  const started: Started = {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    url: () => /^sluice ready on (\S+)$/m.exec(stdout)?.[1] ?? '',
    exitCode,
    end: (signal = 'SIGTERM') => {
      child.kill(signal)
      return inTime(`what was started with ${options.join(' ')} has ended`, exitCode)
    },
  }
  running.push(started)
  return started
}

async function ready(started: Started): Promise<Started> {
  const ended = started.exitCode.then((code) => {
    throw new Error(`npm start ended with ${code}: ${started.stderr()}`)
  })
  const printed = eventually('the three lines are printed', () => /^admin token \S+$/m.test(started.stdout()))
  await Promise.race([printed, ended])
  return started
}

const data = (name: string) => ['--port', '0', '--data', join(folder, name)]
const status = (url: string, token: string) =>
  describedFetch(fetch)(`${url}/__sluice/api/v1/status`, { headers: { authorization: `Bearer ${token}` } })

describe('npm start', () => {
  it('prints three lines, serves a page of a demo origin, and ends without leaving anything', async () => {
    const started = await ready(start(data('demo'), { throughNpm: true }))
    const url = started.url()
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const lines = started
      .stdout()
      .split('\n')
      .filter((line) => /^(sluice|dashboard|admin)/.test(line))
    expect(lines).toEqual([
      `sluice ready on ${url}`,
      `dashboard ${url}/__sluice/ui`,
      expect.stringMatching(/^admin token \S{20,}$/),
    ])
    const page = await getPage(url)
    expect(page.status).toBe(200)
    expect(page.text).toMatch(/This is the (old|new) shop/)
    const tester = await getPage(url, '/', { cookie: 'tester=1' })
    expect(tester.text).toContain('This is the new shop')
    const token = lines[2]?.slice('admin token '.length) ?? ''
    expect((await status(url, token)).status).toBe(200)
    expect((await status(url, 'guessed')).status).toBe(401)
    await started.end()
    expect(await workerdOf(url)).toBeUndefined()
    await expect(fetch(url)).rejects.toThrow()
  })

  it('takes a document, publishes it again when it is edited, and says what is wrong with a broken one', async () => {
    const config = join(folder, 'gate.json')
    const urls = { old: origins.old.url, new: origins.new.url }
    const write = (rules: unknown) => writeFile(config, JSON.stringify(document(urls, { rules } as never)))
    await write([])
    const started = await ready(
      start([...data('own'), '--config', config], {
        env: { ADMIN_TOKEN: 'my-own-token', SIGNING_KEY: 'my-key' },
      }),
    )
    const url = started.url()
    expect(started.stdout()).toContain('admin token my-own-token')
    expect((await status(url, 'my-own-token')).status).toBe(200)
    expect(await getPage(url)).toMatchObject({ status: 200, text: 'old' })
    expect(origins.old.requests.at(-1)?.headers['sluice-signature']).toMatch(/^t=/)

    await write([{ serve: 'on' }])
    await eventually('the edited document counts', async () => (await getPage(url)).text === 'new')
    await write([{ serve: 'nothing' }])
    await eventually('the problem is told', () => /found\s+.*nothing/.test(started.stderr()))
    expect((await getPage(url)).text).toBe('new')
    expect(await started.end()).toBe(0)
  })

  it('puts own origins in the place of the demo ones, shares its data with no other gate, and keeps it between runs', async () => {
    const own = ['--old', origins.old.url, '--new', origins.new.url]
    const first = await ready(start([...data('kept'), ...own], { env: { ADMIN_TOKEN: 't' } }))
    expect(await getPage(first.url(), '/', { cookie: 'tester=1' })).toMatchObject({ text: 'new' })
    await adminOf(first.url(), 't').call('commandFlag', {
      params: { flag: 'new-shop', verb: 'kill' },
      body: { reason: 'kept between runs' },
    })

    const sharing = start([...data('kept'), ...own])
    expect(await inTime('a second gate on the same data has ended', sharing.exitCode)).toBe(1)
    expect(sharing.stderr()).toContain(`Cannot start: the gate on ${first.url()}`)

    await first.end('SIGKILL')
    const again = await ready(start([...data('kept'), ...own], { throughNpm: true }))
    expect(await workerdOf(first.url()), 'the runtime of a gate that was killed').toBeUndefined()
    // A cold isolate waits for KV 1.5 s at most, which may be too short on a busy machine.
    await eventually('the kill has been kept', async () => {
      const { text, reason } = await getPage(again.url(), '/', { cookie: 'tester=1' })
      return text === 'old' && reason === 'killed'
    })
    await again.end('SIGKILL')
    await expect(fetch(again.url()), 'a gate whose npm was killed').rejects.toThrow()
  })

  it('takes the variables of a deployed gate: production, the host of the dashboard, an edit counts at once', async () => {
    const config = join(folder, 'production.json')
    const urls = { old: origins.old.url, new: origins.new.url }
    const write = (rules: unknown) => writeFile(config, JSON.stringify(document(urls, { rules } as never)))
    await write([])
    const env = { ADMIN_TOKEN: 'mine', ENVIRONMENT: 'production', ADMIN_HOST: '127.0.0.1' }
    const started = await ready(start([...data('production'), '--config', config], { env }))
    const site = started.url()
    const admin = site.replace('localhost', '127.0.0.1')
    expect(site).toMatch(/^http:\/\/localhost:\d+$/)
    expect(started.stdout()).toContain(`dashboard ${admin}/__sluice/ui\n`)
    expect((await status(admin, 'mine')).status).toBe(200)
    expect((await fetch(`${site}/__sluice/api/v1/status`)).status).toBe(404)
    expect((await fetch(admin)).status).toBe(404)
    expect(await getPage(site)).toMatchObject({ status: 200, text: 'old', origin: undefined })
    await write([{ serve: 'on' }])
    const editedMs = Date.now()
    await eventually('the edited document counts', async () => (await getPage(site)).text === 'new')
    expect(Date.now() - editedMs).toBeLessThan(10_000)
  })

  it('takes the Cloudflare Access variables too, and refuses an ADMIN_HOST that names none', async () => {
    const access = { ACCESS_TEAM_DOMAIN: 'team.test', ACCESS_AUDIENCE: 'the gate' }
    const started = await ready(start(data('access'), { env: { ...access, ADMIN_TOKEN: '' } }))
    const url = started.url()
    const headers = { 'cf-access-jwt-assertion': 'forged' }
    const answer = await fetch(`${url}/__sluice/api/v1/status`, { headers })
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining('Cloudflare Access') })
    const refused = start(data('refused'), { env: { ADMIN_HOST: 'admin.test/path' } })
    expect(await inTime('it has refused', refused.exitCode)).toBe(1)
    expect(refused.stderr()).toContain('ADMIN_HOST must be a host such as 127.0.0.1, not admin.test/path')
  })

  it.each([
    [
      'a document with problems',
      ['--config', 'broken.json'],
      /broken\.json[\s\S]*found[\s\S]*expected[\s\S]*fix/,
    ],
    ['a file that is not there', ['--config', 'missing.json'], /Cannot read .*missing\.json/],
    ['a port that is none', ['--port', 'eighty'], /--port .*'eighty' is invalid\. It must be a whole number/],
    ['an origin that is no URL', ['--old', 'localhost'], /--old .*, not localhost/],
    ['an option that it does not have', ['--prot', '1'], /--prot/],
  ])('refuses %s, without a stack', async (_, options, message) => {
    await writeFile(join(folder, 'broken.json'), '{"origins":{},"routes":[]}')
    const absolute = options.map((each) => (each.endsWith('.json') ? join(folder, each) : each))
    const started = start([...data('refused'), ...absolute])
    expect(await inTime('it has refused', started.exitCode)).toBe(2)
    expect(started.stderr()).toMatch(message)
    expect(started.stderr()).not.toMatch(/^\s+at /m)
  })
})
