import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { emptyFolder, sluice } from './gate/support.ts'

const FEATURES = 'test/interop/fixtures/features_config.json'

it('prints a document that sluice check has nothing against', async () => {
  const imported = await sluice(['import', 'features', FEATURES])
  expect(imported.code).toBe(0)
  expect(imported.err).toContain('note $: users are compared with the attribute "targetingKey"')
  expect((await sluice(['check', '-'], { input: imported.out })).code).toBe(0)
})

it('puts the flags into a document that is there, and leaves the rest of it as it was', async () => {
  const cwd = await emptyFolder()
  await writeFile(join(cwd, 'f.json'), JSON.stringify({ dark: { active: true } }))
  const gate = JSON.parse(await readFile('config/gate.json', 'utf8')) as { flags: object }
  await writeFile(join(cwd, 'gate.json'), JSON.stringify(gate))
  const { code, out } = await sluice(['import', 'features', 'f.json', '--into', 'gate.json', '--json'], {
    cwd,
  })
  expect(code).toBe(0)
  const { document } = JSON.parse(out) as { document: { flags: object } }
  expect({ ...document, flags: undefined }).toEqual({ ...gate, flags: undefined })
  expect(Object.keys(document.flags)).toEqual([...Object.keys(gate.flags), 'dark'])
})

it('refuses what it can not carry over, with the place, until it is told to go on', async () => {
  const input = JSON.stringify({ a: { active: true, priority: 3 } })
  const refused = await sluice(['import', 'features', '-'], { input })
  expect([refused.code, refused.out]).toEqual([1, ''])
  expect(refused.err).toContain('$.a.priority')
  expect(refused.err).toContain('--lossy')
  const json = await sluice(['import', 'features', '-', '--json'], { input })
  expect(JSON.parse(json.out)).toMatchObject({
    error: { kind: 'refused', losses: [{ path: '$.a.priority' }] },
  })
  const lossy = await sluice(['import', 'features', '-', '--lossy'], { input })
  expect([lossy.code, Object.keys(JSON.parse(lossy.out).flags)]).toEqual([0, ['a']])
  expect(lossy.err).toContain('$.a.priority')
  expect(lossy.err).toMatchInlineSnapshot(`
    "  $.a.priority
        a key that the format does not have; instead: it is left out
      note $: the source knows no origins and routes; those of the document are placeholders, fill in yours
      note $: users are compared with the attribute "targetingKey", regions with "region", account types with "accountType", beta users with "beta": say in "context" where they are in a request
    flags carried over             1
    rules for a share of visitors  0  visitors keep their place: the same hash goes on
    settings listed                1  what they decide may differ, and who is served
    "
  `)
})

it('gives the options that rename keys which a document can not have, ready for a shell', async () => {
  const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' }
  const keys = ['my flag', "it's $5", 'a=b', 'my-flag', 'plain']
  const input = JSON.stringify({ flags: Object.fromEntries(keys.map((key) => [key, flag])) })
  const refused = await sluice(['import', 'flagd', '-'], { input })
  expect(refused.code).toBe(1)
  const [, options = ''] = /^To give flags other keys, such as: (.*)$/m.exec(refused.err) ?? []
  const args = execFileSync('sh', ['-c', `printf '%s\\n' ${options}`], { encoding: 'utf8' })
    .trim()
    .split('\n')
  const { code, out } = await sluice(['import', 'flagd', '-', ...args], { input })
  expect(code).toBe(0)
  const renamed = ['my-flag-2', 'it-s-5', 'a-b', 'my-flag', 'plain']
  expect(Object.keys(JSON.parse(out).flags).sort()).toEqual(renamed.sort())
  expect((await sluice(['import', 'flagd', '-', '--lossy'], { input })).err).toContain(
    `such as: ${options}\n`,
  )
})

it('says what is wrong with a file', async () => {
  const { code, err } = await sluice(['import', 'unleash', '-'], { input: '{"features": [{}]}' })
  expect(code).toBe(1)
  expect(err).toContain('standard input has')
})

it('does not know attributes that the format does not have', async () => {
  const { code, err } = await sluice(['import', 'features', FEATURES, '--attribute', 'colour=x'])
  expect(code).toBe(2)
  expect(err).toContain('must be for one of user, region, accountType, beta')
})
