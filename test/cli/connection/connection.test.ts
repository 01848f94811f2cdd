/** Which gate a command talks to, with which token; and the file that remembers it. */
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { UsageError } from '../../../src/cli/base/errors.ts'
import { checkedUrl } from '../../../src/cli/connection/connect.ts'
import { profilesPath } from '../../../src/cli/connection/profiles.ts'
import { Refused, type ScriptedGate, SILENT, scriptedGate } from '../gate/scripted-gate.ts'
import { emptyFolder, type RunOptions, sluice } from '../gate/support.ts'

const SECURED =
  'warning: other users of this machine can see --token; use SLUICE_TOKEN, --token-file or a profile\n'

/** Without timers, which a test may have taken over. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}

/** Two gates; one is the current profile "main", the other the profile "spare". */
async function world() {
  const [main, spare] = [await scriptedGate(), await scriptedGate()]
  const cwd = await emptyFolder()
  const config = join(cwd, 'config')
  const plain = { SLUICE_CONFIG_DIR: config }
  const run = (line: string, { env, ...options }: RunOptions = {}) =>
    sluice(line.split(' '), { cwd, ...options, env: { ...plain, ...env } })
  await run(`profile add main --url ${main.url}`, { env: { SLUICE_TOKEN: 'of-main' } })
  await run(`profile add spare --url ${spare.url}/__sluice/ui --token of-spare`)
  /** Which gate was asked by a line, and with which token. */
  const reached = async (line: string, options: RunOptions = {}) => {
    main.asked.length = spare.asked.length = 0
    const ran = await run(line, options)
    const of = (name: string, gate: ScriptedGate) => gate.asked.map(({ token }) => [name, token])
    return ran.code === 0 ? [...of('main', main), ...of('spare', spare)][0] : ran
  }
  return { main, spare, cwd, config, run, reached }
}

