/**
 * Which test file runs which line, and for how long. Probes are written in front of statements of a copy of the sources;
 * each test file says at its end which ones it passed. Works in Node and in workerd, since it needs nothing but a global
 * and a log.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'
import { statementsOf } from './mutants.ts'
import type { Sandbox } from './sandbox.ts'

export const PROJECTS = ['unit', 'cli', 'worker'] as const
export type Project = (typeof PROJECTS)[number]

/** The lines that a test file runs, as `file:line`, and what it takes. */
type Covered = { project: Project; lines: string[]; ms: number }
/** By test file. Files that fail in the sandbox are not in it: they would notice everything. */
export type Coverage = { [testFile: string]: Covered }

/** Stands for the line of what runs when a file is loaded. */
export const LOADED = 0

type Report = { testResults: { name: string; status: string; startTime: number; endTime: number }[] }

const MARK = 'sluice-lines'
const HIT = 'globalThis.__sluiceLines'
const LONGEST_RUN_MS = 1_200_000

/** Names the state of sources and tests. */
export function fingerprintOf(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(file).update(readFileSync(join(PROJECT_ROOT, file)))
  return hash.digest('hex').slice(0, 16)
}

/** The coverage of unit and Worker tests; kept in build/ under the fingerprint. */
export async function coverageOf(
  fingerprint: string,
  makeSandbox: () => Sandbox,
  sources: readonly string[],
  tests: Readonly<Record<Project, readonly string[]>>,
): Promise<Coverage> {
  const kept = join(PROJECT_ROOT, 'build/mutate', `coverage-${fingerprint}.json`)
  if (existsSync(kept)) return JSON.parse(readFileSync(kept, 'utf8')) as Coverage
  const sandbox = makeSandbox()
  /** Line by number of its probe. */
  const places: string[] = []
  for (const file of sources) sandbox.write(file, withProbes(file, sandbox.read(file), places))
  const coverage: Coverage = {}
  for (const project of PROJECTS) {
    console.error(`Which of ${tests[project].length} files of ${project} tests runs what …`)
    for (const file of tests[project]) sandbox.write(file, `${sandbox.read(file)}\n${reportOf(file)}`)
    let output = ''
    const json = join(sandbox.root, `report-${project}.json`)
    await sandbox.test(project, tests[project], {
      timeoutMs: LONGEST_RUN_MS,
      // Files that share their modules would tell of the lines of those before them.
      options: ['--isolate', '--reporter=default', '--reporter=json', `--outputFile.json=${json}`],
      onOutput: (text) => {
        output += text
      },
    })
    const { testResults } = JSON.parse(readFileSync(json, 'utf8')) as Report
    const linesOf = new Map(
      [...output.matchAll(new RegExp(`${MARK} (\\S+) (\\S*) ${MARK}`, 'g'))].map(
        ([, file = '', list = '']) =>
          [file, list === '' ? [] : list.split(',').map((n) => places[Number(n)] ?? '')] as const,
      ),
    )
    for (const { name, status, startTime, endTime } of testResults) {
      const file = relative(sandbox.root, name)
      if (status !== 'passed') console.error(`${file} fails in the sandbox, and is left out`)
      else coverage[file] = { project, lines: [...new Set(linesOf.get(file))], ms: endTime - startTime }
    }
  }
  mkdirSync(dirname(kept), { recursive: true })
  writeFileSync(kept, JSON.stringify(coverage))
  return coverage
}

const reportOf = (file: string) => `import { afterAll as _afterAll } from 'vitest'
_afterAll(() => console.log('${MARK} ${file} ' + [...(${HIT} ?? [])].join(',') + ' ${MARK}'))
`

/** Hazard: a statement such as the body of an \`if\` without braces has no place for a probe; its \`if\` has. */
function withProbes(file: string, text: string, places: string[]): string {
  const probeOf = (line: number) => `;(${HIT} ??= new Set()).add(${places.push(`${file}:${line}`) - 1});`
  let probed = `${text}\n${probeOf(LOADED)}\n`
  for (const { start, line } of statementsOf(file, text).toReversed()) {
    probed = `${probed.slice(0, start)}${probeOf(line)}${probed.slice(start)}`
  }
  return probed
}
