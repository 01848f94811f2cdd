/**
 * `npm run mutate`: puts small faults into the code, one at a time, and counts those that the tests notice.
 *
 *     npm run mutate [-- --part core/guard] [--seed 3] [--count 50] [--fast] [--write] [--json]
 *
 * Mutants are drawn by the seed from the files of a part (a folder of src; all areas unless given). For each, unit and
 * Worker tests that run its line are tried, then the end-to-end tests of its area (not with `--fast`). All mutants
 * count but those that `excused.json` names, with a reason each.
 *
 * `--write` puts the scores into docs/reliability.md: as many mutants of each area as areas.ts says, by a seed of the
 * moment, without end-to-end tests. What is judged is kept: the same seed goes on where it was interrupted.
 */
import { writeSection } from '../../test-kit/report/section.ts'
import { scriptArgs } from '../../test-kit/script/script-args.ts'
import { seeded } from '../../test-kit/simulation/random.ts'
import { AREAS, areaOf } from './areas.ts'
import { coverageOf, fingerprintOf } from './coverage.ts'
import { judgeAll } from './judge.ts'
import { type Mutant, mutantsOf } from './mutants.ts'
import { Sandbox } from './sandbox.ts'
import { scoresOf, survivorsOf, toMarkdown } from './score.ts'

const { values: options } = scriptArgs({
  options: {
    part: { type: 'string', default: '' },
    seed: { type: 'string' },
    count: { type: 'string', default: '50' },
    fast: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})

const UNIT_TESTS = ['core', 'contract', 'dashboard', 'interop', 'sdk', 'sim', 'support']

const startedMs = Date.now()
const seed = Number(options.seed ?? (options.write ? startedMs % 2 ** 31 : 1))
const random = seeded('mutate', seed)
const lanes = [new Sandbox('lane-1'), new Sandbox('lane-2')] as const
const files = (pattern: string) => lanes[0].files(pattern)
const sources = files('src/**/*.ts').filter((file) => areaOf(file) !== undefined)
const tests = {
  unit: UNIT_TESTS.flatMap((folder) => files(`test/${folder}/**/*.test.ts`)),
  cli: files('test/cli/**/*.test.ts'),
  worker: files('test/worker/**/*.test.ts'),
}
const fingerprint = fingerprintOf([...sources, ...tests.unit, ...tests.cli, ...tests.worker])
const coverage = await coverageOf(fingerprint, () => new Sandbox('coverage'), sources, tests)
const drawn = options.write ? drawForScore() : draw(inPart(options.part), Number(options.count))
console.error(
  `${drawn.length} mutants by seed ${seed}; the same command with --seed ${seed} goes on after an interruption`,
)

const verdicts = await judgeAll({
  mutants: drawn,
  coverage,
  lanes,
  withEndToEnd: !options.fast && !options.write,
  journal: `build/mutate/judged-${fingerprint}-${seed}.jsonl`,
})
await report()

function inPart(part: string): string[] {
  return sources.filter((file) => file.startsWith(`src/${part}`))
}

/** Mutants by chance: files count by their number of mutants, as faults fall on code. */
function draw(from: readonly string[], count: number): Mutant[] {
  const all = from.flatMap((file) => mutantsOf(file, lanes[0].read(file)))
  const drawn = new Set<Mutant>()
  while (drawn.size < Math.min(count, all.length)) {
    const mutant = all[random.below(all.length)]
    if (mutant !== undefined) drawn.add(mutant)
  }
  return [...drawn]
}

/** Areas in turn, so that what is judged at an interruption says something of each. */
function drawForScore(): Mutant[] {
  const byArea = AREAS.map(({ name, count }) =>
    draw(
      sources.filter((file) => areaOf(file)?.name === name),
      count,
    ).map((mutant, index) => ({ mutant, place: (index + 0.5) / count })),
  )
  return byArea
    .flat()
    .sort((a, b) => a.place - b.place)
    .map(({ mutant }) => mutant)
}

async function report(): Promise<void> {
  const scores = scoresOf(verdicts)
  const timedOut = verdicts.filter(({ killedBy }) => killedBy?.endsWith('timed out')).length
  const markdown = toMarkdown(scores, { seed, drawn: drawn.length, judged: verdicts.length, timedOut })
  if (options.json) console.log(JSON.stringify({ seed, scores, survivors: survivorsOf(verdicts) }))
  else console.log(`${survivorsOf(verdicts).join('\n')}\n\n${markdown}`)
  console.error(`${((Date.now() - startedMs) / 60_000).toFixed(1)} minutes`)
  if (options.write) await writeSection('docs/reliability.md', 'mutate', markdown)
  if (scores.some(({ percent, atLeast }) => percent < atLeast)) process.exitCode = 1
}
