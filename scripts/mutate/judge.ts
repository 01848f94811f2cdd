/** Puts each fault into a copy of the code, and runs the tests that can notice it. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'
import { endToEndTestsOf } from './areas.ts'
import { type Coverage, LOADED, PROJECTS, type Project } from './coverage.ts'
import { type Mutant, mutated } from './mutants.ts'
import type { Sandbox } from './sandbox.ts'

/** `killedBy`: what noticed the fault, as `unit` or `worker, timed out`; null where it survived. */
export type Verdict = { mutant: Mutant; before: string; killedBy: string | null }

export type Judging = {
  mutants: readonly Mutant[]
  coverage: Coverage
  /** Copies of the code in which mutants are tried at the same time. */
  lanes: readonly Sandbox[]
  withEndToEnd: boolean
  /** Where verdicts are kept; those that are there already aren't looked for again. */
  journal: string
}

/** Tests that run a line, by what they take in all, before others are left out. */
const MOST_MS = 60_000
const START_MS = 60_000
const END_TO_END_MS = 240_000

/** A verdict for each mutant; for those so far, if the process is told to end meanwhile. */
export async function judgeAll({ mutants, journal, lanes, ...how }: Judging): Promise<Verdict[]> {
  const file = join(PROJECT_ROOT, journal)
  const known = readJournal(file)
  const verdicts = mutants.flatMap((mutant) => known.get(nameOf(mutant)) ?? [])
  const open = mutants.filter((mutant) => !known.has(nameOf(mutant)))
  const startedMs = Date.now()
  let done = 0
  const stop = stopSignal()
  const work = async (sandbox: Sandbox): Promise<void> => {
    for (let mutant = open.shift(); mutant !== undefined && !stop.aborted; mutant = open.shift()) {
      const verdict = await judge(sandbox, mutant, how)
      verdicts.push(verdict)
      appendFileSync(file, `${JSON.stringify(verdict)}\n`)
      const leftMinutes = ((Date.now() - startedMs) / ++done / 60_000) * (open.length + lanes.length - 1)
      console.error(
        `${verdicts.length}/${mutants.length} ${mutant.file}:${mutant.line} ${verdict.killedBy ?? 'SURVIVED'}, about ${leftMinutes.toFixed(0)} minutes left`,
      )
    }
  }
  const stopped = new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve()))
  await Promise.race([Promise.all(lanes.map(work)), stopped])
  return verdicts
}

function stopSignal(): AbortSignal {
  const control = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      control.abort()
      // The report is written meanwhile; tests under way end with the process.
      setTimeout(() => process.exit(130), 2_000).unref()
    })
  return control.signal
}

async function judge(
  sandbox: Sandbox,
  mutant: Mutant,
  how: Pick<Judging, 'coverage' | 'withEndToEnd'>,
): Promise<Verdict> {
  const text = sandbox.read(mutant.file)
  const before = text.slice(mutant.start, mutant.end)
  sandbox.write(mutant.file, mutated(text, mutant))
  try {
    return { mutant, before, killedBy: await killerOf(sandbox, mutant, how) }
  } finally {
    sandbox.write(mutant.file, text)
  }
}

async function killerOf(
  sandbox: Sandbox,
  mutant: Mutant,
  { coverage, withEndToEnd }: Pick<Judging, 'coverage' | 'withEndToEnd'>,
): Promise<string | null> {
  const options = ['--bail', '1', '--maxWorkers', '1']
  for (const project of PROJECTS) {
    const files = testsOf(coverage, project, mutant)
    if (files.length === 0) continue
    const timeoutMs = START_MS + 5 * files.reduce((sum, file) => sum + (coverage[file]?.ms ?? 0), 0)
    const result = await sandbox.test(project, files, { timeoutMs, options })
    if (result !== 'passed') return result === 'failed' ? project : `${project}, timed out`
  }
  const files = withEndToEnd ? endToEndTestsOf(mutant.file) : []
  if (files.length === 0) return null
  const result = await sandbox.test('e2e', files, { timeoutMs: END_TO_END_MS, options: ['--bail', '1'] })
  return result === 'passed' ? null : 'e2e'
}

/**
 * Tests that run the mutant's statement; outside of functions, those that load its file. As many as take a minute: first
 * those that run most of its file for the time that they take, as a busy machine makes long ones longer.
 */
function testsOf(coverage: Coverage, project: Project, { file, statementLine = LOADED }: Mutant): string[] {
  const linesOfFile = (lines: readonly string[]) => lines.filter((line) => line.startsWith(`${file}:`)).length
  let tookMs = 0
  return Object.entries(coverage)
    .filter(([, each]) => each.project === project && each.lines.includes(`${file}:${statementLine}`))
    .map(([test, { lines, ms }]) => ({ test, ms, perMs: linesOfFile(lines) / ms }))
    .sort((a, b) => b.perMs - a.perMs)
    .filter(({ ms }) => {
      const fits = tookMs === 0 || tookMs + ms <= MOST_MS
      if (fits) tookMs += ms
      return fits
    })
    .map(({ test }) => test)
}

const nameOf = ({ file, start, end, replacement }: Mutant) => `${file} ${start} ${end} ${replacement}`

function readJournal(file: string): Map<string, Verdict> {
  mkdirSync(dirname(file), { recursive: true })
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
  const verdicts = lines.map((line) => JSON.parse(line) as Verdict)
  return new Map(verdicts.map((verdict) => [nameOf(verdict.mutant), verdict]))
}
