/** Commands on files: who gets what, for a visitor, for many, and in other formats. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ANSWERS } from './gate/answers.ts'
import { scriptedGate } from './gate/scripted-gate.ts'
import { emptyFolder, sluice } from './gate/support.ts'

const stages = [{ percentage: 10 }, { percentage: 50 }, { percentage: 100 }]
const DOCUMENT = {
  origins: { old: { url: 'http://old.test' }, new: { url: 'http://new.test' } },
  context: { targetingKey: { header: 'x-user-id' } },
  routes: [
    { path: '/a/*', flag: 'staged', origins: { on: 'new', off: 'old' } },
    { path: '/*', origin: 'old' },
  ],
  flags: {
    staged: { variants: { on: true, off: false }, off: 'off', rules: [{ stages, serve: 'on' }] },
    here: {
      ...{ variants: { on: 'yes', off: 'off' }, off: 'off', environments: ['staging'] },
      rules: [{ name: 'ro', when: [{ attribute: 'country', op: 'in', values: ['RO', 'US'] }], serve: 'on' }],
    },
  },
}

async function folderWith(
  files: Readonly<Record<string, unknown>> = { 'gate.json': DOCUMENT },
): Promise<string> {
  const cwd = await emptyFolder()
  await mkdir(join(cwd, 'config'))
  for (const [name, value] of Object.entries(files)) await writeFile(join(cwd, name), JSON.stringify(value))
  return cwd
}
const run = async (line: string, cwd: string, input = '') => await sluice(line.split(' '), { cwd, input })
const json = async (line: string, cwd: string) => JSON.parse((await run(`${line} --json`, cwd)).out)

it('the document is the first of the usual places', async () => {
  const all = { 'config/gate.json': DOCUMENT, 'sluice.json': DOCUMENT, 'gate.json': DOCUMENT }
  const names = Object.keys(all) as (keyof typeof all)[]
  for (const [index, name] of names.entries()) {
    const there = Object.fromEntries(names.slice(0, index + 1).map((each) => [each, all[each]]))
    expect((await run('check', await folderWith(there))).out).toBe(`✔ ${name} has no problems\n`)
  }
  const folders = await folderWith({ 'sluice.json': DOCUMENT })
  await mkdir(join(folders, 'gate.json'))
  expect((await run('check', folders)).out).toBe('✔ sluice.json has no problems\n')
})

describe('explain', () => {
  it('says what the document alone decides, at the first stage', async () => {
    const cwd = await folderWith()
    const explained = await json('explain staged -d gate.json --key ada', cwd)
    expect(explained).toMatchObject({
      ...{ targetingKey: 'ada', route: null },
      flags: [{ flag: 'staged', rules: [{ percentage: 10, position: expect.any(Number), conditions: [] }] }],
    })
    expect(Object.keys(explained.flags[0])).toEqual([
      ...['flag', 'variant', 'value', 'reason', 'rule', 'arm', 'sentence', 'gates', 'rules'],
    ])
    expect(
      (await json('explain -d gate.json --key ada', cwd)).flags.map(({ flag }: { flag: string }) => flag),
    ).toEqual(['staged', 'here'])
    const requested = await json('explain -d gate.json -r /a/b -H x-user-id=bob', cwd)
    expect(requested).toMatchObject({ targetingKey: 'bob', route: { route: '/a/*', flag: 'staged' } })
    expect(requested.flags).toHaveLength(1)
    expect((await json('explain -d gate.json -r /a/b', cwd)).targetingKey).toBeNull()
    expect((await json('explain -d gate.json', cwd)).targetingKey).toBeNull()
  })

  it('in production, unless another environment is named', async () => {
    const cwd = await folderWith()
    const variant = async (more: string) =>
      (await json(`explain here -d gate.json -a country=RO${more}`, cwd)).flags[0]
    expect(await variant('')).toMatchObject({ variant: 'off', rule: null })
    expect(await variant(' --environment staging')).toMatchObject({ variant: 'on', value: 'yes', rule: 'ro' })
    const { out } = await run('explain here -d gate.json -a country=RO', cwd)
    expect(out).toMatch(/^A visitor without a targeting key\n\nhere: off\n {2}.*\n {2}✗ environments?: /)
  })

  it('refuses a request that no gate could get', async () => {
    const ran = await run('explain -d gate.json -r / -H bad@name=x', await folderWith())
    expect([ran.code, ran.err]).toEqual([2, expect.stringMatching(/^The request must be valid: /)])
  })
})

describe('simulate', () => {
  type Group = { attribute: string; value: string; visitors: number; variants: Record<string, number> }
  const groups = async (line: string, cwd: string): Promise<Group[]> =>
    (await json(line, cwd)).flags[0].groups
  const share = ({ variants, visitors }: Group) => (variants.on ?? 0) / visitors
  const named = (found: Group[], attribute: string) =>
    Object.fromEntries(
      found.filter((each) => each.attribute === attribute).map(({ value, visitors }) => [value, visitors]),
    )

  it('puts all rollouts at a stage, the first by default', async () => {
    const cwd = await folderWith()
    for (const [more, expected] of [
      ['', 0.1],
      [' --stage 1', 0.1],
      [' --stage 2', 0.5],
      [' --stage 3', 1],
    ] as const) {
      const [all] = await groups(`simulate --flag staged --visitors 2000${more}`, cwd)
      expect(all && Math.abs(share(all) - expected), more).toBeLessThan(0.03)
    }
    const text = (await run('simulate --flag here --visitors 50 --stage 2', cwd)).out
    expect(text).toMatch(
      /^50 visitors, gate.json, stage 2\n\nhere\n +visitors {2}off\n {2}all +50 +100.0 %\n/,
    )
    expect((await json('simulate', cwd)).visitors).toBe(10_000)
  })

  it('draws countries from the rules and as many from elsewhere, or as told', async () => {
    const cwd = await folderWith()
    const from = async (more: string) =>
      named(await groups(`simulate --flag here --visitors 4000${more}`, cwd), 'country')
    const rules = await from('')
    expect(Object.keys(rules).sort()).toEqual(['RO', 'US', 'ZZ'])
    expect((rules.ZZ ?? 0) / 4000).toBeCloseTo(0.5, 1)
    const told = await from(' --countries RO=3,DE=1,FR=0')
    expect(Object.keys(told).sort()).toEqual(['DE', 'RO'])
    expect((told.RO ?? 0) / 4000).toBeCloseTo(0.75, 1)
    const devices = named(await groups('simulate --visitors 4000 --devices tv', cwd), 'device')
    expect(devices).toEqual({ tv: 4000 })
    expect(named(await groups('simulate --visitors 100 -a country=RO', cwd), 'country')).toEqual({})
    const [all] = await groups('simulate --flag here --environment staging --visitors 100 -a country=RO', cwd)
    expect(all && share(all)).toBe(1)
  })

  it.each([
    ['--countries RO=0,DE=0', '--countries must have a weight above 0'],
    ['--countries RO=1x', '--countries must be NAME=WEIGHT with whole numbers, not RO=1x'],
    ['--devices =1', '--devices must be NAME=WEIGHT with whole numbers, not =1'],
  ])('refuses %s', async (options, message) => {
    expect(await run(`simulate ${options}`, await folderWith())).toEqual({
      code: 2,
      out: '',
      err: `${message}\n`,
    })
  })

  it('takes the bounds', async () => {
    const cwd = await folderWith()
    expect((await run('simulate --visitors 1 --stage 1000', cwd)).code).toBe(0)
  })
})

describe('import and export', () => {
  it('tell what cannot be converted, and refuse it without --lossy', async () => {
    const cwd = await folderWith({ 'gate.json': DOCUMENT })
    const refused = await run('export flagd', cwd)
    expect([refused.code, refused.out]).toEqual([1, ''])
    expect(refused.err).toMatch(
      /^flagd cannot express \d settings? of gate.json\n {2}\$\..*\n {4}.*; instead: .*\n/,
    )
    expect(refused.err).toMatch(/\nTo export without them: --lossy\n$/)
    const { error } = await json('export flagd', cwd)
    expect(error).toMatchObject({ kind: 'refused', losses: expect.any(Array) })
    const lossy = await run('export flagd --lossy', cwd)
    expect([lossy.code, lossy.err]).toEqual([0, refused.err.split('\n').slice(1, -2).join('\n').concat('\n')])
    expect(Object.keys(JSON.parse(lossy.out).flags)).toEqual(['staged', 'here'])
    expect(await json('export flagd --lossy', cwd)).toEqual({
      file: JSON.parse(lossy.out),
      losses: error.losses,
    })
  })

  it('a document to add to must be good, and attributes of the format are renamed', async () => {
    const cwd = await folderWith({ 'f.json': { dark: { active: true } }, 'bad.json': {} })
    expect(await run('import features f.json --into bad.json', cwd)).toMatchObject({ code: 1, out: '' })
    const ran = await run('import features f.json --attribute user=email', cwd)
    expect([ran.code, ran.err]).toEqual([0, expect.stringContaining('"email"')])
    const both = await json('import features f.json', cwd)
    expect(Object.keys(both)).toEqual(['document', 'losses', 'notes', 'summary'])
    expect(await run('import flagd f.json', cwd)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/^f.json has \d problems?\n {2}\$/),
    })
  })
})

describe('docs', () => {
  it('of a gate whose document this version cannot read says so', async () => {
    const gate = await scriptedGate({ getDocument: { ...ANSWERS.getDocument, text: '{"origins":{}}' } })
    expect(await gate.run('docs')).toEqual({
      ...{ code: 1, out: '' },
      err: 'Cannot read the document of the gate, which runs another version of Sluice: use that version\n',
    })
  })

  it('takes the format from --format, or else from the name of the file', async () => {
    const cwd = await folderWith()
    const format = async (more: string) => (await json(`docs gate.json${more}`, cwd)).format
    expect(await format(' --out a.html')).toBe('html')
    expect(await format(' --out a.htm')).toBe('html')
    expect(await format(' --out a.md')).toBe('markdown')
    expect(await format(' --out a.html --format markdown')).toBe('markdown')
    expect(await json('docs gate.json', cwd)).toMatchObject({ title: 'Flags', source: 'From gate.json.' })
    expect(await json('docs gate.json --out a.md', cwd)).toEqual({
      file: 'a.md',
      format: 'markdown',
      flags: 2,
    })
  })
})
