import { table } from '../../test-kit/report/emit.ts'
import {
  AMOUNTS,
  type Amounts,
  addedShare,
  beyondFree,
  FREE_PER_DAY,
  NAMES,
  PAID,
  PRICES,
  paidDollars,
} from './prices.ts'
import type { SiteCost } from './usage.ts'

export type CostResult = { mode: string; sites: SiteCost[] }

const DAYS_PER_MONTH = 30

const whole = (value: number) => Math.round(value).toLocaleString('en')
const dollars = (value: number) => `$${value.toFixed(2)}`
const percent = (share: number) => `${(100 * share).toFixed(share < 0.01 ? 2 : 1)} %`
const perMonth = (perDay: Amounts): Amounts =>
  Object.fromEntries(AMOUNTS.map((each) => [each, perDay[each] * DAYS_PER_MONTH])) as Amounts

export function toMarkdown({ sites }: CostResult): string {
  return [usageTable(sites), dollarTable(sites)].join('\n\n')
}

function usageTable(sites: readonly SiteCost[]): string {
  const shown = AMOUNTS.filter((each) => each !== 'workerRequests' && each !== 'kvWrites')
  return table(
    ['site, per day', ...shown.map((each) => NAMES[each]), 'by'],
    [
      ...sites.map(({ name, perDay, how }) => [name, ...shown.map((each) => whole(perDay[each])), how]),
      ['*the Free plan allows*', ...shown.map((each) => whole(FREE_PER_DAY[each])), ''],
    ],
  )
}

function dollarTable(sites: readonly SiteCost[]): string {
  return table(
    ['site', 'Free plan', 'Paid plan, per month', 'counting adds, of what the requests cost'],
    sites.map(({ name, perDay }) => {
      const missing = beyondFree(perDay)
      const free =
        missing.length === 0 ? 'enough' : `too little: ${missing.map((each) => NAMES[each]).join(', ')}`
      return [name, free, dollars(paidDollars(perMonth(perDay))), percent(addedShare(perMonth(perDay)))]
    }),
  )
}

/** docs/costs.md. */
export function page(result: CostResult): string {
  const prices = table(
    ['', 'Free plan, per day', 'Paid plan includes, per month', 'then, per million'],
    AMOUNTS.map((each) => [
      NAMES[each],
      whole(FREE_PER_DAY[each]),
      whole(PAID[each]),
      dollars(PRICES[each] * 1e6),
    ]),
  )
  return `# What Sluice costs on Cloudflare

<!-- Written by npm run bench:cost -- --write. -->

A request through the gate is one Worker request. Counting adds Durable Object requests, rows written, the time in which
an object can't sleep, and KV reads. Sites up to 100 requests/s are metered on the real Worker in workerd, alarms and the
rows of alarms included; larger ones are simulated by the code that counts. "Ramps" means that a flag is being judged.

${usageTable(result.sites)}

GB-s hold the wall-clock time of calls, which is longer on a busy machine.

Before 0.2, a visit a minute took 85,000 Durable Object requests and 103,000 rows a day: the Controller ticked for 90 seconds after
each visit, and wrote a row for every cell.

${dollarTable(result.sites)}

Dollars are list prices, included amounts taken off, $5 for the plan, CPU time left out. The share in the last column takes
nothing off.

${prices}

## Where the money goes

A second in which a Durable Object is kept active costs ten of its requests, a row written seven. So:

- **Replies to flushes are held only where that is worth it**: within ten minutes of a command, and by a location with more
  than ${whole(533)} requests/s, where an object that never sleeps is 1 % of what the requests cost. Elsewhere isolates ask
  again: every 1 to 1.8 s while something is judged, every 4.5 s otherwise.
- **Objects sleep.** The Controller wakes for counts, and for the next event that is due: the end of a bake, a window, a
  webhook. It does not tick by itself.
- **Rows are written together.** Counts are in memory, and stored every five seconds (ten while nothing is judged), a row
  for each flag and one for the shards. A crash loses what came since, of both arms alike: it can delay a verdict, and tilts
  none. Kills, rollbacks, stages, documents and the audit log are stored as they are made.
- **Counts that a verdict may depend on travel within a second**: failures of the canary, and any ten requests. The rest may
  wait ten seconds, or a minute if no request comes after it.
- **Isolates leave KV alone** while replies tell how recently the Controller has read it. Without replies they read it
  themselves every 30 s, so a kill in KV needs no Durable Object.

## What the Free plan can do

The Free plan's limits are per account and day. Past a limit visitors are served as before, by the last document and state;
counting stands still until midnight UTC, so the guard sees nothing: no stage advances, and no rollback happens by itself.
Kills through KV work. The status, \`sluice status\` and the dashboard say which limit it is, and webhooks get the event \`limit\`.

## When nothing is paid by the request

With the variable \`COUNTING = "prompt"\`, for a workerd that you run, counts travel at once, all replies are held, and each
tick is stored. \`npm start\` does so.
`
}