describe('the gate', () => {
  it('is that of --url, SLUICE_URL, --profile, SLUICE_PROFILE, or the current profile, in this order', async () => {
    const { main, spare, reached } = await world()
    const at = (gate: ScriptedGate) => ({ SLUICE_URL: gate.url })
    expect(await reached('pull')).toEqual(['main', 'of-main'])
    expect(await reached('pull', { env: { SLUICE_PROFILE: 'spare' } })).toEqual(['spare', 'of-spare'])
    expect(await reached('pull --profile main', { env: { SLUICE_PROFILE: 'spare' } })).toEqual([
      'main',
      'of-main',
    ])
    expect(await reached('pull', { env: at(spare) })).toEqual(['spare', 'of-spare'])
    expect(await reached('pull', { env: { ...at(spare), SLUICE_PROFILE: 'main' } })).toEqual([
      'spare',
      'of-spare',
    ])
    expect(await reached('pull --profile main', { env: at(spare) })).toEqual(['main', 'of-main'])
    expect(await reached(`pull --url ${spare.url}/`, { env: at(main) })).toEqual(['spare', 'of-spare'])
    expect(await reached(`pull --gate ${spare.url}`)).toEqual(['spare', 'of-spare'])
    expect(await reached(`pull --url ${spare.url} --profile main`)).toEqual(['spare', 'of-spare'])
    expect(await reached('pull --profile gone')).toEqual({
      ...{ code: 2, out: '' },
      err: 'There is no profile gone (profiles: main, spare). Add it: sluice profile add gone --url URL\n',
    })
    expect(await reached('pull --profile toString')).toMatchObject({ code: 2 })
  })

  it('has the token of --token, --token-file, SLUICE_TOKEN, or of its profile, in this order', async () => {
    const { cwd, run, reached } = await world()
    await writeFile(join(cwd, 'token'), '  of-file\n')
    await writeFile(join(cwd, 'empty'), ' \n')
    const env = { SLUICE_TOKEN: 'of-env' }
    expect(await reached('pull --token of-args --token-file token', { env })).toEqual(['main', 'of-args'])
    expect((await run('pull --token of-args')).err).toBe(SECURED)
    expect((await run('pull --token of-args --json')).err).toBe('')
    expect(await reached('pull --token-file token', { env })).toEqual(['main', 'of-file'])
    expect(await reached('pull --token-file -', { env, input: 'of-input\n' })).toEqual(['main', 'of-input'])
    expect(await reached('pull', { env })).toEqual(['main', 'of-env'])
    expect(await reached('pull', { env: { SLUICE_TOKEN: '' } })).toEqual(['main', 'of-main'])
    const refused = { code: 2, out: '' }
    expect(await run('pull --token-file empty')).toEqual({
      ...refused,
      err: 'Cannot read the token: empty is empty\n',
    })
    expect(await run('pull --token-file -')).toEqual({
      ...refused,
      err: 'Cannot read the token: standard input is empty\n',
    })
    expect(await run('pull --token-file -', { input: 'tokén' })).toEqual({
      ...refused,
      err: 'The token must be one line of ASCII characters\n',
    })
  })

  it('of this folder is used where nothing else is named, and its token where its address is', async () => {
    const gate = await scriptedGate()
    const cwd = await emptyFolder()
    await mkdir(join(cwd, '.sluice'))
    const note = (text: string) => writeFile(join(cwd, '.sluice/dev.json'), text)
    const env = { SLUICE_CONFIG_DIR: join(cwd, 'none') }
    await note(JSON.stringify({ url: gate.url, token: 'local' }))
    expect((await sluice(['pull'], { cwd, env })).code).toBe(0)
    expect((await sluice(['pull', '--url', gate.url], { cwd, env })).code).toBe(0)
    expect(gate.asked.map(({ token }) => token)).toEqual(['local', 'local'])
    const fetched: string[] = []
    vi.stubGlobal('fetch', async (url: URL) => {
      fetched.push(String(url))
      throw new TypeError('fetch failed')
    })
    for (const text of ['{', '{"url":7}']) {
      await note(text)
      expect((await sluice(['pull'], { cwd, env })).err).toMatch(
        /^Cannot reach the gate at http:..127.0.0.1:8787 .the default.: the connection failed\nStart one/,
      )
    }
    vi.unstubAllGlobals()
    expect(fetched).toEqual(Array(2).fill('http://127.0.0.1:8787/__sluice/api/v1/document'))
  })

  it('of a folder above is found as well, unless its note is of another user', async () => {
    const gate = await scriptedGate()
    const cwd = await emptyFolder()
    await mkdir(join(cwd, '.sluice'))
    await mkdir(join(cwd, 'src/deep'), { recursive: true })
    await writeFile(join(cwd, '.sluice/dev.json'), JSON.stringify({ url: gate.url, token: 'local' }))
    const env = { SLUICE_CONFIG_DIR: join(cwd, 'none') }
    const ran = () => sluice(['pull', '--timeout', '1'], { cwd: join(cwd, 'src/deep'), env })
    expect((await ran()).code).toBe(0)
    expect(gate.asked.map(({ token }) => token)).toEqual(['local'])
    vi.spyOn(process, 'getuid').mockReturnValue(-1)
    onTestFinished(() => void vi.restoreAllMocks())
    expect((await ran()).err).toContain('http://127.0.0.1:8787 (the default)')
  })

  it('that has ended by force is named with the file that led there', async () => {
    const cwd = await emptyFolder()
    await mkdir(join(cwd, '.sluice'))
    await writeFile(join(cwd, '.sluice/dev.json'), '{"url":"http://127.0.0.1:2","token":"t"}')
    expect(await sluice(['pull'], { cwd, env: { SLUICE_CONFIG_DIR: join(cwd, 'none') } })).toEqual({
      ...{ code: 1, out: '' },
      err: 'Cannot reach the gate at http://127.0.0.1:2 (.sluice/dev.json): connection refused\nStart one with "sluice dev" (in the repository: npm start), or name yours: --url URL\n',
    })
  })

  it('is named by a refusal that another gate might not have given', async () => {
    const { main, run } = await world()
    const refusing = await scriptedGate({ getDocument: new Refused(401, 'Token not recognised') })
    expect((await run(`pull --url ${refusing.url}`)).err).toBe(
      `Token not recognised\nStore the token of this gate: sluice login URL, or set SLUICE_TOKEN\nThe gate: ${refusing.url} (--url)\n`,
    )
    expect((await run('status gone')).err).not.toContain('\nThe gate:')
    expect(main.asked.length).toBe(1)
  })

  describe('of a folder that someone else has made', () => {
    /** What is fetched by a line in a folder with this note, and what is said. */
    async function lured(url: string, line: string, env: Record<string, string> = {}) {
      const cwd = await emptyFolder()
      await mkdir(join(cwd, '.sluice'))
      await writeFile(join(cwd, '.sluice/dev.json'), JSON.stringify({ url, token: 'of-note' }))
      const fetched: unknown[] = []
      vi.stubGlobal('fetch', async (to: URL, { headers }: RequestInit) => {
        fetched.push([to.origin, (headers as Record<string, string>).authorization])
        throw new TypeError('fetch failed')
      })
      onTestFinished(() => void vi.unstubAllGlobals())
      const none = { SLUICE_CONFIG_DIR: join(cwd, 'none') }
      const { code, err } = await sluice(line.split(' '), { cwd, env: { ...none, ...env } })
      return { code, err, fetched }
    }
    const SECRET = { SLUICE_TOKEN: 'of-user' }

    it.each([
      'https://evil.test',
      'http://evil.test:8787',
      'http://127.0.0.1.evil.test',
      'http://127.evil.test',
      'http://localhost.evil.test',
      'http://evil.test/127.0.0.1',
      'http://127.0.0.1@evil.test',
      'http://0.0.0.0:8787',
      'http://10.0.0.1',
      'http://[::ffff:1.2.3.4]',
      'file:///etc/passwd',
      'not a URL',
    ])('a note that names %s is refused, and nothing is sent', async (url) => {
      for (const env of [SECRET, {}]) {
        const { code, err, fetched } = await lured(url, 'pull', env as Record<string, string>)
        expect([code, fetched]).toEqual([1, []])
        expect(err).toBe(
          `Cannot use .sluice/dev.json: it names ${url}, which is not this machine. Delete the file, or name the gate: --url URL\n`,
        )
      }
    })

    it.each([
      'http://127.0.0.1:8787',
      'http://localhost:1',
      'http://[::1]:1',
      'http://127.9.9.9',
      'http://a.localhost',
    ])('a note that names %s is used with its own token, never with one of the user', async (url) => {
      const { fetched } = await lured(url, 'pull', SECRET)
      expect(fetched).toEqual([[new URL(url).origin, 'Bearer of-note']])
    })

    it('a token that the line gives needs a gate that the line gives', async () => {
      for (const option of ['--token x', '--token-file x'])
        expect(await lured('http://127.0.0.1:8787', `pull ${option}`)).toEqual({
          ...{ code: 2, fetched: [] },
          err: `${option.slice(0, -2)} must come with the gate that it is for: add --url http://127.0.0.1:8787\n`,
        })
      const named = await lured('http://127.0.0.1:8787', 'pull --url http://127.0.0.1:8787 --token x')
      expect(named.fetched).toEqual([['http://127.0.0.1:8787', 'Bearer x']])
    })

    it('a note is no obstacle to a gate that the user names, nor give it its token', async () => {
      const { fetched } = await lured('https://evil.test', 'pull --url https://evil.test')
      expect(fetched).toEqual([['https://evil.test', undefined]])
      const env = { ...SECRET, SLUICE_URL: 'https://good.test' }
      expect((await lured('https://evil.test', 'pull', env)).fetched).toEqual([
        ['https://good.test', 'Bearer of-user'],
      ])
    })
  })

  it.each([
    ['gate.test', 'https://gate.test'],
    ['localhost:8787', 'http://localhost:8787'],
    ['127.0.0.1:9000/__sluice/ui', 'http://127.0.0.1:9000'],
    ['[::1]:9000', 'http://[::1]:9000'],
    [' shop.localhost:80 ', 'http://shop.localhost'],
    [':9000', 'http://127.0.0.1:9000'],
    ['9000', 'http://127.0.0.1:9000'],
    ['localhost.test:9000', 'https://localhost.test:9000'],
    ['http://gate.test:8080//', 'http://gate.test:8080'],
    ['https://gate.test/base/__sluice/ui/flags?x=1#y', 'https://gate.test/base'],
    ['https://gate.test/__sluice', 'https://gate.test'],
    ['https://gate.test/__sluices', 'https://gate.test/__sluices'],
  ])('%s is at %s', (text, url) => {
    expect(checkedUrl(text)).toBe(url)
  })

  it.each([
    ['http://', 'The gate must be a URL such as https://www.example.com, not http://'],
    ['localhost', 'The gate must be a URL such as https://www.example.com, not localhost'],
    ['htp:/gate.test', 'The gate must be an http(s) URL, not htp:/gate.test'],
    ['ftp://gate.test', 'The gate must be an http(s) URL, not ftp://gate.test'],
  ])('%s is no address', (text, message) => {
    expect(() => checkedUrl(text)).toThrow(new UsageError(message))
  })

  it('is waited for, 10 s by default, and no timer is left behind', async () => {
    // The first request of a process starts a timer of Node's fetch, which stays.
    await (await scriptedGate()).run('pull')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const asked: string[] = []
    vi.stubGlobal('fetch', (url: URL, { signal }: { signal: AbortSignal }) => {
      asked.push(String(url))
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    })
    const told: string[] = []
    const running = sluice(['pull', '--url', 'gate.test'], { onErr: (text) => told.push(text) })
    await until(() => asked.length > 0)
    await vi.advanceTimersByTimeAsync(9_999)
    expect(told).toEqual(['waiting for https://gate.test …\n'])
    await vi.advanceTimersByTimeAsync(1)
    expect((await running).err).toMatch(
      / …\nCannot reach the gate at https:..gate.test .--url.: no answer within 10 s\n/,
    )
    vi.unstubAllGlobals()
    expect((await (await scriptedGate()).run('pull')).code).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is given up at Ctrl-C', async () => {
    const gate = await scriptedGate({ getDocument: SILENT })
    const stop = new AbortController()
    const running = gate.run('pull', { stop: stop.signal })
    await until(() => gate.asked.length > 0)
    stop.abort()
    expect(await running).toMatchObject({
      ...{ code: 1, out: '' },
      err: 'Interrupted: the gate may have done already what was asked of it\n',
    })
  })
})

