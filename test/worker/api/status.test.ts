/** What the status makes of the Controller's numbers, and what metrics make of the status. */
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { statusOf } from '../../../src/api/admin/answers/status.ts'
import { observationHandlers } from '../../../src/api/admin/handlers/observation.ts'
import { createMetricsApi } from '../../../src/api/admin/metrics.ts'
import { Authenticator } from '../../../src/api/auth/authenticator.ts'
import type { ControlState } from '../../../src/core/config/control.ts'
import { type Cell, emptyCell } from '../../../src/core/counters/cell.ts'
import type { ControllerStatus } from '../../../src/durable/controller/reports.ts'
import { createGate } from '../../../src/gate/gate.ts'
import { sha256Hex } from '../../../src/platform/crypto.ts'
import type { Env } from '../../../src/platform/env.ts'
import { takeInternalErrors } from '../../../src/platform/internal-errors.ts'
import { faultsOfAnswer } from '../../support/openapi.ts'
import { DOCUMENT, START_MS } from '../support/parts.ts'

const NOTHING = {
  requests: 0,
  errors: 0,
  errorsByKind: { status: 0, timeout: 0, connect: 0, 'aborted-by-origin': 0, reported: 0 },
  errorRate: null,
  p50Ms: null,
  p95Ms: null,
  p99Ms: null,
  erroredBuckets: 0,
  rescued: 0,
  journeys: 0,
  pairing: { shared: 0, unasked: 0, questions: 0 },
  timings: { count: 0, p50Ms: null, p95Ms: null },
  vitals: {},
}
const KEY = { flag: 'staged', variant: 'on', arm: 'canary' as const, generation: 2, stage: 1 }
const CANARY: Cell = {
  ...emptyCell(KEY),
  requests: 8,
  errors: { status: 1, timeout: 1, connect: 0, 'aborted-by-origin': 0, reported: 0 },
  latency: { 40: 8 },
  erroredBuckets: [3, 9],
  journeys: 5,
  rescued: 1,
  pairing: {
    discordant: [3],
    unpaired: [9],
    unasked: [],
    sharedFailures: 2,
    unaskedFailures: 1,
    questions: 3,
  },
  timings: { 40: 2 },
  vitals: { LCP: { 60: 4 }, CLS: { 30: 4 } },
}
const STATE: ControlState = {
  epoch: 7,
  killed: ['plain'],
  kvKilled: ['listed'],
  flags: { staged: { generation: 2, stage: 1, paused: { atMs: START_MS, reason: 'because' } } },
}
const REPORT: ControllerStatus = {
  state: STATE,
  cells: [
    CANARY,
    { ...CANARY, stage: 0, requests: 2 },
    { ...CANARY, generation: 1, requests: 100 },
    { ...emptyCell({ ...KEY, variant: 'off', arm: 'control' }), requests: 4, latency: { 20: 4 } },
    { ...emptyCell({ ...KEY, variant: 'off', arm: 'other' }), requests: 1 },
  ],
  rollouts: {
    staged: {
      verdict: {
        kind: 'healthy',
        action: 'none',
        trigger: null,
        mayAdvance: true,
        sentence: 'well',
        alert: null,
        evidence: { wealth: 1.5 },
      } as never,
      waitingFor: 'approval',
      needsApproval: true,
      needsOperator: true,
    },
  },
  document: { version: 3, hash: 'h', refused: undefined, killList: [] },
  tag: { version: 0, hash: '', atMs: 0, replaced: [], inKv: true },
  shards: [
    {
      shard: 'AMS',
      epoch: 7,
      seenAtMs: START_MS,
      isolates: [
        {
          isolate: 'i1',
          epoch: 7,
          epochAtMs: 0,
          seenAtMs: START_MS - 59_999,
          usedHash: '',
          documentHash: '',
          killHash: '',
        },
        {
          isolate: 'i2',
          epoch: 6,
          epochAtMs: 0,
          seenAtMs: START_MS - 60_000,
          usedHash: '',
          documentHash: '',
          killHash: '',
        },
      ],
    },
    { shard: 'AMS#1', epoch: 5, seenAtMs: START_MS, isolates: [] },
  ],
  kv: { writtenEpoch: 6, lastError: 'Cannot write state to KV: down' },
  internalErrors: [
    { place: 'kv.write', count: 3, firstAtMs: START_MS, lastAtMs: START_MS + 1, message: 'Error: down' },
  ],
}
const document = {
  ...DOCUMENT,
  flags: {
    ...DOCUMENT.flags,
    listed: DOCUMENT.flags.plain,
    closed: { ...DOCUMENT.flags.plain, enabled: false, rules: [] },
    needy: { ...DOCUMENT.flags.plain, requires: ['closed'] },
    needier: { ...DOCUMENT.flags.plain, requires: ['needy'] },
    lucky: { ...DOCUMENT.flags.plain, requires: ['staged', { flag: 'closed', on: false }] },
  },
}

