import { remembered } from '../../core/remembered.ts'
import type { LocalTime } from '../../core/rollout/windows.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const

/** Weekday and minute of the day in a timezone; UTC where the timezone is not known to the runtime. */
export function localTime(nowMs: number, timezone: string): LocalTime {
  if (timezone === 'UTC') {
    const date = new Date(nowMs)
    const weekday = DAYS[date.getUTCDay()] ?? 'sun'
    return { weekday, minuteOfDay: date.getUTCHours() * 60 + date.getUTCMinutes() }
  }
  const parts = new Map(
    formatter(timezone)
      .formatToParts(nowMs)
      .map((part): [string, string] => [part.type, part.value]),
  )
  const weekday = (parts.get('weekday') ?? 'Mon').toLowerCase() as LocalTime['weekday']
  return { weekday, minuteOfDay: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) }
}

/** Cached: creating a formatter takes far longer than using it, ten milliseconds in a young isolate. */
const formatter = remembered((timeZone): Intl.DateTimeFormat => {
  const options = { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
  try {
    return new Intl.DateTimeFormat('en-US', { ...options, timeZone })
  } catch (error) {
    noteInternalError('rollout.timezone', error)
    return new Intl.DateTimeFormat('en-US', { ...options, timeZone: 'UTC' })
  }
})
