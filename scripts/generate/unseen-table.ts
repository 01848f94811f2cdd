/** The tables of docs/guard.md that say what the guard can't see, from the arithmetic of `sluice plan`. */
import { countText, durationText, rateText } from '../../src/core/figures.ts'
import { resolveGuardSettings } from '../../src/core/guard/index.ts'
import { findsAfter, requestsToFind } from '../../src/core/rollout/sizing.ts'

const BASES = [0.001, 0.01] as const
const REQUESTS = [20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000] as const
const RATES = [0.1, 1, 10, 100] as const
const EFFECTS = [1.2, 1.5, 2, 3, 5, 10, 50] as const
/** A tenth of the visitors: control hardly limits what is seen. */
const PERCENTAGE = 10
const MARKS = /(<!-- unseen: [^>]*-->\n)[\s\S]*(<!-- end of unseen -->)/

const settings = resolveGuardSettings()
const timeText = (requests: number, perSecond: number) => durationText((requests / perSecond) * 1_000)

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** By the number of requests: the lowest error rate that is found with nine tenths. */
function byRequests(): string {
  const head = [
    'canary requests',
    ...RATES.map((rate) => `at ${rate}/s`),
    ...BASES.map((base) => `finds, where control fails ${rateText(base)}`),
  ]
  const rows = REQUESTS.map((requests) => [
    countText(requests),
    ...RATES.map((rate) => timeText(requests, rate)),
    ...BASES.map((errorRate) => {
      const found = findsAfter(settings, { requests, percentage: PERCENTAGE, errorRate })
      return found === null ? 'nothing' : `${rateText(found)} and more`
    }),
  ])
  return table(head, rows)
}

/** By the size of the effect: the requests until it is found with nine tenths. */
function byEffect(): string {
  const head = ['control → canary', 'canary requests', ...RATES.map((rate) => `at ${rate}/s`)]
  const rows = BASES.flatMap((base) =>
    EFFECTS.map((effect) => {
      const requests = requestsToFind(settings, {
        canaryRate: base * effect,
        errorRate: base,
        percentage: PERCENTAGE,
      })
      const what = `${rateText(base)} → ${rateText(base * effect)} (× ${effect})`
      if (!Number.isFinite(requests)) return [what, 'never: within the margin', ...RATES.map(() => '–')]
      const rounded = Number(requests.toPrecision(2))
      return [what, countText(rounded), ...RATES.map((rate) => timeText(rounded, rate))]
    }),
  )
  return table(head, rows)
}

/** The page with its tables. */
export function withUnseenTables(page: string): string {
  return page.replace(
    MARKS,
    (_, before: string, after: string) => `${before}\n${byRequests()}\n\n${byEffect()}\n\n${after}`,
  )
}
