/** Plans, who has arrived, who is told: the rollout around a step. */
import { describe, expect, it } from 'vitest'
import { compileSnapshot } from '../../../src/core/config/compile/snapshot.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { NOTIFICATION_EVENTS } from '../../../src/core/config/schema/rollout.ts'
import { parseTimeMs } from '../../../src/core/flags/date-time.ts'
import { debtOf } from '../../../src/core/flags/debt.ts'
import type { CompiledFlag } from '../../../src/core/flags/flag.ts'
import { resolveGuardSettings } from '../../../src/core/guard/index.ts'
import { convergenceOf, isolatesOf } from '../../../src/core/rollout/convergence.ts'
import {
  type Notification,
  notificationBody,
  retryDelayMs,
} from '../../../src/core/rollout/news/notification.ts'
import { compilePlans, settingsAtStage } from '../../../src/core/rollout/plan.ts'
import { isSettled } from '../../../src/core/rollout/settled.ts'
import { movedShare, startStepBack } from '../../../src/core/rollout/step-back.ts'

const onOff = { variants: { on: 1, off: 0 }, off: 'off' }
function parsed(flags: object, metrics: object = {}) {
  const document = parseDocumentValue({
    origins: { old: { url: 'http://o' } },
    routes: [{ path: '/*', origin: 'old' }],
    flags,
    metrics,
  })
  if (!document.ok) throw new Error(JSON.stringify(document.problems))
  return document.value
}

describe('plans', () => {
  it('are of flags with stages or a guard that is on', () => {
    const plans = compilePlans(
      parsed({
        plain: { ...onOff, rules: [{ percentage: 5, serve: 'on' }] },
        off: { ...onOff, guard: { enabled: false } },
        guarded: { ...onOff, guard: {} },
        staged: {
          ...onOff,
          rules: [
            { serve: 'on', when: [{ attribute: 'a', op: 'exists' }] },
            {
              serve: 'on',
              stages: [
                { percentage: 5, bake: '1m', maxBake: '2m', approval: true, advance: 'manual' },
                { percentage: 10 },
              ],
            },
          ],
        },
      }),
    )
    expect([...plans.keys()]).toEqual(['guarded', 'staged'])
    expect(plans.get('staged')).toEqual({
      flag: 'staged',
      stages: [
        { percentage: 5, bakeMs: 60_000, maxBakeMs: 120_000, approval: true, advance: 'manual' },
        { percentage: 10, bakeMs: 600_000, maxBakeMs: null, approval: false, advance: 'auto' },
      ],
      windows: [],
      timezone: 'UTC',
      guard: undefined,
    })
  })

  it('have the guard’s settings; bake times are the stage’s', () => {
    const guard = {
      alpha: 0.1,
      action: 'freeze' as const,
      latency: { rho: 2 },
      ceilings: { errorRate: 0.5, minRequests: 7 },
      thresholds: { errors: 5 },
      traffic: { maxDropPercent: 9 },
    }
    const settings = compilePlans(parsed({ f: { ...onOff, guard } })).get('f')?.guard
    expect(settings).toEqual(resolveGuardSettings({ ...guard, errors: false, clientErrors: false }))
    const base = resolveGuardSettings()
    expect(settingsAtStage(base, undefined)).toBe(base)
    const stage = { percentage: 5, bakeMs: 1, maxBakeMs: 2, approval: false, advance: 'auto' as const }
    expect(settingsAtStage(base, stage)).toEqual({ ...base, bakeMs: 1, maxBakeMs: 2 })
  })
})

it('a guard of metrics judges them by control, or by the variants that a rule deals', () => {
  const judgedBy = (rule: object, guard: object = { metrics: { order: { maxDropPercent: 5 } } }) => {
    const flags = { f: { ...onOff, rules: [rule], guard } }
    return compilePlans(parsed(flags, { order: {} })).get('f')?.guard?.metrics
  }
  expect([
    judgedBy({ serve: 'on', percentage: 5 }),
    judgedBy({ serve: { on: 50, off: 50 } }),
    judgedBy({ serve: 'on' }),
    judgedBy({ serve: 'on', percentage: 5 }, {}),
  ]).toEqual(['arms', 'variants', undefined, undefined])
})

