/** The impact of a document before it is published, and what then happens. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { document, FLAG } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'
import { sluiceFor, watchAdminApi } from './support/cli.ts'

const COUNTRIES = ['RO', 'US', 'DE'] as const
const VISITORS = Array.from({ length: 90 }, (_, index) => ({
  id: `person-${index}`,
  country: COUNTRIES[index % 3] ?? 'RO',
}))
let origins: { old: Origin; new: Origin }
let gate: Gate
let cwd: string
let run: ReturnType<typeof sluiceFor>
watchAdminApi()

beforeAll(async () => {
  origins = { old: await startOrigin('old'), new: await startOrigin('new') }
  gate = await startGate({ document: documentWith(20, ['RO', 'US']) })
  cwd = await mkdtemp(join(tmpdir(), 'sluice-impact-'))
  run = sluiceFor(gate)
})
afterAll(async () => {
  await Promise.all([gate?.close(), origins.old.close(), origins.new.close()])
  await rm(cwd, { recursive: true, force: true })
})

function documentWith(percentage: number, countries: readonly string[]) {
  const when = [{ attribute: 'country', op: 'in', values: countries }]
  const urls = { old: origins.old.url, new: origins.new.url }
  const rules = [{ name: 'share', when, percentage, serve: 'on' }]
  return document(urls, { rules }, { publishing: { confirmAbovePercent: 5 } })
}

/** What each of the population gets, by requests to the gate. */
function variants(): Promise<string[]> {
  return Promise.all(VISITORS.map(variantOf))
}

async function variantOf({ id, country }: (typeof VISITORS)[number]): Promise<string> {
  const headers = { 'x-user-id': id, 'sluice-debug-cf': JSON.stringify({ country }) }
  return (await gate.get('/', headers)).variant ?? ''
}

it.each([
  ['a larger share', 60, ['RO', 'US']],
  ['other countries', 60, ['RO', 'DE']],
  ['a smaller share', 10, ['RO', 'DE']],
])("diff's impact is what then happens: %s", async (_, percentage, countries) => {
  await writeFile(join(cwd, 'next.json'), JSON.stringify(documentWith(percentage, countries)))
  const before = await variants()
  const review = await eventually(
    'all of them are in the sample',
    async () => {
      for (const visitor of VISITORS) {
        await variantOf(visitor)
        // Who comes sooner after a visitor that has been sampled is not sampled.
        await setTimeout(11)
      }
      const found = JSON.parse((await run(['diff', 'next.json', '--json'], { cwd })).out)
      return found.people.samples === VISITORS.length ? found : undefined
    },
    { everyMs: 300 },
  )
  expect(review).toMatchObject({ needsConfirmation: true, people: { unknown: 0 } })
  expect((await run(['diff', 'next.json'], { cwd })).out).toContain(
    `${Number(review.people.movedPercent.toFixed(3))} % of 90 recent requests would get another variant or origin`,
  )

  // Without a terminal there is no confirmation: nothing happens.
  const patch = JSON.stringify({ rules: documentWith(percentage, countries).flags[FLAG]?.rules })
  for (const args of [
    ['publish', 'next.json'],
    ['flags', 'patch', FLAG, patch],
  ]) {
    const unasked = await run(args, { cwd })
    expect([unasked.code, unasked.err.includes('Add --yes')]).toEqual([2, true])
  }
  expect(await variants()).toEqual(before)

  expect((await run(['publish', 'next.json', '--yes'], { cwd })).code).toBe(0)
  const after = await variants()
  const moved = VISITORS.filter((_, index) => before[index] !== after[index])
  expect(moved.length).toBeGreaterThan(0)
  const [flag] = review.people.flags
  expect(flag).toMatchObject({ flag: FLAG, moved: moved.length, visitors: moved.length })
  expect(flag.movedPercent).toBeCloseTo((100 * moved.length) / VISITORS.length, 2)
  expect(new Set(flag.countries)).toEqual(new Set(moved.map(({ country }) => country)))
  for (const { from, to, count } of flag.moves) {
    expect(VISITORS.filter((_, index) => before[index] === from && after[index] === to)).toHaveLength(count)
  }
})
