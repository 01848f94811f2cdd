/**
 * `npm run test:long` and `npm run test:world`: the tests that `npm test` leaves out. Both write the date and the result
 * into docs/reliability.md, once each file of the tier has run; the files may be given one by one. Exits with 1 if a test
 * fails.
 *
 *     node scripts/test-tier.ts long | world [FILE …]
 */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { PROJECT_ROOT } from '../src/local/build/project-root.ts'
import { table } from '../test-kit/report/emit.ts'
import { writeSection } from '../test-kit/report/section.ts'
import { scriptArgs } from '../test-kit/script/script-args.ts'

type Tier = {
  project: string
  env: Readonly<Record<string, string>>
  files: readonly string[]
  options: readonly string[]
}
type Counts = { passed: number; failed: number; skipped: number; ms: number }
/** What each file of a tier gave when it ran last. */
type Kept = { [file: string]: Counts }
type Report = {
  testResults: {
    name: string
    status: string
    startTime: number
    endTime: number
    assertionResults: { status: string }[]
  }[]
}

const filesIn = (folder: string) => globSync(`${folder}/**/*.test.ts`, { cwd: PROJECT_ROOT }).sort()
const hasLongForm = (file: string) =>
  readFileSync(join(PROJECT_ROOT, file), 'utf8').includes('harness/long.ts')

const TIERS: Readonly<Record<string, Tier>> = {
  long: {
    project: 'e2e',
    env: { SLUICE_LONG: '1' },
    files: filesIn('test/e2e').filter(hasLongForm),
    options: [],
  },
  // Several files install and build the same apps.
  world: {
    project: 'world',
    env: { SLUICE_WORLD: '1' },
    files: filesIn('test/world'),
    options: ['--no-file-parallelism'],
  },
}

const [name = '', ...chosen] = scriptArgs({ allowPositionals: true }).positionals
const tier = TIERS[name]
if (tier === undefined)
  throw new Error(`There is no tier ${name}; there are ${Object.keys(TIERS).join(', ')}`)

const keptIn = join(PROJECT_ROOT, `build/test-${name}.json`)
const report = join(PROJECT_ROOT, `build/test-${name}-report.json`)
mkdirSync(join(PROJECT_ROOT, 'build'), { recursive: true })
const { status } = spawnSync(
  join(PROJECT_ROOT, 'node_modules/.bin/vitest'),
  [
    ...['run', '--project', tier.project, ...tier.options],
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    ...(chosen.length > 0 ? chosen : tier.files),
  ],
  { cwd: PROJECT_ROOT, stdio: 'inherit', env: { ...process.env, ...tier.env } },
)
process.exitCode = status ?? 1

const earlier: Kept = existsSync(keptIn) ? (JSON.parse(readFileSync(keptIn, 'utf8')) as Kept) : {}
const kept: Kept = { ...earlier, ...countsOf(JSON.parse(readFileSync(report, 'utf8')) as Report) }
const results = tier.files.map((file) => kept[file])
const missing = tier.files.filter((file) => kept[file] === undefined)
writeFileSync(keptIn, JSON.stringify(missing.length > 0 ? kept : {}))
if (missing.length > 0)
  console.log(`Not run yet, so docs/reliability.md stays as it is: ${missing.join(', ')}`)
else
  await writeSection(
    'docs/reliability.md',
    `test:${name}`,
    toMarkdown(results.filter((each) => each !== undefined)),
  )

function countsOf({ testResults }: Report): Kept {
  const counts = testResults.map(({ name: file, status, startTime, endTime, assertionResults }) => {
    const count = (wanted: string) => assertionResults.filter((each) => each.status === wanted).length
    const failed = count('failed')
    const skipped = assertionResults.length - count('passed') - failed
    // A file can fail without a test: where it can't be loaded.
    const broken = status === 'failed' && failed === 0 ? 1 : 0
    const result = { passed: count('passed'), failed: failed + broken, skipped, ms: endTime - startTime }
    return [relative(PROJECT_ROOT, file), result] as const
  })
  return Object.fromEntries(counts)
}

function toMarkdown(results: readonly Counts[]): string {
  const sum = (key: keyof Counts) => results.reduce((total, each) => total + each[key], 0)
  const row = [
    new Date().toISOString().slice(0, 10),
    results.length,
    ...[sum('passed'), sum('failed'), sum('skipped')],
    (sum('ms') / 60_000).toFixed(0),
  ]
  return table(['date', 'files', 'passed', 'failed', 'skipped', 'minutes, file by file'], [row])
}