describe('login', () => {
  it('asks the gate, then stores the token for its address alone, where only the owner can read it', async () => {
    const gate = await scriptedGate()
    const cwd = await emptyFolder()
    const env = { SLUICE_CONFIG_DIR: join(cwd, 'config') }
    const run = (line: string, more: RunOptions = {}) =>
      sluice(line.split(' '), { cwd, ...more, env: { ...env, ...more.env } })
    const port = gate.url.replace('http://127.0.0.1', '')
    const name = `127.0.0.1${port}`
    expect(await run(`login ${port} --token-file -`, { input: 'mine\n' })).toEqual({
      ...{ code: 0, err: '' },
      out: `✔ logged in to ${gate.url} as ada (admin), profile ${name}\n  Commands that name no gate go there\n`,
    })
    expect(gate.asked.map(({ id, token }) => [id, token])).toEqual([['whoAmI', 'mine']])
    expect((await stat(join(cwd, 'config/profiles.json'))).mode & 0o777).toBe(0o600)
    expect((await run(`pull --url ${gate.url}/__sluice/ui`)).code).toBe(0)
    expect((await run('pull')).code).toBe(0)
    expect(gate.asked.map(({ token }) => token)).toEqual(['mine', 'mine', 'mine'])
    // A new token of the same gate takes the place of the old one.
    const again = await run(`login --url ${gate.url} --json`, { env: { SLUICE_TOKEN: 'newer' } })
    expect(JSON.parse(again.out)).toEqual({
      ...{ name, url: gate.url, user: 'ada', role: 'admin', current: true },
    })
    const other = await scriptedGate()
    expect((await run(`login ${other.url} --name b`, { env: { SLUICE_TOKEN: 'of-b' } })).out).toContain(
      `Commands that name no gate go to the profile ${name}. Change that: sluice profile use b`,
    )
    const { profiles } = JSON.parse(await readFile(join(cwd, 'config/profiles.json'), 'utf8'))
    expect(profiles).toEqual({
      [name]: { url: gate.url, token: 'newer' },
      b: { url: other.url, token: 'of-b' },
    })
  })

  it('stores nothing that the gate does not know, nor without a gate or a token', async () => {
    const gate = await scriptedGate({ whoAmI: new Refused(401, 'Token not recognised') })
    const cwd = await emptyFolder()
    const env = { SLUICE_CONFIG_DIR: join(cwd, 'config') }
    const run = (line: string, more = {}) => sluice(line.split(' '), { cwd, env: { ...env, ...more } })
    expect(await run(`login ${gate.url}`, { SLUICE_TOKEN: 'wrong' })).toEqual({
      ...{ code: 1, out: '' },
      err: `The gate at ${gate.url} does not recognise this token. Nothing was stored\n`,
    })
    expect(await run('login http://127.0.0.1:2', { SLUICE_TOKEN: 'x' })).toMatchObject({
      ...{ code: 1, err: expect.stringContaining('Cannot reach the gate at http://127.0.0.1:2') },
    })
    expect(await run('login')).toMatchObject({
      code: 2,
      err: expect.stringContaining('The gate must be given'),
    })
    expect(await run(`login ${gate.url}`)).toMatchObject({
      ...{ code: 2, err: expect.stringContaining('Cannot ask for the token without a terminal') },
    })
    await expect(stat(join(cwd, 'config'))).rejects.toThrow('ENOENT')
  })

  it('a gate that runs in this folder outranks the current profile, and nothing that is named', async () => {
    const { main, spare, run, cwd } = await world()
    const local = await startHealthy()
    await mkdir(join(cwd, '.sluice'))
    const note = (url: string) =>
      writeFile(join(cwd, '.sluice/dev.json'), JSON.stringify({ url, token: 't' }))
    await note(local.url)
    const ran = await run('pull')
    expect(ran.err).toContain(
      `using the gate of this folder (${local.url}), not the current profile main (${main.url}): --profile main\n`,
    )
    expect(local.asked).toEqual(['/__sluice/health', '/__sluice/api/v1/document Bearer t'])
    for (const [line, env] of [
      ['pull --profile main', {}],
      [`pull --url ${main.url}`, {}],
      ['pull', { SLUICE_URL: main.url }],
      ['pull', { SLUICE_PROFILE: 'main' }],
    ] as const)
      expect(await run(line, { env })).toMatchObject({ code: 0, err: '' })
    expect([main.asked.length, spare.asked.length, local.asked.length]).toEqual([4, 0, 2])
    expect((await run('pull --json')).err).toBe('')
  })

  it('the current profile is used where the gate of this folder has ended, or is the same', async () => {
    const { main, run, cwd } = await world()
    await mkdir(join(cwd, '.sluice'))
    const note = (url: string) =>
      writeFile(join(cwd, '.sluice/dev.json'), JSON.stringify({ url, token: 't' }))
    await note('http://127.0.0.1:9')
    expect(await run('pull')).toMatchObject({
      code: 0,
      err: `the gate of this folder (http://127.0.0.1:9) does not answer: using the current profile main (${main.url})\n`,
    })
    expect((await run('pull --profile main')).err).toBe('')
    for (const url of [main.url, 'https://elsewhere.test']) {
      await note(url)
      expect((await run('pull')).err).toBe('')
    }
  })
})

