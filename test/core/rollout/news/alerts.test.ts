/** Alerts about the gate's own senses: what is wrong, for how long, and how often it is told. */
import { describe, expect, it } from 'vitest'
import {
  blindnessOf,
  type Cause,
  type Episode,
  followAlerts,
  followingCauses,
  isActive,
  kvCauses,
} from '../../../../src/core/rollout/news/alerts.ts'

const cause: Cause = { event: 'kv-behind', flag: null, text: 'KV' }

/** Told at which of these seconds, where the cause is there between `from` and `to`. */
function tellings(seconds: readonly number[], isThere: (second: number) => boolean) {
  let episodes: Episode[] = []
  return seconds.filter((second) => {
    const look = followAlerts(episodes, isThere(second) ? [cause] : [], second * 1_000)
    episodes = look.episodes
    return look.news.length > 0
  })
}
const every5s = (until: number) => Array.from({ length: until / 5 + 1 }, (_, index) => index * 5)

describe('an alert', () => {
  it('is told once its cause has lasted for a minute, and once however long it lasts', () => {
    expect(tellings(every5s(7_200), () => true)).toEqual([60])
    expect(tellings(every5s(600), (second) => second < 60)).toEqual([])
    expect(tellings(every5s(7_200), (second) => second % 50 < 25)).toEqual([])
  })

  it('is told again only after its cause was gone for ten minutes', () => {
    expect(tellings(every5s(3_000), (second) => second <= 100 || second >= 700)).toEqual([60])
    expect(tellings(every5s(3_000), (second) => second <= 100 || second >= 705)).toEqual([60, 765])
  })

  it('is one for each flag and cause', () => {
    const causes: Cause[] = [
      cause,
      { ...cause, event: 'guard-blind', flag: 'a' },
      { ...cause, event: 'guard-blind', flag: 'b' },
    ]
    const first = followAlerts([], causes, 0)
    expect(followAlerts(first.episodes, causes, 60_000).news.map(({ event, flag }) => [event, flag])).toEqual(
      [
        ['kv-behind', null],
        ['guard-blind', 'a'],
        ['guard-blind', 'b'],
      ],
    )
  })

  it('ends with its flag, and begins anew with a flag that comes back', () => {
    const blind: Cause = { event: 'guard-blind', flag: 'a', text: 'blind' }
    const told: Episode = { ...blind, sinceMs: 0, lastMs: 100_000, toldAtMs: 60_000 }
    const look = (hasFlag: boolean) => followAlerts([told], [], 105_000, () => hasFlag).episodes
    expect([look(true), look(false)]).toEqual([[told], []])
    const back = followAlerts(look(false), [blind], 400_000, () => true)
    expect(back.episodes).toMatchObject([{ sinceMs: 400_000, toldAtMs: undefined }])
  })

  it('is active once told, until a minute after its cause', () => {
    const episode: Episode = { ...cause, sinceMs: 0, lastMs: 100_000, toldAtMs: 60_000 }
    expect(isActive(episode, 159_999)).toBe(true)
    expect(isActive(episode, 160_000)).toBe(false)
    expect(isActive({ ...episode, toldAtMs: undefined }, 100_000)).toBe(false)
  })
})

const SENSES = {
  flag: 'f',
  percentage: 1,
  canaryRequests: 40,
  controlRequests: 4_000,
  uncountedVisitors: 0,
}
const wrong = (senses: Partial<typeof SENSES> & { failure?: string; unjudged?: string }) =>
  blindnessOf({ ...SENSES, ...senses }).map(({ event, text }) => `${event}: ${text}`)

describe('a guard', () => {
  it('that sees both arms is not blind', () => {
    expect(wrong({})).toEqual([])
    expect(wrong({ canaryRequests: 1 })).toEqual([])
  })

  it('is blind where it throws, or no test of it can act', () => {
    expect(wrong({ failure: 'no time zone' })).toEqual([
      'guard-blind: the guard cannot look at it: no time zone',
    ])
    for (const percentage of [1, 100])
      expect(wrong({ unjudged: 'nothing is judged', percentage })).toEqual([
        'guard-blind: nothing is judged; set ceilings or thresholds, or switch the guard off',
      ])
  })

  it('is blind on an arm that chance does not explain', () => {
    expect(wrong({ canaryRequests: 0, controlRequests: 4_949 })).toEqual([])
    expect(wrong({ canaryRequests: 0, controlRequests: 4_950 })).toEqual([
      'guard-blind: control has 4,950 requests at 1 %, the canary none',
    ])
    expect(wrong({ percentage: 50, canaryRequests: 49, controlRequests: 0 })).toEqual([])
    expect(wrong({ percentage: 50, canaryRequests: 50, controlRequests: 0 })).toEqual([
      'guard-blind: the canary has 50 requests at 50 %, control none',
    ])
    expect(wrong({ percentage: 100, canaryRequests: 5_000, controlRequests: 0 })).toEqual([])
    expect(wrong({ percentage: 0, canaryRequests: 0, controlRequests: 5_000 })).toEqual([])
  })

  it('whose visitors are seen, but not counted, misses counts', () => {
    expect(wrong({ uncountedVisitors: 19 })).toEqual([])
    expect(wrong({ uncountedVisitors: 20 })).toEqual([
      'counts-missing: 20 visitors came to its routes in the last ten minutes, and no request was counted',
    ])
  })
})

describe('the gate', () => {
  it('tells of KV that takes no writes, or can not be read', () => {
    const texts = (kv: Parameters<typeof kvCauses>[0]) =>
      kvCauses(kv).map(({ event, text }) => `${event}: ${text}`)
    expect(texts({ error: undefined, readAgeMs: undefined })).toEqual([])
    expect(texts({ error: 'no', readAgeMs: 60_000 })).toEqual([
      expect.stringContaining('does not take what the gate writes'),
    ])
    expect(texts({ error: undefined, readAgeMs: 120_000 })).toEqual([
      'kv-behind: KV has not been read for 2 min: kills and documents written there are not seen',
    ])
  })

  it('tells of isolates that stay behind a minute after a change', () => {
    const isolates = (behind: number) => ({ isolates: { converged: 1, behind, idle: 3 } })
    const texts = (state: number, document: number, ageMs = 60_001) =>
      followingCauses({ ...isolates(state), ageMs }, { ...isolates(document), ageMs }).map(({ text }) => text)
    expect(texts(0, 0)).toEqual([])
    expect(texts(2, 1, 60_000)).toEqual([])
    expect(texts(2, 0, 120_000)).toEqual(['requests are decided in 2 isolates by a state from 2 min ago'])
    expect(texts(1, 1)).toEqual([
      expect.stringMatching(/in 1 isolate by a state from .*, 1 isolate by an older document$/),
    ])
  })
})
