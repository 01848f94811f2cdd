/** `sluice init`: what it asks, what it writes, and what it leaves alone. */
import { existsSync, lstatSync, watch } from 'node:fs'
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ownCommand } from '../../src/cli/base/own-command.ts'
import { emptyFolder, type RunOptions, sluice } from './gate/support.ts'

type Question = { message: string; placeholder?: string; validate?: (value?: string) => string | undefined }
const CANCELLED = Symbol('cancelled')
const made = vi.hoisted(() => ({ answer: undefined as unknown, folders: [] as string[] }))
const prompts = vi.hoisted(() => ({
  questions: [] as Question[],
  answers: [] as unknown[],
  notes: [] as string[],
}))

vi.mock('../../src/cli/connection/wrangler.ts', async (original) => ({
  ...(await original<object>()),
  createNamespace: async ({ cwd }: { cwd: string }) => {
    made.folders.push(cwd)
    return made.answer
  },
}))
vi.mock('@clack/prompts', () => ({
  intro: (text: string) => prompts.notes.push(text),
  cancel: (text: string) => prompts.notes.push(text),
  text: async (question: Question) => {
    prompts.questions.push(question)
    return prompts.answers.shift()
  },
  group: async (steps: Record<string, () => Promise<unknown>>, { onCancel }: { onCancel: () => void }) => {
    const results: Record<string, unknown> = {}
    for (const [name, step] of Object.entries(steps)) {
      results[name] = await step()
      if (results[name] === CANCELLED) onCancel()
    }
    return results
  },
  confirm: async () => false,
  password: async () => '',
  isCancel: (value: unknown) => value === CANCELLED,
}))

const NAMESPACE = 'abcdef0123456789abcdef0123456789'
const BOTH = ['--old', 'https://old.test', '--new', 'https://new.test']
const LOGIN = { CLOUDFLARE_API_TOKEN: 'x' }
const STEPS = (folder: string, more: string) => {
  const steps = [
    ['dev', 'run the gate on http://127.0.0.1:8787'],
    ['advance new-site', 'begin: 1 % of visitors get the new origin'],
    ['check --live', 'ask both origins as the gate will'],
    ['doctor', 'check the setup'],
    ['deploy', `deploy to Cloudflare${more}`],
  ]
  return `\n\nNext:\n${folder}${steps.map(([verb = '', what]) => `  sluice ${verb.padEnd(16)}  # ${what}\n`).join('')}`
}
const WROTE = '✔ wrote gate.json, sluice.schema.json, wrangler.toml, .dev.vars, .gitignore'

/** Without a login, unless `env` gives one. */
async function init(args: string[], cwd: string, options: RunOptions = {}) {
  return await sluice(['init', ...args], { cwd, ...options, env: { XDG_CONFIG_HOME: cwd, ...options.env } })
}
const documentIn = async (folder: string) => JSON.parse(await readFile(join(folder, 'gate.json'), 'utf8'))

beforeEach(async () => {
  made.answer = { ok: true, id: NAMESPACE }
  made.folders.length = 0
  prompts.questions.length = prompts.answers.length = prompts.notes.length = 0
  vi.stubEnv('HOME', await emptyFolder())
  return () => void vi.unstubAllEnvs()
})

