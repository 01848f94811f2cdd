/**
 * Which test file runs which line. Probes are written in front of statements of a copy of the sources; each test file
 * says at its end which ones it passed. Works in Node and in workerd, since it needs nothing but a global and a log.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'
import { progress } from '../../test-kit/report/emit.ts'
import { statementsOf } from './mutants.ts'
import type { Sandbox } from './sandbox.ts'

/** Test file → the lines that it runs, as `file:line`. */
export type Coverage = { [testFile: string]: string[] }

const MARK = 'sluice-lines'
const HIT = 'globalThis.__sluiceLines'

/** The coverage of unit and Worker tests; kept in build/ until a source or a test changes. */
export async function coverageOf(
  makeSandbox: () => Sandbox,
  sources: readonly string[],
  tests: Readonly<Record<'unit' | 'worker', readonly string[]>>,
): Promise<Coverage> {
  const all = [...sources, ...tests.unit, ...tests.worker]
  const hash = createHash('sha256')
  for (const file of all) hash.update(file).update(readFileSync(join(PROJECT_ROOT, file)))
  const kept = join(PROJECT_ROOT, 'build/mutate', `coverage-${hash.digest('hex').slice(0, 16)}.json`)
  if (existsSync(kept)) return JSON.parse(readFileSync(kept, 'utf8')) as Coverage
  const sandbox = makeSandbox()
  for (const file of sources) sandbox.write(file, withProbes(file, sandbox.read(file)))
  const coverage: Coverage = {}
  for (const project of ['unit', 'worker'] as const) {
    for (const file of tests[project]) {
      progress(`coverage: ${file}`)
      sandbox.write(file, `${sandbox.read(file)}\n${REPORT}`)
      let output = ''
      await sandbox.test(project, [file], (text) => {
        output += text
      })
      const lines = [...output.matchAll(new RegExp(`${MARK} (\\S*) ${MARK}`, 'g'))].flatMap(([, list = '']) =>
        list.split(','),
      )
      coverage[file] = [...new Set(lines)].filter((line) => line !== '')
    }
  }
  mkdirSync(dirname(kept), { recursive: true })
  writeFileSync(kept, JSON.stringify(coverage))
  return coverage
}

const REPORT = `import { afterAll as _afterAll } from 'vitest'
_afterAll(() => console.log('${MARK} ' + [...(${HIT} ?? [])].join(',') + ' ${MARK}'))
`

/** Hazard: a statement such as the body of an \`if\` without braces has no place for a probe; its \`if\` has. */
function withProbes(file: string, text: string): string {
  let probed = text
  for (const { start, line } of statementsOf(file, text).toReversed())
    probed = `${probed.slice(0, start)};(${HIT} ??= new Set()).add('${file}:${line}');${probed.slice(start)}`
  return probed
}
