/** `guard` of a flag: what closes it by itself. */
import * as v from 'valibot'
import { strictObject } from './objects.ts'
import { positiveInteger, positiveMs, share } from './values.ts'

const positive = (what: string, most: number) =>
  v.pipe(
    v.number(),
    v.minValue(1, `a ${what} from 1 to ${most}`),
    v.maxValue(most, `a ${what} from 1 to ${most}`),
  )
const orOff = <T extends v.GenericSchema>(settings: T) => v.union([v.literal(false), settings])

export const errorComparison = strictObject({
  rho: v.optional(
    v.pipe(
      positive('ratio', 100),
      v.description('Canary may fail this many times as often as control. Default 1.1.'),
    ),
  ),
  delta: v.optional(v.pipe(share, v.description('… plus this rate. Default 0.0001.'))),
  minBuckets: v.optional(
    v.pipe(
      positive('whole number', 100),
      v.integer('a whole number'),
      v.description('Distinct visitors that must have met errors. Default 3.'),
    ),
  ),
})

export const latencyComparison = strictObject({
  rho: v.optional(
    v.pipe(
      positive('ratio', 100),
      v.description('Canary may be slow this many times as often as control. Default 1.1.'),
    ),
  ),
  delta: v.optional(v.pipe(share, v.description('… plus this rate. Default 0.0001.'))),
  marginBuckets: v.optional(
    v.pipe(
      v.number(),
      v.integer('a whole number'),
      v.minValue(0, 'a whole number from 0 to 80'),
      v.maxValue(80, 'a whole number from 0 to 80'),
      v.description('Slow begins this many steps of 9 % above the percentile of control. Default 1.'),
    ),
  ),
  deadlineMs: v.optional(
    v.pipe(
      positiveMs,
      v.description(
        'A request without an answer for so long counts as slow there and then, whatever becomes of it; later than `ceilings.p95Ms` and `thresholds.slow.baselineMs` in any case. Default 5000.',
      ),
    ),
  ),
  minSlow: v.optional(
    v.pipe(positiveInteger, v.description('Slow canary requests before latency can close. Default 5.')),
  ),
  fewMachines: v.optional(
    v.pipe(
      v.boolean(),
      v.description('True where the canary is a few machines, so that one stall weighs less.'),
    ),
  ),
})

export const ceilings = strictObject({
  errorRate: v.optional(
    v.pipe(
      v.number(),
      v.minValue(1e-6, 'a rate above 0, at most 1'),
      v.maxValue(1, 'a rate above 0, at most 1'),
      v.description('Error rate of the canary above which the flag closes, such as 0.2.'),
    ),
  ),
  p95Ms: v.optional(
    v.pipe(
      v.number(),
      v.minValue(1, 'milliseconds from 1'),
      v.description('95th percentile of the canary, in milliseconds, above which the flag closes.'),
    ),
  ),
  minRequests: v.optional(
    v.pipe(positiveInteger, v.description('Canary requests before a ceiling judges. Default 50.')),
    50,
  ),
})

export const thresholds = strictObject({
  errors: v.optional(
    v.pipe(
      v.number(),
      v.integer('a whole number'),
      v.minValue(0),
      v.description('More errors than this, of everybody who is served the flag, close it.'),
    ),
  ),
  slow: v.optional(
    v.pipe(
      strictObject({
        count: v.pipe(v.number(), v.integer('a whole number'), v.minValue(0, 'a whole number from 0')),
        baselineMs: positiveMs,
      }),
      v.description(
        'More requests or reported durations than `count` that take longer than `baselineMs` close the flag.',
      ),
    ),
  ),
})

export const guard = strictObject({
  enabled: v.optional(
    v.pipe(v.boolean(), v.description('False switches the guard off. Default true.')),
    true,
  ),
  action: v.optional(
    v.pipe(
      v.picklist(['rollback', 'freeze']),
      v.description('`freeze`: stop advancing and call a person, instead of closing. Default `rollback`.'),
    ),
    'rollback',
  ),
  alpha: v.optional(
    v.pipe(
      v.number(),
      v.minValue(1e-9, 'a probability up to 0.5'),
      v.maxValue(0.5, 'a probability up to 0.5'),
      v.description('Probability that a healthy canary is ever closed. Default 0.01.'),
    ),
  ),
  errors: v.optional(
    v.pipe(
      orOff(errorComparison),
      v.description('Compare error rates of canary and control. On in an empty guard.'),
    ),
  ),
  latency: v.optional(
    v.pipe(
      orOff(latencyComparison),
      v.description('Compare latencies of canary and control. On in an empty guard.'),
    ),
  ),
  traffic: v.optional(
    v.pipe(
      strictObject({
        maxDropPercent: v.pipe(
          v.number(),
          v.minValue(1, 'a percentage from 1 to 99'),
          v.maxValue(99, 'a percentage from 1 to 99'),
        ),
      }),
      v.description('`maxDropPercent`: how far completed journeys of the canary may fall below control.'),
    ),
  ),
  ceilings: v.optional(v.pipe(ceilings, v.description('Absolute limits of the canary.'))),
  thresholds: v.optional(v.pipe(thresholds, v.description('Plain counts, as simpler systems have them.'))),
})