function startGate(report: () => ControllerStatus = () => REPORT) {
  vi.useFakeTimers({ toFake: ['Date'], now: START_MS })
  onTestFinished(() => void vi.useRealTimers())
  const { live } = createGate({ bundled: document })
  const nothing = async () => undefined
  const controller = {
    status: async () => report(),
    documentText: nothing,
    findToken: nothing,
    note: nothing,
  }
  const CONTROLLER = { idFromName: () => '', get: () => controller }
  return { live, controller, env: { ...env, CONTROLLER } as unknown as Env }
}

const away = () => {
  throw new Error('The object is away')
}

describe('the status', () => {
  it('has each flag with its control, its counts by arm, variant and cell, of its generation', async () => {
    const status = await statusOf(startGate())
    expect(faultsOfAnswer('getStatus', status)).toEqual([])
    const both = { requests: 10, errors: 4, errorRate: 0.4, erroredBuckets: 2, rescued: 2, journeys: 10 }
    const quantiles = { p50Ms: expect.any(Number), p95Ms: expect.any(Number), p99Ms: expect.any(Number) }
    expect(status.flags.staged).toMatchObject({
      state: 'open',
      generation: 2,
      stage: 1,
      percentage: 50,
      rolledBack: null,
      paused: { at: '2026-11-02T12:00:00.000Z', reason: 'because' },
      frozen: null,
      approved: false,
      needsApproval: true,
      needsOperator: true,
      finished: false,
      verdict: { kind: 'healthy' },
      waitingFor: 'approval',
      arms: {
        canary: {
          ...both,
          ...quantiles,
          errorsByKind: { status: 2, timeout: 2, connect: 0 },
          timings: { count: 4, p50Ms: expect.any(Number), p95Ms: expect.any(Number) },
          vitals: { LCP: { count: 8 }, CLS: { count: 8 } },
          pairing: { shared: 4, unasked: 2, questions: 6 },
        },
        control: { requests: 4, errors: 0, errorRate: 0, ...quantiles, timings: { count: 0, p50Ms: null } },
        other: { requests: 1, errorRate: 0, p50Ms: null, p95Ms: null, p99Ms: null },
      },
      variants: { on: both, off: { requests: 5 } },
    })
    const { cells = [], arms } = status.flags.staged ?? {}
    expect(
      cells.map(({ variant, arm, generation, stage, requests }) => [
        variant,
        arm,
        generation,
        stage,
        requests,
      ]),
    ).toEqual([
      ['on', 'canary', 2, 1, 8],
      ['on', 'canary', 2, 0, 2],
      ['on', 'canary', 1, 1, 100],
      ['off', 'control', 2, 1, 4],
      ['off', 'other', 2, 1, 1],
    ])
    // CLS is counted in thousandths, milliseconds have one decimal.
    const { LCP, CLS } = (arms?.canary.vitals ?? {}) as Record<string, { p75: number }>
    expect(CLS?.p75).toBeLessThan(0.1)
    expect((LCP?.p75 ?? 0) * 10 - Math.round((LCP?.p75 ?? 0) * 10)).toBeCloseTo(0, 6)
    expect(arms?.canary.p50Ms).toBe(arms?.canary.p99Ms)
    expect(arms?.canary.p50Ms).toBeGreaterThan(arms?.control.p50Ms ?? Infinity)
  })

  it('has empty counts and no verdict for a flag without traffic', async () => {
    const { flags } = await statusOf(startGate())
    expect(flags.closed).toEqual({
      state: 'disabled',
      generation: 1,
      stage: 0,
      percentage: null,
      rolledBack: null,
      paused: null,
      frozen: null,
      approved: false,
      needsApproval: false,
      needsOperator: false,
      finished: false,
      verdict: null,
      waitingFor: null,
      arms: { canary: NOTHING, control: NOTHING, other: NOTHING },
      variants: { on: NOTHING, off: NOTHING },
      cells: [],
    })
    expect(flags.plain).toMatchObject({ percentage: 10 })
  })

  const stateOf = async (state: Partial<ControlState>, flag = 'staged', enabled = document) => {
    const { flags } = await statusOf(
      startGate(() => ({ ...REPORT, state: { ...STATE, killed: [], ...state } })),
    )
    return [enabled && flags[flag]?.state, flags[flag]?.rolledBack?.reason]
  }
  const control = { generation: 1, stage: 0 }
  const rolledBack = { atMs: START_MS, reason: 'errors' }

  it.each([
    ['open', {}],
    ['killed', { killed: ['staged'] }],
    ['killed', { killed: ['*'] }],
    ['killed', { kvKilled: ['staged'] }],
    ['rolled-back', { flags: { staged: { ...control, rolledBack } } }],
    ['killed', { killed: ['staged'], flags: { staged: { ...control, rolledBack } } }],
  ])('says %s of a flag with %j', async (expected, state) => {
    expect(await stateOf(state)).toEqual([expected, 'flags' in state ? 'errors' : undefined])
  })

  it('names a flag of which another requires what holds for no visitor', async () => {
    const unmet = async (state: Partial<ControlState>) => {
      const { flags } = await statusOf(startGate(() => ({ ...REPORT, state: { ...STATE, ...state } })))
      return ['needy', 'needier', 'lucky'].map((flag) => flags[flag]?.unmet)
    }
    expect(await unmet({})).toEqual(['closed', 'needy', undefined])
    expect(await unmet({ killed: ['staged'] })).toEqual(['closed', 'needy', 'staged'])
    const rolledBackFlags = { staged: { generation: 1, stage: 0, rolledBack } }
    expect(await unmet({ flags: rolledBackFlags })).toEqual(['closed', 'needy', 'staged'])
  })

  it.each([['["staged"]'], ['["*"]']])(
    'says killed where KV lists %s and the Controller has not heard',
    async (list) => {
      await env.GATE.put('kill', list)
      onTestFinished(() => env.GATE.delete('kill'))
      const { flags, kill } = await statusOf(
        startGate(() => ({ ...REPORT, state: { ...STATE, kvKilled: [] } })),
      )
      expect(flags.staged?.state).toBe('killed')
      expect(kill).toEqual({ kv: JSON.parse(list), controller: ['plain'] })
    },
  )

  it('has approval, freeze and end of a rollout', async () => {
    const frozen = { atMs: START_MS, reason: 'errors' }
    const flags = { staged: { ...control, approved: true, finished: true, frozen } }
    const status = await statusOf(startGate(() => ({ ...REPORT, state: { ...STATE, flags } })))
    expect(status.flags.staged).toMatchObject({
      approved: true,
      finished: true,
      frozen: { at: '2026-11-02T12:00:00.000Z', reason: 'errors' },
    })
  })

  it('has the gate: environment, document, kills, isolates by colo, what went wrong', async () => {
    takeInternalErrors()
    const { flags: _, ...status } = await statusOf(startGate())
    expect(status).toMatchObject({
      environment: 'production',
      at: '2026-11-02T12:00:00.000Z',
      controller: 'ok',
      epoch: 7,
      document: {
        source: 'bundled',
        version: 3,
        hash: null,
        checkedAt: '2026-11-02T12:00:00.000Z',
        problems: [],
        refused: [],
        kvError: 'Cannot write state to KV: down',
      },
      kill: { kv: ['listed'], controller: ['plain'] },
      isolates: 1,
      colos: [
        {
          colo: 'AMS',
          epoch: 5,
          isolates: [{ isolate: 'i1', epoch: 7, seenAt: '2026-11-02T11:59:00.001Z' }],
        },
      ],
      // Those of this isolate come on top, in whatever order the tests run.
      internalErrors: expect.arrayContaining([
        {
          place: 'kv.write',
          count: 3,
          firstAt: '2026-11-02T12:00:00.000Z',
          lastAt: '2026-11-02T12:00:00.001Z',
          message: 'Error: down',
        },
      ]),
    })
  })

  it('says what is wrong with a document that KV holds and no isolate uses', async () => {
    await env.GATE.put('config', '{"origins": {}}')
    onTestFinished(() => env.GATE.delete('config'))
    const { document: shown } = await statusOf(startGate())
    expect(shown.problems.length).toBeGreaterThan(0)
    expect(shown).toMatchObject({
      source: 'bundled',
      refused: [
        { key: 'config', hash: expect.any(String), seenAt: expect.any(String), problems: shown.problems },
      ],
    })
  })

  it('is of the wanted flags alone, none for an empty list', async () => {
    expect(Object.keys((await statusOf(startGate(), new Set(['plain', 'nowhere']))).flags)).toEqual(['plain'])
    expect((await statusOf(startGate(), new Set(['']))).flags).toEqual({})
    expect(Object.keys((await statusOf(startGate())).flags)).toEqual(Object.keys(document.flags))
  })

  it('without the Controller is what the isolate knows', async () => {
    takeInternalErrors()
    const gate = startGate(away)
    gate.live.adopt({ ...STATE, epoch: 4 }, START_MS)
    const status = await statusOf(gate)
    expect(status).toMatchObject({
      controller: 'unreachable',
      epoch: 4,
      document: { version: 0, kvError: null },
      isolates: 0,
      colos: [],
      kill: { controller: ['plain'] },
    })
    expect(status.flags.staged).toMatchObject({ stage: 1, verdict: null, needsApproval: false, cells: [] })
    expect(takeInternalErrors()).toMatchObject([{ place: 'api.status', count: 1 }])
  })

  it('takes the document that the Controller tells of, which KV may not show for a minute', async () => {
    const text = JSON.stringify({ ...DOCUMENT, flags: { fresh: DOCUMENT.flags.plain } })
    const tag = { version: 4, hash: await sha256Hex(text), atMs: START_MS, replaced: [], inKv: true }
    const asked: number[] = []
    const gate = startGate(() => ({ ...REPORT, tag }))
    const controller = {
      ...gate.controller,
      documentText: async (version: number) => {
        asked.push(version)
        return text
      },
    }
    expect(Object.keys((await statusOf({ ...gate, controller })).flags)).toEqual(['fresh'])
    expect(asked).toEqual([4])
  })
})