it('writes the files of a gate, and says what comes next', async () => {
  const cwd = await emptyFolder()
  expect(await init([...BOTH, '--countries', 'ro, us'], cwd)).toEqual({
    ...{ code: 0, err: '' },
    out: `${WROTE}${STEPS('', ', with KV namespace and secrets')}`,
  })
  const text = await readFile(join(cwd, 'gate.json'), 'utf8')
  expect(text).toMatchInlineSnapshot(`
    "{
      "$schema": "./sluice.schema.json",
      "origins": {
        "old": { "url": "https://old.test" },
        "new": { "url": "https://new.test" }
      },
      "publishing": {
        "confirmAbovePercent": 10
      },
      "notifications": {
        "webhooks": []
      },
      "routes": [
        { "path": "/*", "flag": "new-site", "origins": { "on": "new", "off": "old" } }
      ],
      "flags": {
        "new-site": {
          "description": "Moves visitors from the old origin to the new one",
          "variants": { "on": true, "off": false },
          "off": "off",
          "rules": [
            {
              "name": "testers",
              "when": [{ "attribute": "cookie.tester", "op": "in", "values": ["1"] }],
              "serve": "on"
            },
            {
              "name": "canary",
              "when": [{ "attribute": "country", "op": "in", "values": ["RO", "US"] }],
              "stages": [
                { "percentage": 0, "bake": "0s", "advance": "manual" },
                { "percentage": 1, "bake": "10m" },
                { "percentage": 5, "bake": "30m" },
                { "percentage": 25, "bake": "1h", "approval": true },
                { "percentage": 50, "bake": "1h" },
                { "percentage": 100 }
              ],
              "serve": "on"
            }
          ],
          "guard": { "errors": {}, "latency": {}, "ceilings": { "errorRate": 0.2 } }
        }
      }
    }
    "
  `)
  expect(await readFile(join(cwd, '.dev.vars'), 'utf8')).toMatch(
    /^ADMIN_TOKEN=[\w-]{32}\nSIGNING_KEY=[\w-]{32}\n$/,
  )
  expect((await stat(join(cwd, '.dev.vars'))).mode & 0o777).toBe(0o600)
  expect(await readFile(join(cwd, '.gitignore'), 'utf8')).toBe(
    'node_modules/\n.sluice/\n.wrangler/\n.dev.vars\n',
  )
  const toml = await readFile(join(cwd, 'wrangler.toml'), 'utf8')
  const own = await readFile('wrangler.toml', 'utf8')
  const name = basename(cwd).toLowerCase()
  expect(toml.split('\n').filter((line) => !own.includes(line))).toEqual([
    `name = "${name}"`,
    '# Written by "sluice build" and "sluice deploy", with gate.json built in.',
    'main = ".sluice/gate/worker.js"',
    expect.stringContaining('(locally: .dev.vars)'),
    'directory = ".sluice/dashboard"',
  ])
  expect(toml).not.toContain('[build]')
  // Wrangler creates the namespace with the first deployment.
  expect(toml).toContain('binding = "GATE"\n')
  expect(toml).not.toMatch(/^id = /m)
  const again = await init(BOTH, cwd)
  expect(again).toEqual({
    ...{ code: 1, out: '' },
    err: 'Cannot set up a gate here: gate.json, sluice.schema.json, wrangler.toml, .dev.vars exist already. Add --force to overwrite them\n',
  })
  expect((await init([...BOTH, '--force', '--flag', 'other'], cwd)).code).toBe(0)
  expect(Object.keys((await documentIn(cwd)).flags)).toEqual(['other'])
})

it('in a new folder, with defaults and with a namespace', async () => {
  const cwd = await emptyFolder()
  const ran = await init(['My Shop!', '--yes'], cwd, { env: LOGIN })
  expect(ran.out).toBe(`${WROTE}${STEPS('  cd My Shop!\n', '')}`)
  const folder = join(cwd, 'My Shop!')
  expect(made.folders).toEqual([folder])
  const toml = await readFile(join(folder, 'wrangler.toml'), 'utf8')
  expect(toml).toContain('name = "my-shop"')
  expect(toml).toContain(`id = "${NAMESPACE}"`)
  const { origins, flags } = await documentIn(folder)
  expect(origins).toEqual({ old: { url: 'http://127.0.0.1:3000' }, new: { url: 'http://127.0.0.1:3001' } })
  expect([Object.keys(flags), flags['new-site'].owner, flags['new-site'].rules[1].when]).toEqual([
    ['new-site'],
    undefined,
    undefined,
  ])
  const nameless = await init(['!!', '--yes', '--no-kv'], cwd)
  expect(nameless.code).toBe(0)
  expect(await readFile(join(cwd, '!!/wrangler.toml'), 'utf8')).toContain('name = "sluice"')
  const long = `${'x'.repeat(53)}-${'y'.repeat(9)}`
  await init([long, '--yes'], cwd)
  expect(await readFile(join(cwd, long, 'wrangler.toml'), 'utf8')).toContain(`name = "${'x'.repeat(53)}-"`)
})

