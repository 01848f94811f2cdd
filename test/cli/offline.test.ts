/** Commands that need no gate. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { emptyFolder, sluice } from './gate/support.ts'

const EXAMPLE = 'config/gate.json'
const json = async (...args: string[]) => JSON.parse((await sluice([...args, '--json'])).out)

/** A document of one flag, in its own folder. */
async function folderWith(flag: object): Promise<string> {
  const cwd = await emptyFolder()
  const document = {
    origins: { old: { url: 'http://old.test' }, new: { url: 'http://new.test' } },
    context: {
      targetingKey: { header: 'x-user-id' },
      attributes: { plan: { jwt: 'plan' } },
      jwt: { secretBinding: 'KEY' },
    },
    routes: [{ path: '/*', flag: 'f', origins: { on: 'new', off: 'old' } }],
    flags: { f: { variants: { on: true, off: false }, off: 'off', ...flag } },
  }
  await writeFile(join(cwd, 'gate.json'), JSON.stringify(document))
  return cwd
}

describe('sluice explain --document', () => {
  it('says where a request goes, and why', async () => {
    const request = ['--request', '/checkout/pay', '--cf', 'country=RO', '--document', EXAMPLE]
    const ada = await json('explain', ...request, '--header', 'X-User-Id: ada')
    expect(ada).toMatchObject({
      targetingKey: 'ada',
      route: { route: '/checkout/*', flag: 'new-checkout', origin: 'old' },
      flags: [{ flag: 'new-checkout', variant: 'off', arm: 'control' }],
    })
    const noOne = await json('explain', ...request)
    expect(noOne.targetingKey).toBeNull()
    const text = (await sluice(['explain', ...request, '--header', 'x-user-id=ada'])).out
    expect(text).toContain('Route /checkout/* sends the request to old')
    expect(text).toMatch(
      /– rule "first countries": outside its percentage, 25 % of visitors; the visitor is at \d/,
    )
  })

  it('takes cookies, queries, claims, attributes and lists as the gate would', async () => {
    const when = (attribute: string, value: string | boolean | number) =>
      folderWith({ rules: [{ when: [{ attribute, op: 'in', values: [value] }], serve: 'on' }] })
    const variant = async (cwd: string, ...args: string[]) => {
      const { out } = await sluice(['explain', '--document', 'gate.json', '--json', ...args], { cwd })
      return JSON.parse(out).flags[0].variant
    }
    expect(await variant(await when('cookie.beta', '1'), '-r', '/', '-H', 'cookie: a=2; beta=1')).toBe('on')
    expect(await variant(await when('query.q', 'x'), '-r', '/?q=x')).toBe('on')
    expect(await variant(await when('plan', 'pro'), '-r', '/', '--claim', 'plan=pro')).toBe('on')
    expect(await variant(await when('device', 'mobile'), '-r', '/', '-H', 'user-agent=iPhone Mobile')).toBe(
      'on',
    )
    expect(await variant(await when('ip', '192.0.2.1'), '-r', '/', '-H', 'cf-connecting-ip=192.0.2.1')).toBe(
      'on',
    )
    expect(await variant(await when('role', 'b'), '-a', 'role=a', '-a', 'role=b')).toBe('on')
    expect(await variant(await when('beta', true), '-a', 'beta=true')).toBe('on')
    expect(await variant(await when('beta', true), '-a', 'beta=no')).toBe('off')
  })

  it.each([
    [['explain', 'no-such-flag', '-d', EXAMPLE], 1, 'has no flag no-such-flag'],
    [['explain', '--header', 'a=b', '-d', EXAMPLE], 2, 'add --request URL'],
    [['explain', '-a', 'country', '-d', EXAMPLE], 2, 'must be NAME=VALUE'],
    [['explain', '-r', 'http://', '-d', EXAMPLE], 2, 'must be a URL'],
    [['explain', '-r', '/', '-H', 'nothing', '-d', EXAMPLE], 2, 'must be NAME=VALUE or "Name: value"'],
    [['explain', '-d', '/no/such/file'], 2, 'there is no such file'],
  ])('refuses %j', async (args, code, message) => {
    const ran = await sluice(args)
    expect([ran.code, ran.out]).toEqual([code, ''])
    expect(ran.err).toContain(message)
  })
})

