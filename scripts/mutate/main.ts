/**
 * `npm run mutate`: puts small faults into the code, one at a time, and counts those that the tests notice.
 *
 *     npm run mutate [-- --part core/guard] [--seed 3] [--count 50] [--fast] [--write] [--json]
 *
 * Mutants are drawn by the seed from the files of a part (a folder of src; all areas unless given). For each, unit and
 * Worker tests that run its line are tried, then the end-to-end tests of its area (not with `--fast`). All mutants
 * count but those that `excused.json` names, with a reason each. `--write` puts the scores into docs/reliability.md.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'
import { progress, table } from '../../test-kit/report/emit.ts'
import { writeSection } from '../../test-kit/report/section.ts'
import { seeded } from '../../test-kit/simulation/random.ts'
import { AREAS, areaOf, endToEndTestsOf } from './areas.ts'
import { type Coverage, coverageOf } from './coverage.ts'
import { type Mutant, mutantsOf, mutated } from './mutants.ts'
import { Sandbox } from './sandbox.ts'

/** Excused mutants are recognised by their text, since lines move. */
type Excuse = { file: string; before: string; after: string; reason: string }
type Verdict = { mutant: Mutant; before: string; killedBy: string | undefined; excuse: string | undefined }

const { values: options } = parseArgs({
  options: {
    part: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '50' },
    fast: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})

const EXCUSES = JSON.parse(
  readFileSync(join(PROJECT_ROOT, 'scripts/mutate/excused.json'), 'utf8'),
) as readonly Excuse[]

const sandbox = new Sandbox('sandbox')
const sources = sandbox.files('src/**/*.ts').filter((file) => areaOf(file) !== undefined)
const tests = {
  unit: ['test/core', 'test/cli', 'test/interop', 'test/sim', 'test/support'].flatMap((folder) =>
    sandbox.files(`${folder}/**/*.test.ts`),
  ),
  worker: sandbox.files('test/worker/**/*.test.ts'),
}

const drawn = draw(sources.filter((file) => file.startsWith(`src/${options.part}`)))
const coverage = await coverageOf(() => new Sandbox('coverage'), sources, tests)
const verdicts: Verdict[] = []
for (const [index, mutant] of drawn.entries()) {
  progress(`${index + 1}/${drawn.length} ${mutant.file}:${mutant.line}`)
  verdicts.push(await judge(mutant))
}
await report()

/** Mutants by chance: files count by their number of mutants, as faults fall on code. */
function draw(files: readonly string[]): Mutant[] {
  const all = files.flatMap((file) => mutantsOf(file, sandbox.read(file)))
  const random = seeded('mutate', Number(options.seed))
  const drawn = new Set<Mutant>()
  const count = Math.min(Number(options.count), all.length)
  while (drawn.size < count) {
    const mutant = all[random.below(all.length)]
    if (mutant !== undefined) drawn.add(mutant)
  }
  return [...drawn]
}

async function judge(mutant: Mutant): Promise<Verdict> {
  const text = sandbox.read(mutant.file)
  const before = text.slice(mutant.start, mutant.end)
  sandbox.write(mutant.file, mutated(text, mutant))
  try {
    return { mutant, before, killedBy: await killerOf(mutant), excuse: excuseOf(mutant, before) }
  } finally {
    sandbox.write(mutant.file, text)
  }
}

/** What noticed the fault: a project's tests, or a time-out; undefined where it survived. */
async function killerOf(mutant: Mutant): Promise<string | undefined> {
  for (const project of ['unit', 'worker'] as const) {
    const files = testsOf(coverage, tests[project], mutant)
    if (files.length === 0) continue
    const result = await sandbox.test(project, files)
    if (result !== 'passed') return result === 'failed' ? project : `${project}, timed out`
  }
  const files = options.fast ? [] : endToEndTestsOf(mutant.file)
  if (files.length === 0) return undefined
  const result = await sandbox.test('e2e', files)
  return result === 'passed' ? undefined : 'e2e'
}

/** Tests that run the mutant's statement, the most particular first; outside of functions those that load its file. */
function testsOf(covered: Coverage, files: readonly string[], { file, statementLine }: Mutant): string[] {
  const isRun = (line: string) =>
    statementLine === undefined ? line.startsWith(`${file}:`) : line === `${file}:${statementLine}`
  return files
    .filter((test) => covered[test]?.some(isRun))
    .sort((a, b) => (covered[a]?.length ?? 0) - (covered[b]?.length ?? 0))
}

function excuseOf({ file, replacement }: Mutant, before: string): string | undefined {
  return EXCUSES.find((each) => each.file === file && each.before === before && each.after === replacement)
    ?.reason
}

async function report(): Promise<void> {
  const rows = AREAS.flatMap(({ name, atLeast }) => {
    const own = verdicts.filter(({ mutant }) => areaOf(mutant.file)?.name === name)
    const excused = own.filter(
      ({ killedBy, excuse }) => killedBy === undefined && excuse !== undefined,
    ).length
    const killed = own.filter(({ killedBy }) => killedBy !== undefined).length
    const counted = own.length - excused
    const percent = counted === 0 ? undefined : (100 * killed) / counted
    return percent === undefined ? [] : [{ name, mutants: own.length, killed, excused, percent, atLeast }]
  })
  const survivors = verdicts.filter(({ killedBy, excuse }) => killedBy === undefined && excuse === undefined)
  const seed = Number(options.seed)
  if (options.json) console.log(JSON.stringify({ seed, rows, survivors }))
  else {
    for (const { mutant, before } of survivors)
      console.log(
        `${mutant.file}:${mutant.line}  ${mutant.kind}: ${oneLine(before)} → ${oneLine(mutant.replacement)}`,
      )
    console.log(toMarkdown(rows, seed))
  }
  if (options.write) await writeSection('docs/reliability.md', 'mutate', toMarkdown(rows, seed))
  if (rows.some(({ percent, atLeast }) => percent < atLeast)) process.exitCode = 1
}

type Row = {
  name: string
  mutants: number
  killed: number
  excused: number
  percent: number
  atLeast: number
}

function toMarkdown(rows: readonly Row[], seed: number): string {
  const cells = rows.map(({ name, mutants, killed, excused, percent, atLeast }) => [
    name,
    mutants,
    killed,
    excused,
    `${percent.toFixed(0)} %`,
    `${atLeast} %`,
  ])
  return `${table(['area', 'mutants', 'noticed', 'excused', 'score', 'at least'], cells)}\n\nSeed ${seed}.`
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 80 ? `${line.slice(0, 77)}…` : line || '(nothing)'
}
