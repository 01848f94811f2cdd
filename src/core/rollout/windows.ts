/** When stages may advance automatically. The guard acts at any time. */
import type { FreezeConfig, RolloutConfig } from '../config/schema/document.ts'
import { parseTimeMs } from '../flags/date-time.ts'

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const MINUTES_OF_DAY = 1_440
const MINUTES_OF_WEEK = 7 * MINUTES_OF_DAY
/** 1 January 1970 was a Thursday. */
const FIRST_DAY = 3

/** Local time in a rollout's timezone. */
export type LocalTime = { weekday: (typeof WEEKDAYS)[number]; minuteOfDay: number }

/** `until`: what ends it, as in "waits for …"; it is told from the first look where it takes days, as a freeze does. */
export type AdvancePermission =
  | { allowed: true }
  | { allowed: false; reason: string; until: string; isFreeze: boolean }

/** Whether a stage may advance now: outside all freezes, and inside a window if there are any. */
export function advancePermission(
  windows: RolloutConfig['windows'],
  freezes: readonly FreezeConfig[],
  local: LocalTime,
  nowMs: number,
): AdvancePermission {
  const freeze = freezes.find(({ start, end }) => nowMs >= parseTimeMs(start) && nowMs < parseTimeMs(end))
  if (freeze !== undefined) {
    const { end, reason } = freeze
    return {
      allowed: false,
      reason: `frozen until ${end}: ${reason}`,
      until: `the end of the change freeze, ${end}`,
      isFreeze: true,
    }
  }
  if (windows.length === 0 || windows.some((window) => isInWindow(window, local))) return { allowed: true }
  const reason = 'outside the windows in which stages advance'
  return { allowed: false, reason, until: 'a window in which stages advance', isFreeze: false }
}

/**
 * By how much local time is ahead of UTC, in milliseconds.
 *
 * @example offsetMs({ weekday: 'mon', minuteOfDay: 60 }, Date.UTC(2026, 0, 5)) // 3,600,000
 */
export function offsetMs({ weekday, minuteOfDay }: LocalTime, nowMs: number): number {
  const local = WEEKDAYS.indexOf(weekday) * MINUTES_OF_DAY + minuteOfDay
  const utc = (Math.floor(nowMs / 60_000) + FIRST_DAY * MINUTES_OF_DAY) % MINUTES_OF_WEEK
  const ahead = (local - utc + MINUTES_OF_WEEK) % MINUTES_OF_WEEK
  return (ahead > MINUTES_OF_WEEK / 2 ? ahead - MINUTES_OF_WEEK : ahead) * 60_000
}

/** Minutes until a window starts, at least one; a change to or from summer time may make it an hour more or less. */
export function minutesToWindow(
  windows: RolloutConfig['windows'],
  { weekday, minuteOfDay }: LocalTime,
): number {
  const today = WEEKDAYS.indexOf(weekday)
  const waits = windows.flatMap(({ days, from }) =>
    days.map((day) => {
      const wait = (WEEKDAYS.indexOf(day) - today) * MINUTES_OF_DAY + minuteOf(from) - minuteOfDay
      return wait > 0 ? wait : wait + 7 * MINUTES_OF_DAY
    }),
  )
  return waits.reduce((least, wait) => Math.min(least, Math.max(1, wait)), Number.POSITIVE_INFINITY)
}

/** A window that ends before it starts spans midnight, and belongs to the day on which it starts. */
function isInWindow(window: RolloutConfig['windows'][number], local: LocalTime): boolean {
  const from = minuteOf(window.from)
  const to = minuteOf(window.to)
  const { weekday, minuteOfDay } = local
  if (from < to) return window.days.includes(weekday) && minuteOfDay >= from && minuteOfDay < to
  const startedToday = minuteOfDay >= from && window.days.includes(weekday)
  const startedYesterday = minuteOfDay < to && window.days.includes(dayBefore(weekday))
  return startedToday || startedYesterday
}

/** For each minute of the week whether some window is open. Costs as much as there are windows, and not for each minute. */
export function openMinutes(windows: RolloutConfig['windows']): boolean[] {
  const opened = new Array<number>(2 * MINUTES_OF_WEEK + 1).fill(0)
  for (const { days, from, to } of windows) {
    for (const day of days) {
      const start = WEEKDAYS.indexOf(day) * MINUTES_OF_DAY + minuteOf(from)
      const lasts = minuteOf(to) - minuteOf(from)
      const end = start + (lasts > 0 ? lasts : lasts + MINUTES_OF_DAY)
      opened[start] = (opened[start] ?? 0) + 1
      opened[end] = (opened[end] ?? 0) - 1
    }
  }
  let open = 0
  const isOpen = opened.map((change) => {
    open += change
    return open > 0
  })
  // A window of the last day goes on into the first.
  return isOpen
    .slice(0, MINUTES_OF_WEEK)
    .map((each, minute) => each || isOpen[minute + MINUTES_OF_WEEK] === true)
}

function dayBefore(weekday: LocalTime['weekday']): LocalTime['weekday'] {
  return WEEKDAYS[(WEEKDAYS.indexOf(weekday) + 6) % 7] ?? weekday
}

function minuteOf(time: string): number {
  const [hours, minutes] = time.split(':').map(Number)
  return ((hours ?? 0) * 60 + (minutes ?? 0)) % MINUTES_OF_DAY
}
