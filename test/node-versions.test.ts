/** The command line, and what apps import, run on the oldest Node that package.json names: nothing newer is used there. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PROJECT_ROOT } from '../src/local/build/project-root.ts'

const FOLDERS = [
  'core',
  'contract',
  'interop',
  'cli',
  'local',
  'platform',
  'sdk/server',
  'sdk/openfeature',
  'sdk/testing',
]
/** What came with Node 21 to 24, as far as a name tells it. */
const NEWER = [
  /\b(?:Map|Object)\.groupBy\b/,
  /\bPromise\.(?:withResolvers|try)\b/,
  /\bArray\.fromAsync\b/,
  /\bIterator\.from\b/,
  /\bRegExp\.escape\b/,
  /\.(?:isSubsetOf|isSupersetOf|isDisjointFrom|symmetricDifference|intersection)\(/,
  // Helpers of iterators.
  /\.(?:values|keys|entries)\(\)\s*\.(?:map|filter|flatMap|some|every|find|reduce|toArray|take|drop|forEach)\(/,
]

it('no API that is newer than Node 20', () => {
  const files = FOLDERS.flatMap((folder) => globSync(`src/${folder}/**/*.{ts,tsx}`, { cwd: PROJECT_ROOT }))
  expect(files.length).toBeGreaterThan(300)
  const found = files.flatMap((file) => {
    const text = readFileSync(join(PROJECT_ROOT, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '')
    return NEWER.filter((pattern) => pattern.test(text)).map((pattern) => `${file}: ${pattern.source}`)
  })
  expect(found).toEqual([])
})