describe('metrics', () => {
  async function scrape(report: () => ControllerStatus, token = 'test-admin-token'): Promise<Response> {
    const { live, env: bindings } = startGate(report)
    const api = createMetricsApi(new Authenticator(), live)
    const headers = { authorization: `Bearer ${token}` }
    return await api.fetch(new Request('https://gate.test/', { headers }), bindings, createExecutionContext())
  }
  const linesOf = async (response: Response) => (await response.text()).trimEnd().split('\n')

  it('are one line per value, with what they are of', async () => {
    const lines = await linesOf(await scrape(() => ({ ...REPORT, cells: [CANARY] })))
    const cell = 'flag="staged",variant="on",arm="canary",generation="2",stage="1"'
    expect(lines).toEqual(
      expect.arrayContaining([
        '# HELP sluice_requests_total Requests decided by a flag',
        '# TYPE sluice_requests_total counter',
        `sluice_requests_total{${cell}} 8`,
        `sluice_errors_total{${cell},kind="status"} 1`,
        `sluice_errors_total{${cell},kind="timeout"} 1`,
        `sluice_errors_total{${cell},kind="connect"} 0`,
        `sluice_paired_failures_total{${cell},proof="shared"} 2`,
        `sluice_paired_failures_total{${cell},proof="unasked"} 1`,
        `sluice_questions_total{${cell}} 3`,
        '# TYPE sluice_latency_seconds summary',
        'sluice_flag_percentage{flag="staged"} 50',
        // Killed: its rule would give 10 %.
        'sluice_flag_percentage{flag="plain"} 0',
        'sluice_flag_generation{flag="staged"} 2',
        'sluice_flag_stage{flag="staged"} 1',
        'sluice_flag_state{flag="staged",state="open"} 1',
        'sluice_flag_state{flag="staged",state="killed"} 0',
        'sluice_flag_state{flag="plain",state="killed"} 1',
        'sluice_flag_state{flag="closed",state="disabled"} 1',
        'sluice_flag_stopped{flag="staged",by="freeze"} 0',
        'sluice_flag_stopped{flag="staged",by="pause"} 1',
        'sluice_flag_judged{flag="staged"} 1',
        'sluice_guard_wealth{flag="staged"} 1.5',
        'sluice_epoch 7',
        'sluice_document_version 3',
        'sluice_document_refused 0',
        'sluice_controller_up 1',
        '# TYPE sluice_internal_errors_total counter',
        'sluice_internal_errors_total{place="kv.write"} 3',
        'sluice_isolates{colo="AMS"} 1',
      ]),
    )
    const { flags } = await statusOf(startGate(() => ({ ...REPORT, cells: [CANARY] })))
    const { p50Ms, p95Ms, p99Ms } = flags.staged?.arms.canary ?? {}
    for (const [quantile, ms] of Object.entries({ 0.5: p50Ms, 0.95: p95Ms, 0.99: p99Ms }))
      expect(lines).toContain(`sluice_latency_seconds{${cell},quantile="${quantile}"} ${(ms ?? 0) / 1_000}`)
    for (const line of lines) {
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="([^"\\]|\\.)*",?)+\})? -?[\d.]+(e[-+]?\d+)?)$/)
    }
    // What is not known has no line.
    expect(lines.some((line) => line.startsWith('sluice_flag_percentage{flag="closed"}'))).toBe(false)
    expect(lines.filter((line) => line.startsWith('sluice_guard_wealth{'))).toHaveLength(1)
  })

  it('tell a frozen flag, which is open, from one that goes on', async () => {
    const frozen = { atMs: START_MS, reason: 'worse' }
    const flags = { staged: { generation: 2, stage: 1, frozen } }
    const lines = await linesOf(await scrape(() => ({ ...REPORT, state: { ...STATE, epoch: 8, flags } })))
    expect(lines).toEqual(
      expect.arrayContaining([
        'sluice_flag_state{flag="staged",state="open"} 1',
        'sluice_flag_stopped{flag="staged",by="freeze"} 1',
        'sluice_flag_stopped{flag="staged",by="pause"} 0',
      ]),
    )
  })

  it('say of a guard of which no test can act that it judges nothing', async () => {
    const { staged } = REPORT.rollouts
    const unjudged = { ...staged, verdict: { ...staged?.verdict, kind: 'unjudged' } }
    const rollouts = { staged: unjudged as ControllerStatus['rollouts'][string] }
    const lines = await linesOf(await scrape(() => ({ ...REPORT, rollouts })))
    expect(lines.filter((line) => line.startsWith('sluice_flag_judged{'))).toEqual([
      'sluice_flag_judged{flag="staged"} 0',
    ])
  })

  it('say that the Controller is away, and that KV holds a document which is not valid', async () => {
    await env.GATE.put('config', '{"origins": {}}')
    onTestFinished(() => env.GATE.delete('config'))
    const lines = await linesOf(await scrape(away))
    expect(lines).toEqual(expect.arrayContaining(['sluice_controller_up 0', 'sluice_document_refused 1']))
  })

  it('escape what a label may not hold', async () => {
    const place = 'a"b\\c\nd'
    const internalErrors = [{ place, count: 1, firstAtMs: 0, lastAtMs: 0, message: '' }]
    const lines = await linesOf(await scrape(() => ({ ...REPORT, internalErrors })))
    expect(lines).toContain('sluice_internal_errors_total{place="a\\"b\\\\c\\nd"} 1')
  })

  it('are for callers with a token, as text of Prometheus that no cache keeps', async () => {
    expect((await scrape(() => REPORT, 'wrong')).status).toBe(401)
    const { headers } = await scrape(() => REPORT)
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(headers.get('cache-control')).toBe('no-store')
  })
})