describe('a flag is settled', () => {
  const isSettledAt = (flag: object, control = { generation: 1, stage: 0 }) =>
    isSettled(compileSnapshot(parsed({ f: { ...onOff, ...flag } })).flags.get('f') as CompiledFlag, control)
  const stages = [{ percentage: 50 }, { percentage: 100 }]

  it('once everyone gets the same', () => {
    expect([
      isSettledAt({}),
      isSettledAt({ enabled: false, rules: [{ percentage: 5, serve: 'on' }] }),
      isSettledAt({ rules: [{ serve: 'on' }] }),
      isSettledAt({ rules: [{ percentage: 100, serve: 'on' }] }),
      isSettledAt({ rules: [{ stages, serve: 'on' }] }, { generation: 1, stage: 1 }),
      isSettledAt({ rules: [{ stages, serve: 'on' }], guard: {} }, {
        generation: 1,
        stage: 1,
        finished: true,
      } as never),
    ]).toEqual([true, true, true, true, true, true])
    expect([
      isSettledAt({ rules: [{ percentage: 99.999, serve: 'on' }] }),
      isSettledAt({ rules: [{ serve: { on: 50, off: 50 } }] }),
      isSettledAt({ rules: [{ when: [{ attribute: 'a', op: 'exists' }], serve: 'on' }] }),
      isSettledAt({ rules: [{ stages, serve: 'on' }] }),
      isSettledAt({ rules: [{ stages, serve: 'on' }], guard: {} }, { generation: 1, stage: 1 }),
    ]).toEqual([false, false, false, false, false])
  })
})

describe('convergence', () => {
  const NOW_MS = 1_000_000
  const isolate = (name: string, epoch: number, agoMs: number, epochAtMs = 0) => ({
    isolate: name,
    epoch,
    epochAtMs,
    seenAtMs: NOW_MS - agoMs,
    usedHash: '',
    documentHash: '',
    killHash: '',
  })

  it('counts an isolate of several shards once, where it was seen last, colo by colo', () => {
    const shards = [
      { shard: 'FRA', isolates: [isolate('a', 1, 500), isolate('b', 2, 10, 900)] },
      { shard: 'FRA#1', isolates: [isolate('a', 2, 100, 700), isolate('b', 1, 900)] },
      { shard: 'OTP', isolates: [isolate('a', 1, 0), isolate('gone', 1, 60_000)] },
      { shard: 'LHR', isolates: [isolate('gone', 1, 60_000)] },
    ]
    expect(isolatesOf(shards.slice(0, 2)).map(({ isolate: name, epoch }) => [name, epoch])).toEqual([
      ['a', 2],
      ['b', 2],
    ])
    expect(convergenceOf(2, 500, shards, NOW_MS)).toEqual({
      converged: false,
      slowestMs: 400,
      isolates: { converged: 2, behind: 1, idle: 0 },
      colos: [
        { colo: 'FRA', converged: 2, behind: 0, idle: 0, slowestMs: 400 },
        { colo: 'OTP', converged: 0, behind: 1, idle: 0, slowestMs: null },
      ],
    })
  })

  it('takes an isolate for idle once it missed its interval and four seconds', () => {
    const idle = (agoMs: number, more = 0) => {
      const others = Array.from({ length: more }, (_, n) => isolate(`o${n}`, 2, 0))
      return convergenceOf(2, 0, [{ shard: 'FRA', isolates: [isolate('a', 1, agoMs), ...others] }], NOW_MS)
        .isolates
    }
    expect([idle(5_000), idle(5_001)].map(({ idle: count, behind }) => [count, behind])).toEqual([
      [0, 1],
      [1, 0],
    ])
    // Of four isolates each flushes every 1.8 seconds.
    expect([idle(5_800, 3).idle, idle(5_801, 3).idle]).toEqual([0, 1])
    const late = (agoMs: number) =>
      convergenceOf(2, 0, [{ shard: 'FRA', isolates: [isolate('a', 1, agoMs)] }], NOW_MS, 10_000).isolates
        .idle
    expect([late(15_000), late(15_001)]).toEqual([0, 1])
    expect([idle(59_999).idle, idle(60_000).idle]).toEqual([1, 0])
  })
})

