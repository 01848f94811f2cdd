/** `metrics` of the document, and what a flag does with them: `guard.metrics` and `experiment`. */
import * as v from 'valibot'
import { parseDurationMs } from './duration.ts'
import { record, strictObject } from './objects.ts'
import { hostPattern, method } from './route.ts'
import { duration, name, oneOrMore, pathPattern, variantName } from './values.ts'

/** Each has its part of α, and its place in the ledger of each flag. */
export const MOST_METRICS = 20

const answerStatus = v.union([
  v.picklist(['2xx', '3xx', '4xx', '5xx']),
  v.pipe(
    v.number(),
    v.integer('a status such as 200, or "2xx"'),
    v.minValue(200, 'a status such as 200, or "2xx"'),
    v.maxValue(599, 'a status such as 200, or "2xx"'),
  ),
])

/** A request that counts as an event, seen at the edge. */
const request = strictObject({
  path: pathPattern,
  host: v.optional(oneOrMore(hostPattern)),
  method: v.optional(oneOrMore(method)),
  status: v.optional(answerStatus, '2xx'),
})

export const metric = strictObject({
  type: v.optional(v.picklist(['conversion', 'count', 'sum']), 'conversion'),
  better: v.optional(v.picklist(['higher', 'lower']), 'higher'),
  request: v.optional(request),
  cap: v.optional(v.pipe(v.number(), v.gtValue(0, 'a number above 0'))),
  window: v.optional(
    v.pipe(
      duration,
      v.check((text) => parseDurationMs(text) !== 0, 'a duration above 0, such as "7d"'),
    ),
  ),
})

export const metrics = v.pipe(
  record(name, metric),
  v.check((all) => Object.keys(all).length <= MOST_METRICS, `at most ${MOST_METRICS} metrics`),
)

const percent = (most: number) => {
  const what = `a percentage from 0.1 to ${most}`
  return v.pipe(v.number(), v.minValue(0.1, what), v.maxValue(most, what))
}

/** One of the two limits, by the metric's `better`: parse/metrics.ts sees to that. */
export const metricGuard = strictObject({
  maxDropPercent: v.optional(percent(99)),
  maxRisePercent: v.optional(percent(1_000)),
  action: v.optional(v.picklist(['rollback', 'freeze', 'signal']), 'rollback'),
})

export const experiment = strictObject({
  primary: name,
  metrics: v.optional(v.array(name), []),
  variants: v.optional(v.pipe(v.array(variantName), v.minLength(2, 'at least two variants'))),
  control: v.optional(variantName),
})
