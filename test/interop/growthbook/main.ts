/**
 * `npm run test:growthbook -- FILE`: GrowthBook's language-neutral cases (`packages/sdk-js/test/cases.json` of its
 * repository; nothing of it is part of this project). Prints counts by kind, and exits with 1 where a case fails that the
 * import does not list. `--write` puts the counts into docs/migrating/growthbook.md.
 */
import { readFile } from 'node:fs/promises'
import { table } from '../../../test-kit/report/emit.ts'
import { writeSection } from '../../../test-kit/report/section.ts'
import { scriptArgs } from '../../../test-kit/script/script-args.ts'
import { resultsOf } from './cases.ts'

const { values: options, positionals } = scriptArgs({
  options: { write: { type: 'boolean' }, verbose: { type: 'boolean' } },
  allowPositionals: true,
})
const [file] = positionals
if (file === undefined) throw new Error('Name a file: npm run test:growthbook -- cases.json')
const cases = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
const rows: (string | number)[][] = []
const why = new Map<string, number>()
for (const [kind, results] of Object.entries(resultsOf(cases))) {
  const count = (outcome: string) => results.filter((each) => each.outcome === outcome).length
  rows.push([kind, results.length, count('pass'), count('listed'), count('elsewhere'), count('fail')])
  for (const each of results) {
    if ('why' in each) why.set(each.why, (why.get(each.why) ?? 0) + 1)
    if (each.outcome === 'fail') process.exitCode = 1
    if (each.outcome === 'fail' || (options.verbose && each.outcome === 'listed'))
      console.log(`  ${kind}: ${JSON.stringify(each)}`)
  }
}
const version = typeof cases.specVersion === 'string' ? ` ${cases.specVersion}` : ''
const text = [
  `GrowthBook's cases${version}:`,
  table(['kind', 'cases', 'pass', 'listed by the import', 'not about flags', 'fail'], rows),
  table(['why cases are listed, or not about flags', 'how many'], [...why]),
].join('\n\n')
console.log(text)
if (options.write) await writeSection('docs/migrating/growthbook.md', 'test:growthbook', text)