describe('a notification', () => {
  const note: Notification = {
    id: '1',
    event: 'advance',
    flag: 'f<&>',
    at: 'now',
    environment: 'a>b',
    actor: '<!channel>',
    reason: 'x & y',
    generation: 1,
    stage: 0,
    percentage: 12.5,
    from: null,
    to: null,
    changes: [],
    evidence: { a: 1 },
  }

  it('is JSON, or a chat’s text in which nothing is markup', () => {
    expect(JSON.parse(notificationBody(note, 'json'))).toEqual(note)
    expect(JSON.parse(notificationBody(note, 'slack'))).toEqual({
      text: '`f&lt;&amp;&gt;` climbs at 12.5 % (`a&gt;b`): `x &amp; y` — `&lt;!channel&gt;`',
      unfurl_links: false,
      unfurl_media: false,
    })
    const text = (event: Notification['event']) =>
      JSON.parse(
        notificationBody(
          { ...note, event, flag: '*', environment: 'e', actor: 'a', reason: 'r', percentage: null },
          'slack',
        ),
      ).text
    expect(NOTIFICATION_EVENTS.map(text)).toEqual([
      'Every flag climbs (`e`): `r` — `a`',
      'Every flag is held (`e`): `r` — `a`',
      'Every flag was rolled back (`e`): `r` — `a`',
      'Every flag was resumed (`e`): `r` — `a`',
      'Every flag was killed (`e`): `r` — `a`',
      'Every flag is no longer killed (`e`): `r` — `a`',
      'Every flag is frozen (`e`): `r` — `a`',
      'Every flag has a metric that is worse (`e`): `r` — `a`',
      'Every flag waits for approval (`e`): `r` — `a`',
      'Every flag was paused (`e`): `r` — `a`',
      'Every flag is finished (`e`): `r` — `a`',
      'Every flag is no longer judged (`e`): `r` — `a`',
      'Every flag goes back down (`e`): `r` — `a`',
      'The document was published (`e`): `r` — `a`',
      'Every flag was enabled (`e`): `r` — `a`',
      'Every flag was disabled (`e`): `r` — `a`',
      'Every flag has another percentage (`e`): `r` — `a`',
      'Every flag has another guard (`e`): `r` — `a`',
      'The document in KV was refused (`e`): `r` — `a`',
      'Every flag has a kill list in KV that names no flag (`e`): `r` — `a`',
      'Every flag expires soon (`e`): `r` — `a`',
      'Every flag has expired (`e`): `r` — `a`',
      'Every flag has a guard that sees nothing (`e`): `r` — `a`',
      'Every flag has visitors, but no counts (`e`): `r` — `a`',
      'Every flag has a KV that is behind (`e`): `r` — `a`',
      'Every flag has isolates that do not follow (`e`): `r` — `a`',
    ])
  })

  it('says from what to what, and what a document changes, a line each', () => {
    const text = (more: Partial<Notification>) =>
      JSON.parse(notificationBody({ ...note, flag: 'f', actor: 'a', environment: 'e', ...more }, 'slack'))
        .text
    expect([
      text({ from: 5, to: 25, percentage: 25 }),
      text({ from: 25, to: 25, percentage: 25 }),
      text({ event: 'publish', from: 3, to: 4, flag: null, changes: ['a: disabled', 'flag <b> added'] }),
      text({ event: 'enable', from: false, to: true, percentage: null }),
      text({ event: 'kv-behind', flag: null, percentage: null }),
    ]).toEqual([
      '`f` climbs, 5 % → 25 % (`e`): `x &amp; y` — `a`',
      '`f` climbs at 25 % (`e`): `x &amp; y` — `a`',
      'The document was published as version 4 (`e`): `x &amp; y` — `a`\n• `a: disabled`\n• `flag &lt;b&gt; added`',
      '`f` was enabled (`e`): `x &amp; y` — `a`',
      'The gate has a KV that is behind (`e`): `x &amp; y` — `a`',
    ])
  })

  it('is tried again with growing delays, for about a day', () => {
    expect([0, 1, 2, 3, 9, 10, 299, 300].map(retryDelayMs)).toEqual([
      1_000,
      1_000,
      2_000,
      4_000,
      256_000,
      300_000,
      300_000,
      undefined,
    ])
  })
})

