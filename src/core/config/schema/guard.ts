/** `guard` of a flag: what rolls it back automatically. */
import * as v from 'valibot'
import { metricGuard } from './metrics.ts'
import { record, strictObject } from './objects.ts'
import { duration, name, positiveInteger, positiveMs, share } from './values.ts'

const ratio = v.pipe(
  v.number(),
  v.minValue(1, 'a ratio from 1 to 100'),
  v.maxValue(100, 'a ratio from 1 to 100'),
)
const wholeNumber = (what: string, least: number, most: number) =>
  v.pipe(v.number(), v.integer(what), v.minValue(least, what), v.maxValue(most, what))
/** A single status that is a failure, or a hundred of them. */
const status = wholeNumber('"4xx", "5xx" or a status from 400 to 599', 400, 599)
const grpcStatus = wholeNumber('a gRPC status from 1 to 16', 1, 16)
const marginBuckets = wholeNumber('a whole number from 0 to 80', 0, 80)
const probability = v.pipe(
  v.number(),
  v.minValue(1e-9, 'a probability up to 0.5'),
  v.maxValue(0.5, 'a probability up to 0.5'),
)
const orOff = <T extends v.GenericSchema>(settings: T) => v.union([v.literal(false), settings])

export const statusList = v.pipe(
  v.array(v.union([v.picklist(['4xx', '5xx']), status])),
  v.minLength(1, 'at least one status'),
)

export const errorComparison = strictObject({
  rho: v.optional(ratio),
  delta: v.optional(share),
  minBuckets: v.optional(wholeNumber('a whole number from 1 to 100', 1, 100)),
  statuses: v.optional(statusList),
})

export const clientErrorComparison = strictObject({
  rho: v.optional(ratio),
  delta: v.optional(share),
  action: v.optional(v.picklist(['rollback', 'freeze'])),
})

export const grpc = strictObject({
  statuses: v.pipe(v.array(grpcStatus), v.minLength(1, 'at least one status')),
})

export const latencyComparison = strictObject({
  rho: v.optional(ratio),
  delta: v.optional(share),
  marginBuckets: v.optional(marginBuckets),
  deadlineMs: v.optional(positiveMs),
  minSlow: v.optional(positiveInteger),
  warmUp: v.optional(duration),
  quantiles: v.optional(
    v.pipe(
      v.array(v.picklist([0.5, 0.9, 0.95, 0.99])),
      v.minLength(1, 'at least one quantile'),
      v.check((list) => new Set(list).size === list.length, 'each quantile once'),
    ),
  ),
  fewMachines: v.optional(v.boolean()),
})

export const advanceTest = strictObject({
  beta: v.optional(probability),
  rho: v.optional(ratio),
  delta: v.optional(share),
  marginBuckets: v.optional(marginBuckets),
})

export const ceilings = strictObject({
  errorRate: v.optional(
    v.pipe(
      v.number(),
      v.minValue(1e-6, 'a rate above 0, at most 1'),
      v.maxValue(1, 'a rate above 0, at most 1'),
    ),
  ),
  p95Ms: v.optional(v.pipe(v.number(), v.minValue(1, 'at least 1 millisecond'))),
  minRequests: v.optional(positiveInteger, 50),
})

const countFromNought = v.pipe(
  v.number(),
  v.integer('a whole number'),
  v.minValue(0, 'a whole number of at least 0'),
)

export const thresholds = strictObject({
  errors: v.optional(countFromNought),
  slow: v.optional(
    strictObject({
      count: countFromNought,
      baselineMs: positiveMs,
    }),
  ),
})

export const guard = strictObject({
  enabled: v.optional(v.boolean(), true),
  action: v.optional(v.picklist(['rollback', 'freeze']), 'rollback'),
  alpha: v.optional(probability),
  errors: v.optional(orOff(errorComparison)),
  latency: v.optional(orOff(latencyComparison)),
  clientErrors: v.optional(orOff(clientErrorComparison)),
  grpc: v.optional(orOff(grpc)),
  advance: v.optional(v.union([v.literal('time'), advanceTest])),
  traffic: v.optional(
    strictObject({
      maxDropPercent: v.pipe(
        v.number(),
        v.minValue(1, 'a percentage from 1 to 99'),
        v.maxValue(99, 'a percentage from 1 to 99'),
      ),
    }),
  ),
  metrics: v.optional(record(name, metricGuard)),
  ceilings: v.optional(ceilings),
  thresholds: v.optional(thresholds),
})
