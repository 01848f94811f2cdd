/** Publishing from the command line: two at once, the history, and going back to the byte. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { document, FLAG } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'
import { sluiceFor, watchAdminApi } from './support/cli.ts'

let origins: { old: Origin; new: Origin }
let gate: Gate
let cwd: string
let run: ReturnType<typeof sluiceFor>
watchAdminApi()

beforeAll(async () => {
  origins = { old: await startOrigin('old'), new: await startOrigin('new') }
  gate = await startGate({ document: documentWith(30) })
  cwd = await mkdtemp(join(tmpdir(), 'sluice-publishing-'))
  run = sluiceFor(gate)
})
afterAll(async () => {
  await Promise.all([gate?.close(), origins.old.close(), origins.new.close()])
  await rm(cwd, { recursive: true, force: true })
})

function documentWith(percentage: number) {
  const urls = { old: origins.old.url, new: origins.new.url }
  const when = [{ attribute: 'country', op: 'in', values: ['RO', 'US'] }]
  return document(
    urls,
    {
      variants: { on: true, off: false, blue: 'blue' },
      rules: [
        {
          name: 'blues',
          when: [{ attribute: 'header.x-plan', op: 'in', values: ['pro'] }],
          serve: { on: 50, blue: 50 },
        },
        { name: 'share', when, percentage, serve: 'on' },
      ],
    },
    { routes: [{ path: '/*', flag: FLAG, origins: { on: 'new', off: 'old', blue: 'new' } }] },
  )
}

const write = (name: string, text: string) => writeFile(join(cwd, name), text)

/** What 120 visitors of several kinds get, down to rule and reason. */
async function behaviour(): Promise<string[]> {
  const visitors = Array.from({ length: 120 }, (_, index) => index)
  return await Promise.all(
    visitors.map(async (index) => {
      const country = ['RO', 'US', 'DE'][index % 3]
      const headers = {
        'x-user-id': `visitor-${index}`,
        'sluice-debug-cf': JSON.stringify({ country }),
        ...(index % 5 === 0 && { 'x-plan': 'pro' }),
      }
      const page = await gate.get('/', headers)
      return `${page.text} ${page.headers.get('sluice-flags')}`
    }),
  )
}

it('of two who publish at once exactly one succeeds, and the other is shown what has changed', async () => {
  const { version } = await gate.admin.call('getDocument')
  for (let round = 0; round < 5; round++) {
    const current = version + round
    await write('a.json', JSON.stringify(documentWith(31 + 2 * round)))
    await write('b.json', JSON.stringify(documentWith(32 + 2 * round)))
    const both = ['a.json', 'b.json'].map((file) =>
      run(['publish', file, '--expect', String(current), '--yes', '--json', '--reason', file], { cwd }),
    )
    const ran = await Promise.all(both)
    expect(ran.map(({ code }) => code).sort()).toEqual([0, 1])
    const [winner, loser] = ran[0]?.code === 0 ? ran : ran.toReversed()
    expect(JSON.parse(winner?.out ?? '')).toMatchObject({ version: current + 1, changed: true })
    expect(JSON.parse(loser?.out ?? '').error).toMatchObject({
      kind: 'conflict',
      status: 409,
      current: { version: current + 1 },
      changes: [{ path: `$.flags.${FLAG}.rules[1].percentage` }],
    })
  }
  const { versions, current } = await gate.admin.call('listVersions')
  expect(current).toBe(version + 5)
  expect(versions.map((each) => each.version)).toEqual(
    Array.from({ length: current }, (_, index) => current - index),
  )
  const published = (await gate.audit()).filter(({ reason }) => reason === 'a.json' || reason === 'b.json')
  expect(published).toHaveLength(5)
  for (const record of published) expect([record.actor, record.before, record.after]).not.toContain(null)
})

it('restore brings back a version to the byte, and with it what every visitor gets', async () => {
  const odd = `${JSON.stringify(documentWith(30), null, 7)}\n\n`
  await write('odd.json', odd)
  expect((await run(['publish', 'odd.json', '--yes'], { cwd })).code).toBe(0)
  const { version } = await gate.admin.call('getDocument')
  const before = await behaviour()
  expect(new Set(before.map((line) => line.split(' ')[0])).size).toBe(2)

  await write('other.json', JSON.stringify(documentWith(100)))
  expect((await run(['publish', 'other.json', '--yes'], { cwd })).code).toBe(0)
  expect(await behaviour()).not.toEqual(before)

  const restored = await run(['restore', String(version), '--yes', '--json', '--reason', 'back'], { cwd })
  expect(JSON.parse(restored.out)).toMatchObject({ version: version + 2, changed: true })
  expect((await run(['pull', 'pulled.json'], { cwd })).code).toBe(0)
  expect(await readFile(join(cwd, 'pulled.json'), 'utf8')).toBe(odd)
  expect((await run(['history', String(version + 2)])).out).toBe(odd)
  // KV takes one write a second.
  await eventually('KV has it', async () => (await gate.kv.get('config'))?.includes(odd.trimEnd().slice(1)))
  expect(await behaviour()).toEqual(before)
  const [record] = await gate.audit()
  expect(record).toMatchObject({ action: 'document-restored', actor: 'admin', reason: 'back' })
})
