/** Expiry is told some days before, and when it has passed; each notice once, whatever happens in between. */
import { describe, expect, it } from 'vitest'
import { lookAtExpiries, type ToldExpiries } from '../../../../src/core/rollout/news/expiry.ts'

const DAY_MS = 24 * 3_600_000
const END_MS = Date.UTC(2027, 2, 1)

function documentOf(expires: Record<string, string | undefined>, expiryDays = [14, 3]) {
  const flags = Object.fromEntries(
    Object.entries(expires).map(([key, at]) => [key, { expires: at, owner: 'team' }]),
  )
  return { flags, notifications: { webhooks: [], expiryDays } } as never
}

/** Looks at every time in turn; what is told at each. */
function told(daysBefore: readonly number[], expiryDays?: number[]) {
  let before: ToldExpiries = {}
  return daysBefore.map((days) => {
    const look = lookAtExpiries(documentOf({ f: '2027-03-01' }, expiryDays), before, END_MS - days * DAY_MS)
    before = look.told
    return look.news.map(({ event }) => event).join()
  })
}

describe('the expiry of a flag', () => {
  it('is told 14 and 3 days before and when it has passed, once each', () => {
    expect(told([20, 14.001, 14, 13, 3.001, 3, 2, 1, 0.001, 0, -1, -400])).toEqual([
      ...['', '', 'expiring', '', '', 'expiring', '', '', '', 'expired', '', ''],
    ])
  })

  it('is told by the nearest notice alone where several are due', () => {
    expect(told([2, 1, 0])).toEqual(['expiring', '', 'expired'])
    expect(told([-5, -6])).toEqual(['expired', ''])
  })

  it('is told on the days of the document, in any order, or only when it has passed', () => {
    expect(told([30, 29, 7, 1, 0], [7, 30, 7])).toEqual(['expiring', '', 'expiring', '', 'expired'])
    expect(told([30, 1, 0], [])).toEqual(['', '', 'expired'])
  })

  it('starts anew with another date, and is forgotten without one', () => {
    const nowMs = END_MS - DAY_MS
    const first = lookAtExpiries(documentOf({ f: '2027-03-01' }), {}, nowMs)
    expect(first.news[0]?.text).toBe('it expires in 1 day, on 2027-03-01; its owner is team')
    const later = lookAtExpiries(documentOf({ f: '2027-03-04' }), first.told, nowMs)
    expect([later.news, later.told]).toEqual([
      [{ event: 'expiring', flag: 'f', text: 'it expires in 4 days, on 2027-03-04; its owner is team' }],
      { f: { expires: '2027-03-04', days: 14 } },
    ])
    expect(lookAtExpiries(documentOf({ f: undefined }), first.told, nowMs).told).toEqual({})
    expect(lookAtExpiries(documentOf({}), first.told, nowMs)).toEqual({
      news: [],
      told: {},
      nextDueMs: undefined,
    })
  })

  it('says when it needs the next look', () => {
    const dueIn = (daysBefore: number, before: ToldExpiries = {}) => {
      const look = lookAtExpiries(documentOf({ f: '2027-03-01' }), before, END_MS - daysBefore * DAY_MS)
      return look.nextDueMs === undefined ? undefined : (END_MS - look.nextDueMs) / DAY_MS
    }
    expect([dueIn(20), dueIn(14), dueIn(5), dueIn(3), dueIn(1), dueIn(0)]).toEqual([
      14,
      3,
      3,
      0,
      0,
      undefined,
    ])
    const two = lookAtExpiries(documentOf({ f: '2027-03-01', g: '2027-02-20' }), {}, END_MS - 40 * DAY_MS)
    expect(two.nextDueMs).toBe(Date.UTC(2027, 1, 20) - 14 * DAY_MS)
  })
})