describe('a gradual rollback', () => {
  it('steps once per half second, unless control’s latency climbs beyond half as much again and 10 ms', () => {
    const step = (baselineMs: number | undefined, controlMs: number | undefined) => {
      const stepBack = startStepBack(0, baselineMs, 100)
      const share = (nowMs: number) => movedShare(stepBack, { nowMs, withinMs: 1_000_000, controlMs })
      return [share(599), share(600), share(1_099), share(1_100)]
    }
    expect(step(100, 150)).toEqual([0.25, 0.5, 0.5, 0.75])
    expect(step(100, 150.1)[1]).toBeCloseTo(0.25, 2)
    expect(step(4, 14)).toEqual([0.25, 0.5, 0.5, 0.75])
    expect(step(4, 14.1)[1]).toBe(0.25)
    expect(step(undefined, 10)[1]).toBe(0.5)
    expect(step(undefined, 11)[1]).toBe(0.25)
    expect(step(5, undefined)[1]).toBe(0.5)
  })

  it('is over after the time that it may take', () => {
    const moved = (nowMs: number) =>
      movedShare(startStepBack(1_000, 1, 1_000), { nowMs, withinMs: 4_000, controlMs: 999 })
    expect([500, 1_000, 3_000, 4_999, 5_000, 9_000].map(moved)).toEqual([0.25, 0.25, 0.5, 0.99975, 1, 1])
  })
})

describe('a flag’s debt', () => {
  const DAY_MS = 86_400_000
  const NOW_MS = 100 * DAY_MS
  const facts = {
    owner: 'me',
    expiresMs: undefined,
    settledSinceMs: undefined,
    lastSeenMs: undefined,
    knownSinceMs: 0,
  }
  const kinds = (parts: object) =>
    debtOf({ ...facts, ...parts }, NOW_MS).map(({ kind, text }) => `${kind}: ${text}`)

  it('comes with its day, not before', () => {
    expect(kinds({})).toEqual([])
    expect([kinds({ expiresMs: NOW_MS + 1 }), kinds({ expiresMs: NOW_MS })]).toEqual([
      [],
      ['expired: should have been gone by 1970-04-11'],
    ])
    const settled = (days: number, ms = 0) => kinds({ settledSinceMs: NOW_MS - days * DAY_MS + ms })
    expect([settled(14, 1), settled(14)]).toEqual([
      [],
      ['finished: everybody has got the same since 1970-03-28'],
    ])
    const seen = (days: number, ms = 0) => kinds({ lastSeenMs: NOW_MS - days * DAY_MS + ms })
    expect([seen(30, 1), seen(30)]).toEqual([[], ['unused: was last evaluated on 1970-03-12']])
    expect(kinds({ lastSeenMs: null })).toEqual(['unused: has never been evaluated'])
    expect(kinds({ lastSeenMs: null, knownSinceMs: NOW_MS - 1 })).toEqual([])
    expect(kinds({ owner: undefined, expiresMs: 0 })).toEqual([
      'expired: should have been gone by 1970-01-01',
      'ownerless: has no owner to ask',
    ])
  })

  it('is by dates that mean the same everywhere', () => {
    const times = [
      '2026-12-01',
      '2026-12-01T00:00',
      '2026-12-01T00:00:00Z',
      '2026-12-01T02:00:00.000+02:00',
    ].map(parseTimeMs)
    expect(times).toEqual(times.map(() => 1_796_083_200_000))
    for (const text of [
      '2026-02-29',
      '2026-13-01',
      '2026-1-1',
      'x2026-12-01',
      '2026-12-01T',
      '2026-12-01T00',
      '2026-04-31',
      '',
    ])
      expect(parseTimeMs(text), text).toBeNaN()
    expect(parseTimeMs('2028-02-29')).toBe(Date.UTC(2028, 1, 29))
  })
})
