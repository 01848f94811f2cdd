/**
 * `npm run test:openfeature -- DIR …`: the feature files of OpenFeature (its specification, flagd-testbed) against a
 * running gate, through OpenFeature's server SDK with two providers: OpenFeature's own for OFREP, and the gate's. DIR is a
 * checkout; none of it is part of this project. Exits with 1 where a scenario fails for another reason than one of
 * `excuses.ts`. `--write` puts the counts into docs/openfeature.md, `--verbose` prints each scenario that doesn't pass.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { OFREPProvider } from '@openfeature/ofrep-provider'
import { importFlagd } from '../../src/interop/flagd/import.ts'
import { startLocalGate } from '../../src/local/local-gate.ts'
import { SluiceProvider } from '../../src/sdk/openfeature/index.ts'
import { table } from '../../test-kit/report/emit.ts'
import { writeSection } from '../../test-kit/report/section.ts'
import { scriptArgs } from '../../test-kit/script/script-args.ts'
import { excuseFor, type Flags, notForOfrep } from './excuses.ts'
import type { Scenario } from './gherkin.ts'
import { actOf, closeAll } from './steps.ts'
import { commitOf, type Suite, suitesIn } from './suites.ts'
import { type ProviderMaker, World } from './world.ts'

type Outcome = 'passed' | { excuse: string } | { failed: string }
type Counts = { passed: number; excused: Map<string, number>; failed: number }

const { values: options, positionals } = scriptArgs({
  options: { write: { type: 'boolean' }, verbose: { type: 'boolean' } },
  allowPositionals: true,
})
if (positionals.length === 0) throw new Error('Name a folder: npm run test:openfeature -- DIR')

const PROVIDERS: Readonly<Record<string, (url: string) => ProviderMaker>> = {
  "OpenFeature's OFREP provider": (url) => (send) =>
    new OFREPProvider({ baseUrl: `${url}/__sluice`, fetchImplementation: send }),
  '`sluice/openfeature`': (url) => (send) => new SluiceProvider({ url, fetch: (to, init) => send(to, init) }),
}

async function outcomeOf(scenario: Scenario, maker: ProviderMaker, flags: Flags) {
  const world = await World.create(maker)
  try {
    for (const step of scenario.steps) await actOf(step)?.(world)
    return 'passed'
  } catch (error) {
    const failed = `${error instanceof Error ? error.message : error}`
    const excuse = excuseFor(scenario, world, flags)
    return excuse === undefined ? { failed } : { excuse }
  }
}

/** A gate with the flags of a suite. */
async function startFor(suite: Suite) {
  const imported = importFlagd(JSON.stringify(suite.flags))
  if (!imported.ok) throw new Error(`${suite.name}: ${JSON.stringify(imported.problems)}`)
  const losses = new Map(
    imported.losses.map(({ path, what }) => [/^\$\.flags(?:\.|\[")([\w-]+)/.exec(path)?.[1] ?? path, what]),
  )
  const dataDir = await mkdtemp(join(tmpdir(), 'sluice-openfeature-'))
  const gate = await startLocalGate({
    port: 0,
    dataDir,
    adminToken: 'test-admin-token',
    signingKey: undefined,
    environment: 'production',
    bundledDocument: JSON.stringify({ ...imported.document, flagQueries: { requestsPerMinute: 1_000_000 } }),
  })
  const close = async () => {
    await gate.close()
    await rm(dataDir, { recursive: true, force: true })
  }
  const flags: Flags = { flags: new Set(Object.keys(suite.flags.flags)), losses }
  return { url: gate.url, flags, close }
}

async function countsOf(suite: Suite, url: string, make: (url: string) => ProviderMaker, flags: Flags) {
  const counts: Counts = { passed: 0, excused: new Map(), failed: 0 }
  for (const scenario of suite.scenarios) {
    if (notForOfrep(scenario) !== undefined) continue
    const outcome: Outcome = await outcomeOf(scenario, make(url), flags)
    if (outcome === 'passed') counts.passed++
    else if ('excuse' in outcome)
      counts.excused.set(outcome.excuse, (counts.excused.get(outcome.excuse) ?? 0) + 1)
    else counts.failed++
    if (outcome !== 'passed' && (options.verbose || 'failed' in outcome)) {
      console.log(`  ${scenario.file}: ${scenario.name}: ${JSON.stringify(outcome)}`)
      if (options.verbose) for (const { text } of scenario.steps) console.log(`      ${text}`)
    }
  }
  return counts
}

const tally = (reasons: Iterable<string>) => {
  const all = new Map<string, number>()
  for (const reason of reasons) all.set(reason, (all.get(reason) ?? 0) + 1)
  return all
}

const rows: (string | number)[][] = []
const reasons = new Map<string, Map<string, number>>()
const note = (suite: string, found: ReadonlyMap<string, number>) => {
  for (const [reason, count] of found)
    reasons.set(reason, (reasons.get(reason) ?? new Map()).set(suite, count))
}
const commits: string[] = []
for (const folder of positionals) {
  const commit = commitOf(folder)
  commits.push(`${basename(folder)}${commit ? ` at ${commit.slice(0, 12)}` : ''}`)
  for (const suite of suitesIn(folder)) {
    const name = `${basename(folder)}/${suite.name}`
    const left = tally(suite.scenarios.flatMap((each) => notForOfrep(each) ?? []))
    note(name, left)
    const leftOut = [...left.values()].reduce((sum, count) => sum + count, 0)
    const gate = await startFor(suite)
    for (const [provider, make] of Object.entries(PROVIDERS)) {
      const { passed, excused, failed } = await countsOf(suite, gate.url, make, gate.flags)
      note(`${name}, ${provider}`, excused)
      const excusedCount = [...excused.values()].reduce((sum, count) => sum + count, 0)
      rows.push([name, provider, suite.scenarios.length, leftOut, passed, excusedCount, failed])
      if (failed > 0) process.exitCode = 1
    }
    await gate.close()
  }
}
await closeAll()

const HEAD = ['suite', 'provider', 'scenarios', 'not about OFREP', 'pass', "can't pass", 'fail']
const why = [...reasons].map(([reason, counts]) => [
  reason,
  [...counts].map(([where, count]) => `${count} (${where})`).join('; '),
])
const text = `${commits.join(', ')}:\n\n${table(HEAD, rows)}\n\n${table(["why scenarios are left out or can't pass", 'how many'], why)}`
console.log(text)
if (options.write) await writeSection('docs/openfeature.md', 'test:openfeature', text)