/** A gate that only says that it runs; what it was asked, with the token. */
async function startHealthy() {
  const asked: string[] = []
  const server = createServer(({ url = '', headers }, response) => {
    asked.push([url, headers.authorization].filter(Boolean).join(' '))
    response.writeHead(url === '/__sluice/health' ? 200 : 404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

describe('profiles', () => {
  it('are stored where only their owner can read them, and listed without tokens', async () => {
    const { main, spare, config, run } = await world()
    const path = join(config, 'profiles.json')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(config)).toEqual(['profiles.json'])
    expect((await stat(config)).mode & 0o777).toBe(0o700)
    expect(await readFile(path, 'utf8')).toBe(
      `${JSON.stringify({ current: 'main', profiles: { main: { url: main.url, token: 'of-main' }, spare: { url: spare.url, token: 'of-spare' } } }, null, 2)}\n`,
    )
    await run('profile add bare --url bare.test')
    const list = (current: string) => [
      `${current === 'main' ? 'main *' : 'main'} ${main.url} has a token`,
      `${current === 'spare' ? 'spare *' : 'spare'} ${spare.url} has a token`,
      `${current === 'bare' ? 'bare *' : 'bare'} https://bare.test no token`,
    ]
    const shown = async () =>
      (await run('profile list')).out
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/ {2,}/g, ' '))
    expect(await shown()).toEqual(list('main'))
    expect((await run('profile use spare')).out).toBe('✔ spare is the current profile\n')
    expect(await shown()).toEqual(list('spare'))
    expect(JSON.parse((await run('profile list --json')).out)).toEqual({
      file: path,
      profiles: [
        { name: 'main', url: main.url, hasToken: true, current: false },
        { name: 'spare', url: spare.url, hasToken: true, current: true },
        { name: 'bare', url: 'https://bare.test', hasToken: false, current: false },
      ],
    })
    expect((await run('profile remove bare --json')).out).toBe('{\n  "removed": "bare"\n}\n')
    expect(JSON.parse(await readFile(path, 'utf8')).current).toBe('spare')
    expect((await run('profile remove spare')).out).toBe('✔ removed spare\n')
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      profiles: { main: { url: main.url, token: 'of-main' } },
    })
  })

  it('are added with what there is, and said to be current when they are', async () => {
    const cwd = await emptyFolder()
    const env = { SLUICE_CONFIG_DIR: cwd }
    const run = (line: string, more: RunOptions = {}) =>
      sluice(line.split(' '), { cwd, ...more, env: { ...env, ...more.env } })
    expect((await run('profile list')).out).toBe(
      'No profiles yet. Add one: sluice profile add NAME --url URL\n',
    )
    expect(await run('profile add a')).toEqual({
      ...{ code: 2, out: '' },
      err: 'The gate must be given: --url https://sluice.example.com\n',
    })
    expect((await run('profile add a --url a.test')).out).toBe(
      '✔ a is https://a.test, without a token, and the current profile\n',
    )
    expect((await run('profile add b --gate b.test --token-file -', { input: 't' })).out).toBe(
      '✔ b is https://b.test\n',
    )
    expect(
      JSON.parse(
        (await run('profile add c --json', { env: { SLUICE_URL: 'c.test', SLUICE_TOKEN: 't' } })).out,
      ),
    ).toEqual({ name: 'c', url: 'https://c.test', hasToken: true, current: false })
    expect((await run('profile use gone')).err).toBe('There is no profile gone (profiles: a, b, c)\n')
    expect((await run('profile remove toString')).code).toBe(2)
    for (const name of ['a', 'b', 'c']) await run(`profile remove ${name}`)
    expect((await run('profile use gone')).err).toBe('There is no profile gone (profiles: none yet)\n')
    expect((await run('pull --profile gone')).err).toContain('(profiles: none yet)')
  })

  it('that others can read, or that are damaged, are refused', async () => {
    const cwd = await emptyFolder()
    const path = join(cwd, 'profiles.json')
    const run = () => sluice(['profile', 'list'], { env: { SLUICE_CONFIG_DIR: cwd } })
    await writeFile(path, '{"profiles":{}}', { mode: 0o600 })
    expect((await run()).code).toBe(0)
    for (const mode of [0o640, 0o604]) {
      await chmod(path, mode)
      expect(await run()).toEqual({
        ...{ code: 1, out: '' },
        err: `Cannot use ${path}: other users can read its tokens. Run: chmod 600 ${path}\n`,
      })
    }
    await chmod(path, 0o600)
    for (const text of ['{', '{"profiles":{"a":{}}}']) {
      await writeFile(path, text)
      expect((await run()).err).toMatch(/^Cannot use .*profiles\.json: .*\. Fix or remove it\n$/s)
    }
    const folder = await emptyFolder()
    await mkdir(join(folder, 'profiles.json'))
    expect((await sluice(['profile', 'list'], { env: { SLUICE_CONFIG_DIR: folder } })).err).toMatch(
      /^Cannot read .*profiles\.json: EISDIR/,
    )
  })

  it('are in the folder for settings', () => {
    vi.stubEnv('HOME', '/users/me')
    expect(profilesPath({ env: { SLUICE_CONFIG_DIR: '/c', XDG_CONFIG_HOME: '/x' } })).toBe('/c/profiles.json')
    expect(profilesPath({ env: { XDG_CONFIG_HOME: '/x' } })).toBe('/x/sluice/profiles.json')
    expect(profilesPath({ env: {} })).toBe('/users/me/.config/sluice/profiles.json')
    vi.unstubAllEnvs()
  })
})
