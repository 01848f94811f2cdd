import { remembered } from '../../core/remembered.ts'
import type { LocalTime } from '../../core/rollout/windows.ts'

/** Weekday and minute of the day in a timezone; UTC where the timezone is not known to the runtime. */
export function localTime(nowMs: number, timezone: string): LocalTime {
  const parts = new Map(
    formatter(timezone)
      .formatToParts(nowMs)
      .map((part): [string, string] => [part.type, part.value]),
  )
  const weekday = (parts.get('weekday') ?? 'Mon').toLowerCase() as LocalTime['weekday']
  return { weekday, minuteOfDay: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) }
}

/** Making one takes far longer than asking it. */
const formatter = remembered((timeZone): Intl.DateTimeFormat => {
  const options = { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
  try {
    return new Intl.DateTimeFormat('en-US', { ...options, timeZone })
  } catch {
    return new Intl.DateTimeFormat('en-US', { ...options, timeZone: 'UTC' })
  }
})
