/**
 * `npm run bench:cost`: what the platform bills for counting and commands. Small sites are metered on the real Worker in
 * workerd; large ones are simulated by the code that counts (test-kit/network).
 *
 *     npm run bench:cost -- [--quick] [--json] [--write] [--only NAME]
 *
 * `--write` makes docs/costs.md.
 */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'
import { emit, progress } from '../../test-kit/report/emit.ts'
import { scriptArgs } from '../../test-kit/script/script-args.ts'
import { type CostResult, page, toMarkdown } from './report.ts'
import { meterSite, type Site } from './rig.ts'
import { SIMULATED, simulated } from './simulated.ts'
import { perDayOf, type SiteCost } from './usage.ts'

const { values: options } = scriptArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
})

/** Long enough for alarms and for the rows that are written every ten seconds. */
const seconds = options.quick ? 12 : 60
const WARM_UP_SECONDS = options.quick ? 3 : 12
const site = (name: string, requestsPerSecond: number, places: number, isRamping: boolean): Site => ({
  ...{ name, requestsPerSecond, places, isRamping, seconds },
})
const METERED: Site[] = [
  // Quick: the visit of the warm-up is the only one, so there is nothing to meter.
  ...(options.quick ? [] : [{ ...site('one visit a minute', 1 / 60, 1, true), seconds: 181 }]),
  site('one request a second', 1, 1, true),
  site('one request a second in three places', 1, 3, true),
  site('one request a second, nothing ramps', 1, 1, false),
  site('ten requests a second', 10, 1, true),
  site('100 requests a second', 100, 1, true),
]

const chosen = <T extends { name: string }>(list: readonly T[]) =>
  list.filter(({ name }) => options.only === undefined || name.includes(options.only))
const sites: SiteCost[] = []
for (const each of chosen(METERED)) {
  progress(each.name)
  const warmUpSeconds = each.requestsPerSecond < 0.1 ? 62 : WARM_UP_SECONDS
  sites.push({ ...each, how: 'metered', perDay: perDayOf(await meterSite(each, warmUpSeconds), each) })
}
for (const each of chosen(SIMULATED)) {
  progress(each.name)
  sites.push(simulated(each))
}
progress('')
const result: CostResult = { mode: options.quick ? 'quick' : 'full', sites }
if (options.write) await writeFile(resolve(PROJECT_ROOT, 'docs/costs.md'), page(result))
emit(result, toMarkdown, options.json)
