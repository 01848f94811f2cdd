/** How stages are climbed, when they may be, and who is told. */
import * as v from 'valibot'
import { parseDurationMs } from './duration.ts'
import { strictObject } from './objects.ts'
import { dateTime, duration, nonEmpty, percentage, timezone } from './values.ts'

export const stage = strictObject({
  percentage: v.pipe(percentage, v.description('Share of the visitors who meet the conditions.')),
  bake: v.optional(
    v.pipe(duration, v.description('The least time at this stage, such as "10m". Default "10m".')),
    '10m',
  ),
  maxBake: v.optional(
    v.pipe(
      duration,
      v.description('After this long at the stage somebody is told; the stage does not advance.'),
    ),
  ),
  approval: v.optional(
    v.pipe(
      v.boolean(),
      v.description('True: when the stage is done, a person must approve before the next one.'),
    ),
    false,
  ),
  advance: v.optional(
    v.pipe(
      v.picklist(['auto', 'manual']),
      v.description('`manual`: only a person leads on from this stage. Default `auto`.'),
    ),
    'auto',
  ),
})

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const timeOfDay = v.pipe(v.string(), v.regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day such as "09:00"'))

export const advanceWindow = strictObject({
  days: v.optional(
    v.pipe(
      v.array(v.picklist(WEEKDAYS)),
      v.minLength(1, 'at least one day'),
      v.description('Default: every day.'),
    ),
    [...WEEKDAYS],
  ),
  from: v.pipe(timeOfDay, v.description('Local time at which the window opens.')),
  to: v.pipe(timeOfDay, v.description('Local time at which it closes; before `from`: on the next day.')),
})

export const rollout = strictObject({
  windows: v.optional(
    v.pipe(v.array(advanceWindow), v.description('When stages may advance by themselves. Default: always.')),
    [],
  ),
  timezone: v.optional(
    v.pipe(timezone, v.description('IANA name of the timezone of `windows`. Default "UTC".')),
    'UTC',
  ),
  holdbackPercent: v.optional(
    v.pipe(
      percentage,
      v.description(
        'With a guard: share that stays control at 100 %, until the rollout is finished. Default 1.',
      ),
    ),
    1,
  ),
  stepBack: v.optional(
    v.pipe(
      duration,
      v.check((text) => (parseDurationMs(text) ?? 0) <= 600_000, 'at most 10 minutes'),
      v.description(
        'After a rollback visitors move back in four steps of half a second, each of which waits while control\'s latency climbs, but within this time, such as "30s"; at once where the canary is down. Default: at once. A kill is always at once.',
      ),
    ),
  ),
})

export const freeze = strictObject({
  start: v.pipe(dateTime, v.description('From here on no stage advances by itself; guards still close.')),
  end: v.pipe(dateTime, v.description('Until before this.')),
  reason: v.optional(v.pipe(nonEmpty, v.description('Shown while it lasts.')), 'change freeze'),
})

export const NOTIFICATION_EVENTS = [
  'advance',
  'hold',
  'rollback',
  'resume',
  'kill',
  'unkill',
  'freeze',
  'approval-needed',
  'pause',
  'finish',
] as const

export const webhook = strictObject({
  url: v.pipe(
    v.string(),
    v.regex(/^https?:\/\/[^\s#@]+$/, 'an http:// or https:// URL'),
    v.description('Where messages are posted.'),
  ),
  format: v.optional(
    v.pipe(
      v.picklist(['json', 'slack']),
      v.description('`slack`: the shape that chat tools accept. Default `json`.'),
    ),
    'json',
  ),
  events: v.optional(
    v.pipe(
      v.array(v.picklist(NOTIFICATION_EVENTS)),
      v.minLength(1, 'at least one'),
      v.description('Default: all.'),
    ),
    [...NOTIFICATION_EVENTS],
  ),
  secretBinding: v.optional(
    v.pipe(nonEmpty, v.description('Worker secret that signs messages. Default: SIGNING_KEY.')),
  ),
})
