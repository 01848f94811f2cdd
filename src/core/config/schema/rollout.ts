/** How a rollout advances, when it may, and who is notified. */
import * as v from 'valibot'
import { parseDurationMs } from './duration.ts'
import { statusList } from './guard.ts'
import { strictObject } from './objects.ts'
import {
  dateTime,
  duration,
  nonEmpty,
  pathPattern,
  percentage,
  positiveInteger,
  positiveMs,
  secretName,
  share,
  timezone,
} from './values.ts'

/** Each answer of the canary is compared with all of them. */
const MOST_PATHS = 20

/** What a stage asks for besides the guard's own tests before it is left. */
const requirements = strictObject({
  minVisitors: v.optional(positiveInteger),
  maxErrorRate: v.optional(share),
  maxP95Ms: v.optional(positiveMs),
  paths: v.optional(
    v.pipe(
      v.array(
        strictObject({
          path: pathPattern,
          statuses: v.optional(statusList, ['5xx']),
          max: v.optional(
            v.pipe(
              v.number(),
              v.integer('a whole number from 0 on'),
              v.minValue(0, 'a whole number from 0 on'),
            ),
            0,
          ),
        }),
      ),
      v.minLength(1, 'at least one path'),
      v.maxLength(MOST_PATHS, `at most ${MOST_PATHS} paths`),
    ),
  ),
})

/** One of `percentage` and `shadow`: references.ts sees to that. */
export const stage = strictObject({
  percentage: v.optional(percentage),
  shadow: v.optional(
    v.pipe(v.number(), v.gtValue(0, 'a percentage above 0'), v.maxValue(100, 'a percentage of at most 100')),
  ),
  bake: v.optional(duration, '10m'),
  maxBake: v.optional(duration),
  approval: v.optional(v.boolean(), false),
  advance: v.optional(v.picklist(['auto', 'manual']), 'auto'),
  within: v.optional(duration),
  require: v.optional(requirements),
})

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const timeOfDay = v.pipe(v.string(), v.regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day such as "09:00"'))

export const advanceWindow = strictObject({
  days: v.optional(v.pipe(v.array(v.picklist(WEEKDAYS)), v.minLength(1, 'at least one day')), [...WEEKDAYS]),
  from: timeOfDay,
  to: timeOfDay,
})

export const rollout = strictObject({
  windows: v.optional(v.array(advanceWindow), []),
  timezone: v.optional(timezone, 'UTC'),
  holdbackPercent: v.optional(percentage, 1),
  stepBack: v.optional(
    v.pipe(
      duration,
      v.check((text) => (parseDurationMs(text) ?? 0) <= 600_000, 'a duration of at most 10 minutes'),
    ),
  ),
})

export const freeze = strictObject({
  start: dateTime,
  end: dateTime,
  reason: v.optional(nonEmpty, 'change freeze'),
})

export const NOTIFICATION_EVENTS = [
  'advance',
  'hold',
  'rollback',
  'resume',
  'kill',
  'unkill',
  'freeze',
  'metric',
  'approval-needed',
  'pause',
  'finish',
  'limit',
  'stage-down',
  'publish',
  'enable',
  'disable',
  'percentage',
  'guard',
  'document-refused',
  'kill-list-refused',
  'expiring',
  'expired',
  'guard-blind',
  'counts-missing',
  'kv-behind',
  'isolates-behind',
] as const

export const webhook = strictObject({
  url: v.pipe(v.string(), v.regex(/^https?:\/\/[^\s#@]+$/, 'an http:// or https:// URL')),
  format: v.optional(v.picklist(['json', 'slack']), 'json'),
  events: v.optional(v.pipe(v.array(v.picklist(NOTIFICATION_EVENTS)), v.minLength(1, 'at least one')), [
    ...NOTIFICATION_EVENTS,
  ]),
  secretBinding: v.optional(secretName),
})

export const notifications = strictObject({
  webhooks: v.optional(v.array(webhook), []),
  expiryDays: v.optional(v.array(positiveInteger), [14, 3]),
})