it.each([
  [['--kv', NAMESPACE], NAMESPACE, 0, {}],
  [['--no-kv'], null, 0, LOGIN],
  [[], null, 0, {}],
  [[], NAMESPACE, 1, LOGIN],
])('the namespace with %j is %s', async (args, kvNamespace, count, env) => {
  const cwd = await emptyFolder()
  const ran = await init([...BOTH, ...args, '--json'], cwd, { env })
  const files = ['gate.json', 'sluice.schema.json', 'wrangler.toml', '.dev.vars', '.gitignore']
  expect(JSON.parse(ran.out)).toEqual({ folder: cwd, files, kvNamespace })
  expect(made.folders).toHaveLength(count)
})

it('goes on without a namespace that could not be made', async () => {
  made.answer = { ok: false, why: 'denied' }
  const ran = await init(BOTH, await emptyFolder(), { env: LOGIN })
  expect([ran.code, ran.err]).toEqual([0, 'the KV namespace was not created: denied\n'])
})

it.each([
  [['--kv', `${NAMESPACE}0`], `--kv must be 32 hexadecimal digits, not ${NAMESPACE}0`],
  [['--kv', `x${NAMESPACE}`], `--kv must be 32 hexadecimal digits, not x${NAMESPACE}`],
  [['--name', 'My'], 'The name must be at most 54 of a-z, 0-9 and -, not My'],
  [['--name', '-a'], 'The name must be at most 54 of a-z, 0-9 and -, not -a'],
  [['--name', 'a'.repeat(55)], `The name must be at most 54 of a-z, 0-9 and -, not ${'a'.repeat(55)}`],
  [['--countries', 'RO,rom'], 'A country must be a code such as RO, or a name, not ROM'],
  [['--countries', '1T'], 'A country must be a code such as RO, or a name, not 1T'],
  [['--admin-host', 'a/b'], '--admin-host must be a host such as sluice.example.net, not a/b'],
  [['--old', 'nowhere'], 'The document must be valid'],
  [['--login', 'a b'], '--login must be the name of a cookie, or header:NAME, not a b'],
  [['--webhook', 'slack'], 'The document must be valid'],
])('refuses %j', async (args, message) => {
  const ran = await init([...BOTH, ...args], await emptyFolder())
  expect([ran.code, ran.out]).toEqual([2, ''])
  expect(ran.err.split('\n')[0]).toBe(message)
})

it.each([
  ['', 'node_modules/\n.sluice/\n.wrangler/\n.dev.vars\n'],
  ['dist\n.sluice/\n', 'dist\n.sluice/\nnode_modules/\n.wrangler/\n.dev.vars\n'],
  ['dist', 'dist\nnode_modules/\n.sluice/\n.wrangler/\n.dev.vars\n'],
  ['.dev.vars\n.wrangler/\n.sluice/\nnode_modules/', '.dev.vars\n.wrangler/\n.sluice/\nnode_modules/'],
])('adds to a .gitignore of %j what it lacks', async (before, after) => {
  const cwd = await emptyFolder()
  await writeFile(join(cwd, '.gitignore'), before)
  expect((await init(BOTH, cwd)).code).toBe(0)
  expect(await readFile(join(cwd, '.gitignore'), 'utf8')).toBe(after)
})