describe('sluice simulate', () => {
  it('gives shares that follow percentages, stages and countries', async () => {
    const shares = async (...args: string[]) => {
      const { flags } = await json('simulate', EXAMPLE, '--flag', 'new-checkout', ...args)
      return flags[0].groups.map(
        (group: { attribute: string; value: string; visitors: number; variants: { on?: number } }) => ({
          group: `${group.attribute} ${group.value}`.trim(),
          share: (100 * (group.variants.on ?? 0)) / group.visitors,
        }),
      )
    }
    const last = await shares('--stage', '3', '--countries', 'RO=70,DE=30', '--devices', 'mobile,desktop')
    const of = (name: string) => last.find(({ group }: { group: string }) => group === name)?.share
    expect(of('country RO')).toBeGreaterThan(23)
    expect(of('country RO')).toBeLessThan(27)
    expect(of('country DE')).toBe(0)
    expect(of('')).toBeGreaterThan(15)
    expect(last).toHaveLength(5)
    expect(await shares('--stage', '3')).toEqual(await shares('--stage', '3'))
    expect((await shares('-a', 'country=RO', '--stage', '1'))[0].share).toBeLessThan(6)
  })

  it.each([
    [['simulate', EXAMPLE, '--flag', 'x'], 1, 'has no flag x'],
    [['simulate', EXAMPLE, '--countries', 'US=many'], 2, 'must be NAME=WEIGHT'],
    [['simulate', EXAMPLE, '--visitors', '1.5'], 2, 'whole number'],
    [['simulate', EXAMPLE, '--stage', 'last'], 2, 'whole number from 1'],
    [['simulate', EXAMPLE, '--stage', '0'], 2, 'whole number from 1'],
  ])('refuses %j', async (args, code, message) => {
    const ran = await sluice(args)
    expect(ran.code).toBe(code)
    expect(ran.err).toContain(message)
  })
})

describe('sluice stale FILE', () => {
  it('finds expired and ownerless flags, and fails for pipelines', async () => {
    const cwd = await folderWith({ expires: '2020-01-01' })
    const ran = await sluice(['stale', 'gate.json', '--json'], { cwd })
    expect(ran.code).toBe(1)
    expect(JSON.parse(ran.out).flags).toMatchObject([
      { flag: 'f', stale: [{ kind: 'expired' }, { kind: 'ownerless' }] },
    ])
    expect((await sluice(['stale', 'gate.json', '--only', 'unused'], { cwd })).code).toBe(0)
    expect((await sluice(['stale', EXAMPLE])).out).toContain('2 flags, nothing to clean up')
    expect((await sluice(['stale', EXAMPLE, '--only', 'ugly'])).code).toBe(2)
  })
})

describe('sluice docs FILE', () => {
  it('tells of each flag what it is for and who gets what, as Markdown and as HTML', async () => {
    const { out } = await sluice(['docs', EXAMPLE])
    expect(out).toContain('## new-checkout')
    expect(out).toContain('1. "first countries": 25 % of visitors whose country is US or RO: on')
    expect(out).toContain('| owner | payments |')
    const html = (await sluice(['docs', EXAMPLE, '--format', 'html'])).out
    expect(html).toContain(
      '<li>&quot;first countries&quot;: 25 % of visitors whose country is US or RO: on</li>',
    )
  })

  it('takes what people wrote for text', async () => {
    const cwd = await folderWith({ description: '<script>alert(1)</script> | [x](y)', rules: [] })
    expect((await sluice(['docs', 'gate.json'], { cwd })).out).toContain(
      '&lt;script>alert(1)&lt;/script> \\| \\[x\\](y)',
    )
    const written = await sluice(['docs', 'gate.json', '--out', 'flags.html'], { cwd })
    expect(written.out).toContain('wrote 1 flag to flags.html')
    expect(await readFile(join(cwd, 'flags.html'), 'utf8')).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  })
})

