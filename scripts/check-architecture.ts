/**
 * Checks what no type can: which part may import which, that no files import each other in a circle, and that
 * `src/core` is pure. Run as `node scripts/check-architecture.ts [root]`; one problem a line, exit code 1.
 *
 * A file is parsed once. Its imports are compared with the tables in `architecture/rules.ts`. For `core`, every
 * identifier is then resolved through the scopes of the file; one that no scope declares is a global, and
 * globals that bring in a clock, randomness, I/O or code from strings are refused. `Date` and `Math` may be used
 * only by naming a harmless member on the spot: what is stored, passed on or destructured otherwise counts as
 * got away. Names in types are harmless and not looked at; `declare const fetch: …` declares nothing.
 */
import path from 'node:path'
import { cycles } from './architecture/cycles.ts'
import { areaOf, importProblems } from './architecture/imports.ts'
import { impurities } from './architecture/purity.ts'
import { at, type Problem, readSource, sourceFiles } from './architecture/source.ts'

export type { Problem } from './architecture/source.ts'

/** All problems of the tree at `root`, the folder that has `src` in it, ordered by file and line. */
export function checkArchitecture(root: string): Problem[] {
  const files = sourceFiles(root).map((file) => readSource(root, file))
  if (files.length === 0) {
    const fix = 'give the folder that has src in it'
    return [{ file: 'src', line: 1, found: 'no source files', why: 'there is nothing to check', fix }]
  }
  const problems = files.flatMap((source) => [
    ...source.syntaxErrors.map((found) =>
      at(source, 0, { found, why: 'it cannot be parsed', fix: 'mend it' }),
    ),
    ...importProblems(root, source),
    ...(areaOf(source.file) === 'core' ? impurities(source) : []),
  ])
  problems.push(...cycles(root, files))
  return problems.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1))
}

/** A problem as one line of text. */
export function formatProblem({ file, line, found, why, fix }: Problem): string {
  return `${file}:${line}  ${found}: ${why}; ${fix}`
}

if (import.meta.main) {
  const root = path.resolve(process.argv[2] ?? path.join(import.meta.dirname, '..'))
  const problems = checkArchitecture(root)
  for (const problem of problems) console.log(formatProblem(problem))
  if (problems.length === 0) console.log(`architecture: ${sourceFiles(root).length} files, no problems`)
  else process.exitCode = 1
}