it('asks on a terminal for what is not given', async () => {
  const cwd = await emptyFolder()
  prompts.answers.push('localhost:3000', 'b.test', 'moved', 'web', 'header:X-User-Id', 'ro us', '')
  expect((await init([], cwd, { canAsk: true })).code).toBe(0)
  expect(prompts.notes).toEqual(['A gate between two origins'])
  expect(prompts.questions.map(({ message }) => message)).toEqual([
    'Which origin serves all visitors today?',
    'Which origin do you want to move to?',
    'What is the key of the flag?',
    'Who owns the flag?',
    'Which cookie or header names a visitor who is logged in?',
    'Which countries should get it first?',
    'Which URL should be told of rollbacks and approvals?',
    'Which host should the dashboard have for itself?',
  ])
  const { origins, flags, context } = await documentIn(cwd)
  expect([origins.old.url, origins.new.url, flags.moved.owner]).toEqual([
    'http://localhost:3000',
    'https://b.test',
    'web',
  ])
  expect(context).toEqual({ targetingKey: [{ header: 'x-user-id' }] })
  expect(flags.moved.rules[1].when).toEqual([{ attribute: 'country', op: 'in', values: ['RO', 'US'] }])

  const [old, next, key, , identity, countries, webhook] = prompts.questions
  for (const good of ['', undefined, 'uid', 'cookie:uid', 'header:X-User-Id'])
    expect(identity?.validate?.(good)).toBeUndefined()
  for (const bad of ['a b', 'header:', 'query:x'])
    expect(identity?.validate?.(bad)).toBe('It must be a name such as uid or header:x-user-id')
  expect(webhook?.validate?.('')).toBeUndefined()
  expect(webhook?.validate?.('slack')).toBe('It must be a URL such as https://hooks.example.com/sluice')
  expect(old).toMatchObject({ placeholder: 'https://old.example.com' })
  for (const good of ['https://a.test', 'http://a.test:8080/path', 'localhost:3000', ':3000', 'a.test'])
    expect(old?.validate?.(good)).toBeUndefined()
  for (const bad of [undefined, '', 'shop', 'ftp://a.test', 'https://a.test/?q', 'https://me@a.test'])
    expect(next?.validate?.(bad), bad).toBe('It must be a URL such as https://new.example.com')
  expect(key?.validate?.('new-site')).toBeUndefined()
  for (const bad of [undefined, 'a b'])
    expect(key?.validate?.(bad)).toBe('It must be of letters, digits and . _ ~ : / -')
  for (const good of ['', undefined, 'us,T1']) expect(countries?.validate?.(good)).toBeUndefined()
  expect(countries?.validate?.('atlantis')).toBe('Countries must be codes or names, such as US,Romania')
})

it('asks only for the rest, and writes nothing when it is left', async () => {
  const cwd = await emptyFolder()
  const given = ['--old', 'https://a.test', '--flag', 'f', '--countries', 'DE', '--owner', 'ops']
  prompts.answers.push(CANCELLED)
  expect(await init(given, cwd, { canAsk: true })).toEqual({ code: 1, out: '', err: 'Nothing was changed\n' })
  expect(prompts.notes).toEqual(['A gate between two origins', 'Nothing was written'])
  expect(await readdir(cwd)).toEqual([])
  prompts.questions.length = 0
  prompts.answers.push('https://b.test')
  expect((await init(given, cwd, { canAsk: true })).code).toBe(0)
  expect(prompts.questions.map(({ message }) => message)).toEqual([
    'Which origin do you want to move to?',
    'Which cookie or header names a visitor who is logged in?',
    'Which URL should be told of rollbacks and approvals?',
    'Which host should the dashboard have for itself?',
  ])
  expect((await documentIn(cwd)).flags.f.owner).toBe('ops')
  const bare = await emptyFolder()
  prompts.answers.push('https://a.test', 'https://b.test', 'f', '', '', '', '')
  expect((await init([], bare, { canAsk: true })).code).toBe(0)
  const { flags } = await documentIn(bare)
  expect(flags.f).not.toHaveProperty('owner')
  expect(flags.f.rules[1]).not.toHaveProperty('when')
})

it('asks nothing with --yes, or where both origins are given', async () => {
  for (const args of [['--yes'], BOTH])
    expect((await init(args, await emptyFolder(), { canAsk: true })).code).toBe(0)
  expect(prompts.questions).toEqual([])
})

it('a folder that cannot be written to is a failure', async () => {
  const cwd = await emptyFolder()
  await writeFile(join(cwd, 'file'), '')
  expect((await init(['file', ...BOTH], cwd)).code).toBe(1)
})

it('secrets are never readable by others, nor by git: not for a moment, whatever lies there', async () => {
  const cwd = await emptyFolder()
  await writeFile(join(cwd, 'elsewhere'), 'kept', { mode: 0o644 })
  await symlink('elsewhere', join(cwd, '.dev.vars'))
  const seen: string[] = []
  const watcher = watch(cwd, (_, name) => {
    if (name === null || !name.startsWith('.dev.vars') || !existsSync(join(cwd, name))) return
    seen.push(`${lstatSync(join(cwd, name)).mode & 0o077} ${existsSync(join(cwd, '.gitignore'))}`)
  })
  expect((await init([...BOTH, '--force'], cwd)).code).toBe(0)
  await expect.poll(() => seen.length).toBeGreaterThan(0)
  watcher.close()
  expect(new Set(seen)).toEqual(new Set(['0 true']))
  const { mode } = lstatSync(join(cwd, '.dev.vars'))
  expect([mode & 0o777, lstatSync(join(cwd, '.dev.vars')).isSymbolicLink()]).toEqual([0o600, false])
  expect(await readFile(join(cwd, 'elsewhere'), 'utf8')).toBe('kept')
})