describe('what a flag requires', () => {
  it('has words for every kind of it, in the page of docs as on the dashboard', async () => {
    const cwd = await emptyFolder()
    const flag = (more = {}) => ({ variants: { on: true, off: false }, off: 'off', ...more })
    const requires = ['a', { flag: 'b', on: false }, { flag: 'a', variants: ['on'] }]
    const document = {
      origins: { o: { url: 'http://o.test' } },
      routes: [{ path: '/*', origin: 'o' }],
      flags: { a: flag(), b: flag(), f: flag({ requires }) },
    }
    await writeFile(join(cwd, 'gate.json'), JSON.stringify(document))
    const { out } = await sluice(['docs', 'gate.json'], { cwd })
    expect(out).toContain('| requires | a is on and b is off and a serves on |')
  })
})

describe('sluice completion', () => {
  it.each([
    [['ki'], ['kill']],
    [['kill', 'new-c'], ['new-checkout']],
    [
      ['token', ''],
      ['create', 'list', 'revoke'],
    ],
    [['token', 'create', 'ci', '--role', 'a'], ['admin']],
    [['kill', '--wi'], ['--within']],
    [['kill', '--js'], ['--json']],
    [['completion', 'z'], ['zsh']],
    [['kill', '--reason', ''], null],
    [['check', ''], null],
  ])('after %j offers %j', async (words, expected) => {
    const ran = await sluice(['completion', 'words', '--json', '--', ...words])
    expect(JSON.parse(ran.out)).toEqual({ words: expected })
    expect(ran.code).toBe(expected === null ? 1 : 0)
  })

  it('has a script for each shell, and for no other', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      expect((await sluice(['completion', shell])).out).toContain('sluice completion words')
    }
    expect((await sluice(['completion', 'cmd'])).code).toBe(2)
  })
})

describe('help', () => {
  it('of every command has examples that begin with it', async () => {
    const { CLI_COMMANDS } = await import('../../src/cli/commands/index.ts')
    for (const command of CLI_COMMANDS) {
      const { code, out } = await sluice([command.name, '--help'])
      expect([command.name, code]).toEqual([command.name, 0])
      expect(out).toContain(`$ sluice ${command.name}`)
      for (const below of command.subcommands ?? []) {
        expect((await sluice([command.name, below.name, '--help'])).out).toContain(
          `$ sluice ${command.name} ${below.name}`,
        )
      }
    }
  })

  it('is what comes without a command, and mistyped commands and options get a suggestion', async () => {
    const bare = await sluice([])
    expect([bare.code, bare.out]).toEqual([2, expect.stringContaining('Rollout:')])
    expect((await sluice(['kil', 'x'])).err).toContain('Did you mean kill?')
    expect((await sluice(['kill', 'x', '--wiat'])).err).toContain('Did you mean --wait?')
    expect((await sluice(['token', 'craete', 'x'])).err).toContain('create')
  })
})

describe('sluice plan --file', () => {
  it('says of each stage how long it takes and what it finds, by figures that are typed in', async () => {
    const { plans } = await json(
      'plan',
      'new-shop',
      '--file',
      EXAMPLE,
      '--rps',
      '200',
      '--error-rate',
      '0.001',
    )
    expect(plans).toHaveLength(1)
    const [{ stages }] = plans
    expect(stages.map(({ percentage }: { percentage: number }) => percentage)).toEqual([10, 50, 99])
    expect(stages[0].passMs).toBeGreaterThanOrEqual(600_000)
    expect(stages[0].findsErrorRate).toBeLessThan(0.01)
    const slow = await json('plan', 'new-shop', '--file', EXAMPLE, '--rps', '2')
    expect(slow.plans[0].stages[0].passMs).toBeGreaterThan(stages[0].passMs)
    expect(slow.plans[0].proposed).toEqual([10, 50, 100])
  })

  it('refuses figures that can’t be, and flags without stages', async () => {
    for (const [args, problem] of [
      [['--rps', '0'], 'It must be a number above 0'],
      [['--rps', '5', '--error-rate', '1'], 'It must be a number from 0 to below 1'],
      [[], '--file needs --rps'],
      [['new-checkout', '--rps', '5'], 'new-checkout has no stages with a guard'],
    ] as const)
      expect((await sluice(['plan', ...args, '--file', EXAMPLE])).err).toContain(problem)
  })
})
