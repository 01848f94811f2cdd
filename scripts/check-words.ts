/**
 * Refuses the words of `words.ts` in code, docs and page: in identifiers, comments and texts alike. Run as
 * `node scripts/check-words.ts [root]`; one hit a line, exit code 1.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { scriptArgs } from '../test-kit/script/script-args.ts'
import { WORDS } from './words.ts'

const FOLDERS = ['src', 'test', 'test-kit', 'bench', 'scripts', 'examples', 'bin', 'config', '*.md']
const TEXT = /\.([cm]?[jt]sx?|md|html|css|svg|txt|json)$/
/** The list names its words, and the change log keeps those that releases were described with. */
const EXCEPT = /(^|\/)(words\.ts|check-words\.test\.ts|CHANGELOG\.md)$|^test\/vectors\//

const CHECKED = WORDS.map((word) => ({
  ...word,
  regex: new RegExp(`\\b(${word.pattern})\\b`, 'gi'),
}))

/** Words in a text that are not right, with their lines; identifiers count by the words in their names. */
export function wrongWords(text: string): { line: number; found: string; use: string }[] {
  const plain = text
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .replace(/[_-]/g, ' ')
  const originals = text.split('\n')
  return plain
    .split('\n')
    .flatMap((words, index) =>
      CHECKED.filter(({ except }) => !except?.test(originals[index] ?? '')).flatMap(({ regex, use }) =>
        [...words.matchAll(regex)].map(([found]) => ({ line: index + 1, found, use })),
      ),
    )
}

/** The files under `root` that the check reads, relative to it. */
function checkedFiles(root: string): string[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', ...FOLDERS], {
    cwd: root,
    encoding: 'utf8',
  })
  const names = listed.split('\n').filter((name) => TEXT.test(name) && !EXCEPT.test(name))
  return names.filter((name) => existsSync(path.join(root, name)))
}

if (import.meta.main) {
  const [given = path.join(import.meta.dirname, '..')] = scriptArgs({ allowPositionals: true }).positionals
  const root = path.resolve(given)
  const hits = checkedFiles(root).flatMap((file) =>
    wrongWords(readFileSync(path.join(root, file), 'utf8')).map(
      ({ line, found, use }) => `${file}:${line}  "${found}": use ${use}`,
    ),
  )
  for (const hit of hits) console.log(hit)
  if (hits.length > 0) process.exitCode = 1
}