it('what it writes is safe: testers alone at first, a word before half of the visitors, and who is told', async () => {
  const cwd = await emptyFolder()
  const more = ['--login', 'uid', '--webhook', 'https://hooks.test/x']
  await init(['--old', 'localhost:3000', '--new', ':4000', ...more], cwd)
  const { origins, context, publishing, notifications, flags } = await documentIn(cwd)
  expect(origins).toEqual({ old: { url: 'http://localhost:3000' }, new: { url: 'http://127.0.0.1:4000' } })
  expect(context).toEqual({ targetingKey: [{ cookie: 'uid' }] })
  expect(publishing).toEqual({ confirmAbovePercent: 10 })
  expect(notifications).toEqual({ webhooks: [{ url: 'https://hooks.test/x' }] })
  const [testers, canary] = flags['new-site'].rules
  expect(testers.when).toEqual([{ attribute: 'cookie.tester', op: 'in', values: ['1'] }])
  const stages = canary.stages as { percentage: number; advance?: string; approval?: boolean }[]
  expect(stages[0]).toMatchObject({ percentage: 0, advance: 'manual' })
  const half = stages.findIndex(({ percentage }) => percentage >= 50)
  expect(stages[half - 1]?.approval).toBe(true)
  // No document of init needs a second look by `check`.
  expect((await sluice(['check'], { cwd })).code).toBe(0)
})

it('the dashboard gets a custom domain, where one is named', async () => {
  const cwd = await emptyFolder()
  await init([...BOTH, '--admin-host', 'sluice.example.net'], cwd)
  const toml = await readFile(join(cwd, 'wrangler.toml'), 'utf8')
  expect(toml).toContain('\nADMIN_HOST = "sluice.example.net"\n')
  expect(toml).toContain('\nroutes = [{ pattern = "sluice.example.net", custom_domain = true }]\n')
  prompts.answers.push('https://a.test', 'https://b.test', 'f', '', '', '', '', 'other.example.net')
  await init([], await emptyFolder(), { canAsk: true })
  expect(prompts.questions.at(-1)?.validate?.('a b')).toBe('It must be a host such as sluice.example.net')
})

describe('the command that it names', () => {
  const named = async (cwd: string, script = '/opt/sluice/bin/sluice.js') => ownCommand({ script }, cwd)
  const write = async (path: string, text: string) => {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }

  it('is npx only where npx finds this package', async () => {
    const cwd = await emptyFolder()
    expect(await named(cwd)).toMatch(/^node (?:\.\.[/\\])+.*bin[/\\]sluice\.js$/)
    await write(join(cwd, 'package.json'), '{"name":"shop"}')
    await write(join(cwd, 'site/gate.json'), '{}')
    expect(await named(join(cwd, 'site'))).toMatch(/^node /)
    await write(join(cwd, 'node_modules/.bin/sluice'), '')
    expect([await named(cwd), await named(join(cwd, 'site'))]).toEqual(['npx sluice', 'npx sluice'])
  })

  it('is npx in the package itself and its folders, but not in a project inside', async () => {
    const cwd = await emptyFolder()
    await write(join(cwd, 'package.json'), '{"bin":{"sluice":"bin/sluice.js"}}')
    await write(join(cwd, 'site/gate.json'), '{}')
    await write(join(cwd, 'other/package.json'), '{}')
    await write(join(cwd, 'broken/package.json'), '{')
    await write(join(cwd, 'modules/node_modules/x'), '')
    const folders = ['.', 'site', 'other', 'broken', 'modules'].map((folder) => join(cwd, folder))
    expect(
      (await Promise.all(folders.map((folder) => named(folder)))).map((text) => text.split(' ')[0]),
    ).toEqual(['npx', 'npx', 'node', 'node', 'node'])
  })

  it('is the program itself where it is installed for the machine', async () => {
    const cwd = await emptyFolder()
    expect(await named(cwd, '/usr/local/bin/sluice')).toBe('sluice')
    expect(await named(cwd, '/var/cache/npm/_npx/1/node_modules/.bin/sluice')).toMatch(/^node /)
  })
})
