/**
 * `npm run test:long` and `npm run test:world`: the tests that `npm test` leaves out. Both write the date and the result
 * into docs/reliability.md. Exits with 1 if a test fails.
 *
 *     node scripts/test-tier.ts long | world [-- FILE …]
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROJECT_ROOT } from '../src/local/build/project-root.ts'
import { table } from '../test-kit/report/emit.ts'
import { writeSection } from '../test-kit/report/section.ts'

type Tier = { project: string; env: Readonly<Record<string, string>>; files: () => readonly string[] }
type Summary = {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
}

const TIERS: Readonly<Record<string, Tier>> = {
  long: { project: 'e2e', env: { SLUICE_LONG: '1' }, files: longForms },
  world: { project: 'world', env: { SLUICE_WORLD: '1' }, files: () => [] },
}

const [name = '', ...chosen] = process.argv.slice(2)
const tier = TIERS[name]
if (tier === undefined)
  throw new Error(`There is no tier ${name}; there are ${Object.keys(TIERS).join(', ')}`)

const report = join(PROJECT_ROOT, `build/test-${name}.json`)
mkdirSync(join(PROJECT_ROOT, 'build'), { recursive: true })
const startedMs = Date.now()
const { status } = spawnSync(
  join(PROJECT_ROOT, 'node_modules/.bin/vitest'),
  [
    ...[
      'run',
      '--project',
      tier.project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    ...(chosen.length > 0 ? chosen : tier.files()),
  ],
  { cwd: PROJECT_ROOT, stdio: 'inherit', env: { ...process.env, ...tier.env } },
)
process.exitCode = status ?? 1

const summary = JSON.parse(readFileSync(report, 'utf8')) as Summary
// A run of chosen files says nothing of the tier.
if (chosen.length === 0) await writeSection('docs/reliability.md', `test:${name}`, toMarkdown(summary))

/** Files whose tests have a long form. */
function longForms(): readonly string[] {
  return readdirSync(join(PROJECT_ROOT, 'test/e2e'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => join('test/e2e', file))
    .filter((file) => readFileSync(join(PROJECT_ROOT, file), 'utf8').includes('harness/long.ts'))
}

function toMarkdown({ numPassedTests, numFailedTests, numPendingTests }: Summary): string {
  const date = new Date(startedMs).toISOString().slice(0, 10)
  const minutes = ((Date.now() - startedMs) / 60_000).toFixed(0)
  return table(
    ['date', 'passed', 'failed', 'skipped', 'minutes'],
    [[date, numPassedTests, numFailedTests, numPendingTests, minutes]],
  )
}
