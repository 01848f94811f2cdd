import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  advancePermission,
  type LocalTime,
  offsetMs,
  openMinutes,
} from '../../../src/core/rollout/windows.ts'

type Window = Parameters<typeof advancePermission>[0][number]

const EVERY_DAY: Window['days'] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
const WEEKDAYS: Window['days'] = ['mon', 'tue', 'wed', 'thu', 'fri']
const NOW_MS = Date.UTC(2026, 11, 24, 12)

/** `at('fri', '17:59')` */
function at(weekday: LocalTime['weekday'], time: string): LocalTime {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return { weekday, minuteOfDay: hours * 60 + minutes }
}
const isOpen = (windows: Window[], local: LocalTime) => advancePermission(windows, [], local, NOW_MS).allowed

describe('stages may advance by themselves', () => {
  it('always, where there are no windows', () => {
    expect(isOpen([], at('sun', '03:00'))).toBe(true)
  })

  it('from the first minute of a window until before the last', () => {
    const office: Window[] = [{ days: WEEKDAYS, from: '09:00', to: '17:00' }]
    const times = ['08:59', '09:00', '16:59', '17:00'].map((time) => isOpen(office, at('mon', time)))
    expect(times).toEqual([false, true, true, false])
    expect(isOpen(office, at('sat', '12:00'))).toBe(false)
  })

  it('over midnight, in a window that belongs to the day on which it began', () => {
    const night: Window[] = [{ days: ['fri'], from: '22:00', to: '06:00' }]
    expect(isOpen(night, at('fri', '21:59'))).toBe(false)
    expect(isOpen(night, at('fri', '23:00'))).toBe(true)
    expect(isOpen(night, at('sat', '05:59'))).toBe(true)
    expect(isOpen(night, at('sat', '06:00'))).toBe(false)
    expect(isOpen(night, at('fri', '05:00'))).toBe(false)
    const sunday: Window[] = [{ days: ['sun'], from: '22:00', to: '06:00' }]
    expect(isOpen(sunday, at('mon', '01:00'))).toBe(true)
  })

  it('in any of several windows', () => {
    const windows: Window[] = [
      { days: ['mon'], from: '09:00', to: '10:00' },
      { days: ['mon'], from: '14:00', to: '15:00' },
    ]
    expect(['09:30', '12:00', '14:30'].map((time) => isOpen(windows, at('mon', time)))).toEqual([
      true,
      false,
      true,
    ])
  })

  it('for as many minutes of a week as the windows have', () => {
    const time = fc
      .tuple(fc.nat(23), fc.nat(59))
      .map(([hours, minutes]) => `${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`)
    const window = fc.record({ days: fc.subarray(EVERY_DAY, { minLength: 1 }), from: time, to: time })
    const counted = fc.property(window, ({ days, from, to }) => {
      const length = (at('mon', to).minuteOfDay - at('mon', from).minuteOfDay + 1_440) % 1_440 || 1_440
      let open = 0
      for (const weekday of EVERY_DAY) {
        for (let minuteOfDay = 0; minuteOfDay < 1_440; minuteOfDay++) {
          if (isOpen([{ days, from, to }], { weekday, minuteOfDay })) open++
        }
      }
      expect(open).toBe(days.length * length)
    })
    fc.assert(counted, { numRuns: 25 })
  })
})

describe('a freeze', () => {
  const freeze = { start: '2026-12-24T00:00:00Z', end: '2026-12-27T00:00:00+01:00', reason: 'holidays' }
  const during = (iso: string) => advancePermission([], [freeze], at('thu', '12:00'), Date.parse(iso))

  it('closes from its start until before its end, and says why', () => {
    expect(during('2026-12-23T23:59:59.999Z')).toEqual({ allowed: true })
    expect(during('2026-12-24T00:00:00Z')).toEqual({
      allowed: false,
      reason: `frozen until ${freeze.end}: holidays`,
      until: `the end of the change freeze, ${freeze.end}`,
      isFreeze: true,
    })
    expect(during('2026-12-26T22:59:59.999Z').allowed).toBe(false)
    expect(during('2026-12-26T23:00:00Z').allowed).toBe(true)
  })
})

describe('local time is ahead of UTC by', () => {
  const MONDAY_MS = Date.UTC(2026, 0, 5)
  it.each([
    ['mon', '00:00', 0],
    ['mon', '05:30', 5.5],
    ['sun', '19:00', -5],
    ['sun', '12:00', -12],
    ['mon', '14:00', 14],
  ] as const)('%s %s at midnight of a Monday: %d hours', (weekday, time, hours) =>
    expect(offsetMs(at(weekday, time), MONDAY_MS)).toBe(hours * 3_600_000),
  )
  it('the same all week, seconds aside', () => {
    for (let hour = 0; hour < 168; hour++) {
      const weekday = EVERY_DAY[Math.floor(hour / 24)] ?? 'mon'
      const local = at(weekday, `${hour % 24}:00`)
      expect(offsetMs(local, MONDAY_MS + hour * 3_600_000 + 59_999)).toBe(0)
    }
  })
})

describe('the minutes of a week that windows leave open', () => {
  const time = fc.record({ hours: fc.integer({ min: 0, max: 23 }), minutes: fc.constantFrom(0, 1, 30, 59) })
  const clock = time.map(({ hours, minutes }) =>
    [hours, minutes].map((each) => `${each}`.padStart(2, '0')).join(':'),
  )
  const window = fc.record({
    days: fc.uniqueArray(fc.constantFrom(...EVERY_DAY), { minLength: 1 }),
    from: clock,
    to: clock,
  })

  it('are those at which a stage may advance', () => {
    const same = fc.property(fc.array(window, { minLength: 1, maxLength: 3 }), (windows) => {
      const locals = EVERY_DAY.flatMap((weekday) =>
        Array.from({ length: 1_440 }, (_, minuteOfDay) => ({ weekday, minuteOfDay })),
      )
      expect(openMinutes(windows)).toEqual(locals.map((local) => isOpen(windows, local)))
    })
    fc.assert(same, { numRuns: 30 })
  })

  it('cost as much as there are windows: each is read once', () => {
    let read = 0
    const watched = {
      days: EVERY_DAY,
      to: '10:00',
      get from() {
        read++
        return '09:00'
      },
    }
    openMinutes(Array.from({ length: 50 }, () => watched))
    expect(read).toBeLessThanOrEqual(50 * EVERY_DAY.length * 2)
  })
})
