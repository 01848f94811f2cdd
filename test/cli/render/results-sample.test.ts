/** What docs/metrics.md shows of results is what the judge says of such counts, by the document of the same page. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { resultsView } from '../../../src/cli/render/results-view.ts'
import { compileSnapshot } from '../../../src/core/config/compile/snapshot.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { judge } from '../../../src/core/metrics/judge/judge.ts'
import { sharesOf } from '../../../src/core/metrics/spec.ts'

const PAGE = readFileSync('docs/metrics.md', 'utf8')
const HOUR_MS = 3_600_000
const HOURS = 6 * 24
const SINCE_MS = Date.UTC(2027, 2, 1)
const COUNTS = [
  { variant: 'blue', visitors: 20_410, orders: 4_082, revenue: 183_100, squares: 15_700_000 },
  { variant: 'green', visitors: 19_820, orders: 4_559, revenue: 205_800, squares: 17_900_000 },
  { variant: 'red', visitors: 19_770, orders: 3_835, revenue: 172_900, squares: 14_900_000 },
]

it('the sample of results is real', () => {
  const json = [...PAGE.matchAll(/^```json\n([\s\S]*?)^```/gm)].map(([, code = '']) => code)
  const parsed = parseDocumentValue(JSON.parse(json.find((code) => code.includes('"button"')) ?? '{}'))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const measures = compileSnapshot(parsed.value).flags.get('button')?.measures
  if (measures === undefined) throw new Error('button must measure')
  const variants = COUNTS.map(({ variant, visitors, orders, revenue, squares }) => ({
    ...{ variant, visitors },
    metrics: [
      { nonzero: orders, sum: orders, sumOfSquares: orders },
      { nonzero: orders, sum: revenue, sumOfSquares: squares },
    ],
  }))
  const visitors = COUNTS.reduce((sum, each) => sum + each.visitors, 0)
  const arrivals = {
    ...{ counts: new Array<number>(HOURS).fill(visitors / HOURS), slotMs: HOUR_MS },
    ...{ room: 131_072 - visitors, most: 131_072 },
  }
  const kept = { visitors, bytes: 1_000_000, share: 1, mixed: 3, refused: { repeated: 5 } }
  const { results } = judge(
    undefined,
    { generation: 2, stage: 0, sinceMs: SINCE_MS, variants, caps: [null, 500], kept },
    {
      ...{ flag: 'button', measures, shares: sharesOf(measures, 100), guardAlpha: 0 },
      ...{ unproven: 12, refused: { late: 2 }, arrivals },
    },
    SINCE_MS + HOURS * HOUR_MS,
  )
  const view = resultsView(results, (_, text) => text)
  expect(PAGE).toContain(`$ npx sluice results button\n${view}\n`)
})
