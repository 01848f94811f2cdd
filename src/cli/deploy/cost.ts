/** What a gate costs a month on Cloudflare, by the size of the site: rows of docs/costs.md, which a test compares. */
import type { GateDocument } from '../../core/config/schema/document.ts'
import { plural } from '../../core/figures.ts'

/** Dollars a month of the Paid plan, all requests of visitors included: while a flag ramps, and while none does. */
export const MONTHLY_USD = {
  'one request a second': { ramps: 5.09, calm: 5.06 },
  'ten requests a second': { ramps: 10.27 },
  '100 requests a second': { ramps: 80.38 },
  '1,000 requests a second in 1 place': { ramps: 780.97, calm: 780.01 },
  '1,000 requests a second in 330 places': { ramps: 1116.29, calm: 912.84 },
} as const

/** One line for the list of `deploy --dry-run`. */
export function costText({ flags }: Pick<GateDocument, 'flags'>): string {
  const judged = Object.values(flags).filter(({ guard }) => guard !== undefined).length
  const [which, one, most] =
    judged === 0
      ? [
          'no flag is judged',
          MONTHLY_USD['1,000 requests a second in 1 place'].calm,
          MONTHLY_USD['1,000 requests a second in 330 places'].calm,
        ]
      : [
          `${plural(judged, 'flag')} with a guard: while one ramps`,
          MONTHLY_USD['1,000 requests a second in 1 place'].ramps,
          MONTHLY_USD['1,000 requests a second in 330 places'].ramps,
        ]
  const usd = (dollars: number) => `$${Math.round(dollars)}`
  const small = [
    `${usd(MONTHLY_USD['one request a second'].ramps)} a month at one request a second`,
    `${usd(MONTHLY_USD['ten requests a second'].ramps)} at ten`,
    `${usd(MONTHLY_USD['100 requests a second'].ramps)} at 100`,
  ]
  return `${which}, about ${small.join(', ')}, ${usd(one)} to ${usd(most)} at 1,000 (in one place to 330), with the $5 of the Paid plan; the Free plan is enough up to one request a second in one place (docs/costs.md)`
}