describe('the stream of the status', () => {
  /** Isolates leave the status when they grow old. */
  const noShards: ControllerStatus = { ...REPORT, shards: [] }

  /** A stream whose waiting takes no time; `seconds` is how long it has waited. */
  async function openStream(isStillAllowed = async () => true, query: { flags?: string } = {}) {
    const world = { report: noShards, seconds: 0, checks: 0 }
    const gate = startGate(() => world.report)
    vi.stubGlobal('scheduler', {
      wait: async (ms: number) => {
        world.seconds += ms / 1_000
        vi.setSystemTime(Date.now() + ms)
      },
    })
    onTestFinished(() => void vi.unstubAllGlobals())
    const allowed = async () => {
      world.checks++
      return await isStillAllowed()
    }
    const response = (await observationHandlers.streamStatus({
      ...gate,
      query,
      isStillAllowed: allowed,
    } as never)) as Response
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const next = async () => {
      const { done, value } = await reader.read()
      return done ? undefined : new TextDecoder().decode(value)
    }
    return { world, response, next, reader }
  }
  it('begins at once, tells each change, and breaks its silence after 15 seconds', async () => {
    const { world, response, next, reader } = await openStream()
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('x-accel-buffering')).toBe('no')
    const first = (await next()) ?? ''
    expect(first).toMatch(/^event: status\ndata: \{.*"at":"2026-.*\}\n\n$/)
    const status = JSON.parse(first.split('data: ')[1] ?? '')
    expect(faultsOfAnswer('getStatus', status)).toEqual([])
    const told: [string, number][] = []
    for (let event = 0; event < 4; event++) {
      if (event === 2) world.report = { ...noShards, state: { ...STATE, epoch: 8 } }
      const text = (await next()) ?? ''
      told.push([text.startsWith('event: status') ? 'status' : text, world.seconds])
    }
    await reader.cancel()
    const silence = ': nothing new\n\n'
    expect(told.map(([text]) => text).filter((text) => text === 'status')).toHaveLength(1)
    expect(told.filter(([text]) => text === silence)).toHaveLength(3)
    const [a = 0, b = 0] = told.filter(([text]) => text === silence).map(([, seconds]) => seconds)
    expect(b - a).toBeGreaterThanOrEqual(15)
    expect(b - a).toBeLessThanOrEqual(16)
  })

  it('ends with the right to read it, which is checked every five seconds', async () => {
    let isAllowed = true
    const { world, next } = await openStream(async () => isAllowed)
    await next()
    while (world.checks < 2) await next()
    isAllowed = false
    const before = world.seconds
    for (let text: string | undefined = ''; text !== undefined; ) text = await next()
    expect(world.seconds - before).toBeLessThanOrEqual(21)
    expect(world.seconds / world.checks).toBeGreaterThan(4)
    expect(world.seconds / world.checks).toBeLessThan(7)
  })

  it('is of the wanted flags', async () => {
    const { next, reader } = await openStream(undefined, { flags: 'plain,staged' })
    const { flags } = JSON.parse((await next())?.split('data: ')[1] ?? '')
    expect(Object.keys(flags)).toEqual(['staged', 'plain'])
    await reader.cancel()
  })
})
