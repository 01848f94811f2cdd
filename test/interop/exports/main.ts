/**
 * `npm run measure:imports`: five exports of each system, of 50 flags each, decided for the same visitors here and by the
 * system's own SDK. `-- --visitors 1000` sets how many; `--write` puts the table into docs/migrating.md. Exits with 1 where
 * a visitor loses a place.
 */
import { table } from '../../../test-kit/report/emit.ts'
import { writeSection } from '../../../test-kit/report/section.ts'
import { scriptArgs } from '../../../test-kit/script/script-args.ts'
import { type Measured, measure, SYSTEMS } from './measure.ts'
import { EXPORTS } from './population.ts'

const { values: options } = scriptArgs({
  options: { write: { type: 'boolean' }, visitors: { type: 'string', default: '1000' } },
})
const rows: (string | number)[][] = []
for (const system of SYSTEMS) {
  const all: Measured[] = []
  for (const number of EXPORTS) all.push(await measure(system, number, Number(options.visitors)))
  const sum = (key: 'flags' | 'listed' | 'decisions' | 'kept' | 'visitors' | 'keptVisitors') =>
    all.reduce((total, each) => total + each[key], 0)
  const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(2)} %`
  rows.push([
    system.name,
    sum('flags'),
    sum('listed'),
    sum('decisions').toLocaleString('en'),
    percent(sum('kept'), sum('decisions')),
    percent(sum('keptVisitors'), sum('visitors')),
    `${Math.ceil(Math.max(...all.map(({ importMs }) => importMs)))} ms`,
  ])
  for (const each of all.flatMap(({ differences }) => differences).slice(0, 5)) {
    console.log(JSON.stringify(each))
    process.exitCode = 1
  }
}
const head = [
  'from',
  'flags',
  'listed',
  'decisions',
  'same',
  'visitors who keep all variants',
  'longest import',
]
const text = table(head, rows)
console.log(text)
if (options.write) await writeSection('docs/migrating.md', 'measure:imports', text)
process.exit()
