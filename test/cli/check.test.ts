import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { emptyFolder, sluice } from './gate/support.ts'

describe('sluice check', () => {
  it('finds the document of the folder and has nothing to say about a good one', async () => {
    const { code, out } = await sluice(['check'])
    expect([code, out]).toEqual([0, '✔ config/gate.json has no problems\n'])
  })

  it('points at the key in the file, and says what to do', async () => {
    const cwd = await emptyFolder()
    const text = `{
  "origins": { "old": { "url": "ftp://old" } },
  "routes": [
    { "path": "/*", "origin": "old" }
  ],
  "flagz": {}
}`
    await writeFile(join(cwd, 'gate.json'), text)
    const { code, out } = await sluice(['check'], { cwd })
    expect(code).toBe(1)
    expect(out).toContain('gate.json:2:25  $.origins.old.url')
    expect(out).toContain('gate.json:6:3  $.flagz\n  found     the unknown key "flagz"')
    expect(out).toContain('fix       did you mean "flags"?')
    expect(out).toContain('gate.json has 2 problems')
  })

  it('points at the nearest place there is when something is missing', async () => {
    const input = '{\n  "origins": { "old": { } },\n  "routes": []\n}'
    const { out } = await sluice(['check', '-', '--json'], { input })
    expect(JSON.parse(out)).toMatchObject({
      valid: false,
      problems: expect.arrayContaining([
        expect.objectContaining({ path: '$.origins.old', file: 'standard input', line: 2, column: 16 }),
      ]),
    })
  })

  it('warns in a gate’s folder whose secrets have no SIGNING_KEY', async () => {
    const cwd = await emptyFolder()
    const document = { origins: { old: { url: 'http://old.test' } }, routes: [{ path: '/*', origin: 'old' }] }
    await writeFile(join(cwd, 'gate.json'), JSON.stringify(document))
    const warned = async (env = {}) => {
      const { code, out } = await sluice(['check', '--json'], { cwd, env })
      return [code, JSON.parse(out).warnings]
    }
    expect(await warned()).toEqual([0, []])
    await writeFile(join(cwd, '.dev.vars'), 'ADMIN_TOKEN=a\n')
    expect(await warned()).toEqual([0, [expect.stringContaining('no SIGNING_KEY')]])
    expect((await sluice(['check'], { cwd })).err).toContain('visitors of this gate can make up their ids')
    expect(await warned({ SIGNING_KEY: 'k' })).toEqual([0, []])
    await writeFile(join(cwd, '.dev.vars'), 'ADMIN_TOKEN=a\nSIGNING_KEY=k\n')
    expect(await warned()).toEqual([0, []])
  })

  it('warns of what the wrangler.toml beside the document can’t reach, and tells of the gate’s routes', async () => {
    const cwd = await emptyFolder()
    const origins = {
      ...{ old: { url: 'https://www.example.com' }, own: { url: 'https://new.example.com' } },
      ...{ bound: { binding: 'SITE' }, here: { url: 'http://localhost:3000' } },
    }
    const document = { origins, routes: [{ path: '/*', origin: 'old' }] }
    await writeFile(join(cwd, 'gate.json'), JSON.stringify(document))
    const said = async () => JSON.parse((await sluice(['check', '--json'], { cwd })).out)
    expect(await said()).toMatchObject({ warnings: [], notes: [] })
    const routes = '"www.example.com/*", { pattern = "new.example.com", custom_domain = true }'
    await writeFile(join(cwd, 'wrangler.toml'), `routes = [${routes}]\n`)
    expect(await said()).toMatchObject({
      valid: true,
      warnings: [
        expect.stringMatching(/^warning: origin here: .* is on this machine/),
        expect.stringMatching(/^warning: origin own: .*own custom domain/),
        expect.stringMatching(/^warning: origin bound: .*no binding SITE.*\[\[services\]\]/),
      ],
      notes: [expect.stringMatching(/^note: origin old: .*own route www\.example\.com/)],
    })
    const { err } = await sluice(['check', '-'], { cwd, input: JSON.stringify(document) })
    expect(err).toContain('no binding SITE')
    await writeFile(join(cwd, 'wrangler.toml'), 'routes = [')
    expect(await said()).toMatchObject({ warnings: [], notes: [] })
  })

  it('points at the place where a text stops to be JSON', async () => {
    const { code, out } = await sluice(['check', '-', '--json'], { input: '{\n  "a": [1,}\n' })
    expect(code).toBe(1)
    expect(JSON.parse(out).problems).toMatchObject([
      { path: '$', expected: 'valid JSON', line: 2, column: 11 },
    ])
  })

  it.each([
    [['check', '/no/such/gate.json'], 'there is no such file'],
    [['check', '/'], 'it is a folder'],
    [['chek'], 'Did you mean check?'],
    [['check', 'a', 'b'], 'too many arguments'],
    [['check', '--wat'], 'unknown option'],
  ])('calls %j a mistake of the command line', async (args, message) => {
    const plain = await sluice(args)
    expect([plain.code, plain.out]).toEqual([2, ''])
    expect(plain.err).toContain(message)
    const json = await sluice([...args, '--json'])
    expect([json.code, json.err]).toEqual([2, ''])
    expect(JSON.parse(json.out)).toMatchObject({
      error: { kind: 'usage', message: expect.stringContaining(message) },
    })
  })

  it('colours only what a screen shows, and not even that when asked not to', async () => {
    expect((await sluice(['check'], { isScreen: true })).out).toContain('\x1b[')
    expect((await sluice(['check'])).out).not.toContain('\x1b[')
    expect((await sluice(['check'], { isScreen: true, env: { NO_COLOR: '1' } })).out).not.toContain('\x1b[')
    expect((await sluice(['check', '--no-color'], { isScreen: true })).out).not.toContain('\x1b[')
  })
})
