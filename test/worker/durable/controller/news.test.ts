/** What people are told although no one commanded anything: once each, by webhook, audit log and status alike. */
import { expect, it } from 'vitest'
import { INITIAL_FLAG_CONTROL } from '../../../../src/core/config/control.ts'
import type { GateDocument } from '../../../../src/core/config/schema/document.ts'
import { emptyCell } from '../../../../src/core/counters/cell.ts'
import type { DecisionSample } from '../../../../src/core/decision/sample.ts'
import { NOTED, type Noted } from '../../../../src/core/rollout/audit.ts'
import { compareAnswers } from '../../../../src/core/shadow/compare.ts'
import { readAnswer } from '../../../../src/core/shadow/read-answer.ts'
import { Watch } from '../../../../src/durable/controller/news/watch.ts'
import type { TextStore } from '../../../../src/durable/storage/text-store.ts'
import { visits } from '../../support/metric-visitors.ts'
import {
  CAUSE,
  DOCUMENT,
  fakeClock,
  judgedCell,
  makeParts,
  type Parts,
  START_MS,
} from '../../support/parts.ts'
import { withStorage } from '../../support/storage.ts'

type World = Parts & {
  clock: ReturnType<typeof fakeClock>
  storage: DurableObjectStorage
  look(): Promise<void>
}

const onOff = { variants: { on: true, off: false }, off: 'off' }
const stages = (approval: boolean) => [{ percentage: 5, bake: '0s', approval }, { percentage: 50 }]
const ROUTED = {
  ...DOCUMENT,
  routes: [{ path: '/*', flag: 'judged', origins: { on: 'old', off: 'old' } }],
  flags: { judged: { ...onOff, rules: [{ serve: 'on', percentage: 5 }], guard: { errors: {} } } },
  notifications: { webhooks: [{ url: 'http://hook.test/' }] },
}
const SIGNAL = { errors: {}, metrics: { order: { maxDropPercent: 5, action: 'signal' } } }
const withFlag = (flag: object) => ({ ...ROUTED, flags: { judged: { ...ROUTED.flags.judged, ...flag } } })
const visitor = (n: number): DecisionSample => ({
  visitor: `v${n}`,
  atMs: Date.now(),
  ...{ host: 'a.test', path: '/', method: 'GET', positions: {}, attributes: {}, hashed: {}, held: {} },
})

/** Publishes a document and looks at it, as a tick does. */
async function withGate(document: object, work: (world: World) => Promise<void>) {
  const clock = fakeClock()
  await withStorage(async (storage) => {
    const parts = makeParts(storage)
    const text = JSON.stringify(document)
    const options = { expectedVersion: undefined, confirm: true, actor: 'Ada', reason: 'because' }
    await parts.changes.publishDocument({ kind: 'text', text }, options)
    const look = async () => {
      await parts.rollouts.run(parts.documents.current, Date.now())
      await parts.metrics.run(parts.documents.current, Date.now())
      parts.watch.look(Date.now())
    }
    await work({ ...parts, clock, storage, look })
  })
}

const messagesOf = ({ storage }: Pick<World, 'storage'>) =>
  storage.sql
    .exec<{ body: string }>('SELECT body FROM messages ORDER BY id')
    .toArray()
    .map(({ body }) => JSON.parse(body) as { event: string; flag: string | null; reason: string })

/** What is wrong in a gate, and the flag that it is about. */
const SCENES: Record<Noted, { document: object; flag: string | null; breaks(world: World): Promise<void> }> =
  {
    expiring: { document: withFlag({ expires: '2026-11-05' }), flag: 'judged', breaks: async () => {} },
    expired: { document: withFlag({ expires: '2026-11-02' }), flag: 'judged', breaks: async () => {} },
    'guard-blind': {
      document: ROUTED,
      flag: 'judged',
      breaks: async ({ cells, control }) => {
        const { generation = 1, stage = 0 } = control.state.flags.judged ?? {}
        const arm = { flag: 'judged', variant: 'off', arm: 'control' as const, generation, stage }
        cells.add([{ ...emptyCell(arm), requests: 2_000 }])
      },
    },
    'counts-missing': {
      document: ROUTED,
      flag: 'judged',
      breaks: async ({ samples, clock }) => {
        await clock.advance(120_000)
        samples.add(
          Array.from({ length: 30 }, (_, n) => visitor(n)),
          Date.now(),
        )
      },
    },
    'kv-behind': {
      document: ROUTED,
      flag: null,
      breaks: async ({ fakeKv, changes, kv, clock }) => {
        fakeKv.mode = 'fails'
        kv.mark('state')
        await clock.advance(2_000)
        await changes.writeKv(Date.now())
      },
    },
    'isolates-behind': {
      document: ROUTED,
      flag: null,
      breaks: async ({ changes, shards, clock }) => {
        await changes.command({ kind: 'pause', flag: 'judged' }, CAUSE)
        await clock.advance(61_000)
        const seen = { usedHash: '', documentHash: '', killHash: '', epochAtMs: 0, epoch: 0 }
        for (let second = 0; second < 90; second++) {
          const isolates = [{ isolate: 'old', seenAtMs: Date.now() + second * 1_000, ...seen }]
          shards.take(
            { seq: second + 1, shard: 'AAA', epoch: 0, cells: [], isolates, documentVersion: 0, samples: [] },
            Date.now(),
          )
        }
      },
    },
    metric: {
      document: {
        ...withFlag({ rules: [{ serve: 'on', percentage: 50 }], guard: SIGNAL }),
        metrics: { order: {} },
      },
      flag: 'judged',
      breaks: async ({ metricBooks, control, clock }) => {
        const { generation = 1, stage = 0 } = control.state.flags.judged ?? {}
        const crowds = { off: { visitors: 4_000, converted: 800 }, on: { visitors: 4_000, converted: 300 } }
        const chunk = visits({ flag: 'judged', generation, stage }, crowds)
        metricBooks.take({ shard: 'OTP', metrics: [chunk] }, Date.now())
        await clock.advance(10_000)
      },
    },
    hold: {
      document: withFlag({ rules: [{ serve: 'on', stages: stages(false) }] }),
      flag: 'judged',
      breaks: async ({ fakeKv, kvReader, changes, clock }) => {
        const when = [{ attribute: 'country', op: 'in', values: ['RO'] }]
        const next = withFlag({ rules: [{ serve: 'on', when, stages: stages(false) }] })
        fakeKv.values.set('config', JSON.stringify(next))
        await clock.advance(2_000)
        kvReader.suspect()
        await changes.noticeKv(Date.now())
      },
    },
    'approval-needed': {
      document: withFlag({
        rules: [{ serve: 'on', stages: stages(true) }],
        guard: { errors: {}, advance: 'time' },
      }),
      flag: 'judged',
      breaks: async ({ cells, clock }) => {
        const counted = (arm: 'canary' | 'control', requests: number) => ({
          ...judgedCell(arm),
          requests,
          latency: { 40: requests },
        })
        await clock.advance(1_000)
        cells.add([counted('canary', 50), counted('control', 950)])
      },
    },
  }

it.each([...NOTED])('%s is told once: as a message, and on record', async (event) => {
  const { document, flag, breaks } = SCENES[event]
  await withGate(document, async (world) => {
    await breaks(world)
    const had = messagesOf(world).filter((message) => message.event !== event).length
    for (let look = 0; look < 30; look++) {
      await world.look()
      await world.clock.advance(5_000)
    }
    const messages = messagesOf(world).filter((message) => message.event === event)
    expect(messages).toMatchObject([{ event, flag, reason: expect.stringMatching(/\w/) }])
    expect(messagesOf(world)).toHaveLength(had + 1)
    const records = world.records().filter(({ action }) => action === event)
    expect(records).toMatchObject([
      { actor: expect.stringMatching(/^(gate|guard)$/), reason: messages[0]?.reason },
    ])
    expect(records[0]?.flag).toBe(flag ?? undefined)
  })
})

it('what was told is not told again after a restart, nor where the document is published again', () =>
  withGate(withFlag({ expires: '2026-11-05' }), async (world) => {
    await world.look()
    const restarted = makeParts(world.storage)
    restarted.watch.look(Date.now())
    expect(messagesOf(world).map(({ event }) => event)).toEqual(['publish', 'expiring'])
    await world.clock.advance(2_000)
    const text = JSON.stringify(withFlag({ expires: '2026-11-05', owner: 'team' }))
    const options = { expectedVersion: undefined, confirm: true, actor: 'Ada', reason: 'because' }
    await restarted.changes.publishDocument({ kind: 'text', text }, options)
    restarted.watch.look(Date.now())
    expect(messagesOf(world).map(({ event }) => event)).toEqual(['publish', 'expiring', 'publish'])
  }))

it('a flag that expires wakes the gate in time; the built-in document wakes no one', () =>
  withGate(withFlag({ expires: '2026-12-24' }), async (world) => {
    await world.look()
    expect(world.watch.nextDueMs).toBe(Date.UTC(2026, 11, 10))
    expect(START_MS).toBeLessThan(Date.UTC(2026, 11, 10))
    await withStorage(async (storage) => {
      const fresh = makeParts(storage, { document: withFlag({ expires: '2026-11-05' }) })
      fresh.watch.look(Date.now())
      expect([fresh.watch.nextDueMs, fresh.records()]).toEqual([undefined, []])
    })
  }))

it('what is wrong is looked for every five seconds, also where the clock goes back', () => {
  const looked: number[] = []
  const watch = new Watch({ getJson: () => undefined, putJson: () => {} } as unknown as TextStore, {
    document: () => ({ version: 0, document: {} as GateDocument }),
    causes: (nowMs) => {
      looked.push(nowMs)
      return []
    },
    tell: () => {},
  })
  for (const nowMs of [START_MS, START_MS + 4_999, START_MS + 5_000, START_MS + 1, START_MS])
    watch.look(nowMs)
  expect(looked.map((atMs) => atMs - START_MS)).toEqual([0, 5_000, 0])
})

it('an alert is part of the status while its cause lasts', () =>
  withGate(ROUTED, async (world) => {
    await SCENES['kv-behind'].breaks(world)
    for (let look = 0; look < 15; look++) {
      await world.look()
      await world.clock.advance(5_000)
    }
    expect(world.watch.active(Date.now())).toMatchObject([{ event: 'kv-behind', flag: null }])
    world.fakeKv.mode = 'works'
    await world.changes.writeKv(Date.now())
    for (let look = 0; look < 15; look++) {
      await world.look()
      await world.clock.advance(5_000)
    }
    expect(world.watch.active(Date.now())).toEqual([])
  }))

it('a document is told by what it changes, with what it does to rollouts', () =>
  withGate(withFlag({ rules: [{ serve: 'on', stages: stages(false) }] }), async (world) => {
    const publish = async (document: object) => {
      await world.clock.advance(2_000)
      const options = { expectedVersion: undefined, confirm: true, actor: 'Ada', reason: 'because' }
      await world.changes.publishDocument({ kind: 'text', text: JSON.stringify(document) }, options)
    }
    const when = [{ attribute: 'country', op: 'in', values: ['RO'] }]
    await publish(withFlag({ rules: [{ serve: 'on', when, stages: stages(false) }] }))
    await publish(withFlag({ rules: [{ serve: 'on', when, stages: stages(false) }], enabled: false }))
    await world.changes.command({ kind: 'stage', flag: 'judged', stage: 1 }, CAUSE)
    await world.changes.command({ kind: 'stage', flag: 'judged', stage: 0 }, CAUSE)
    world.fakeKv.values.set('config', '{')
    world.kvReader.suspect()
    await world.clock.advance(2_000)
    await world.changes.noticeKv(Date.now())
    expect(messagesOf(world)).toMatchObject([
      { event: 'publish', flag: null, from: 0, to: 1 },
      {
        event: 'publish',
        flag: 'judged',
        from: 1,
        to: 2,
        changes: [
          'judged: rule 1: conditions none → country in RO',
          'judged: The document changes what it compares: generation 2 begins at 5 %',
        ],
      },
      { event: 'disable', flag: 'judged', from: true, to: false, changes: ['judged: disabled'] },
      { event: 'advance', flag: 'judged', from: 5, to: 50 },
      { event: 'stage-down', flag: 'judged', from: 50, to: 5 },
      { event: 'document-refused', flag: null, reason: 'A document with 1 problem was written to KV' },
    ])
    const found = world.audit.latest({ limit: 9, flag: 'judged' }).map(({ action }) => action)
    expect(found).toEqual([
      'stage',
      'stage',
      'document-published',
      'rollout-changed',
      'document-published',
      'document-published',
    ])
  }))

it('an attempt that ends leaves its outcome: by whom, when, shares, errors, latency, verdict; and takes a note', () =>
  withGate(withFlag({ rules: [{ serve: 'on', stages: stages(false) }] }), async (world) => {
    const { changes, cells, attempts, failures, clock } = world
    const counted = (arm: 'canary' | 'control', generation: number, requests: number) => ({
      ...judgedCell(arm, generation),
      requests,
      errors: {
        ...judgedCell(arm).errors,
        status: arm === 'canary' ? 5 : 0,
      },
      latency: { 40: requests },
    })
    cells.add([counted('canary', 1, 50), counted('control', 1, 950), counted('canary', 2, 7)])
    await world.look()
    await clock.advance(60_000)
    expect(attempts.latest({ limit: 9 })).toEqual([])
    const seen = { statuses: '500', paths: 'GET /pay', colos: 'OTP', countries: 'RO', browsers: 'Firefox' }
    const failed = { variant: 'on', arm: 'canary', as: 'failed', atMs: START_MS, seen } as const
    failures.add([{ flag: 'judged', generation: 1, ...failed }], () => 1)
    await changes.command({ kind: 'kill', flag: 'judged' }, CAUSE)
    await changes.command({ kind: 'rollback', flag: 'judged' }, CAUSE)
    const [outcome] = attempts.latest({ limit: 9 })
    expect(outcome).toMatchObject({
      ...{ flag: 'judged', generation: 1, ending: 'rolled-back', actor: 'Ada', reason: 'because' },
      ...{ startedAtMs: START_MS, endedAtMs: START_MS + 60_000, percentage: 5, stage: 0, note: null },
      canary: { requests: 50, errors: 5, errorRate: 0.1, p95Ms: expect.any(Number) },
      control: { requests: 950, errors: 0, errorRate: 0 },
      verdict: expect.stringMatching(/\w/),
      failures: [{ sampled: 1, paths: [{ value: 'GET /pay', count: 1 }] }],
    })
    // Resuming is another attempt, which a stage, a finish and a rollback after it end once more.
    await clock.advance(1_000)
    await changes.command({ kind: 'resume', flag: 'judged' }, CAUSE)
    await changes.command({ kind: 'stage', flag: 'judged', stage: 1 }, CAUSE)
    await changes.command({ kind: 'finish', flag: 'judged' }, CAUSE)
    await changes.command({ kind: 'rollback', flag: 'judged' }, CAUSE)
    await changes.command({ kind: 'resume', flag: 'judged' }, CAUSE)
    await changes.command({ kind: 'freeze', flag: 'judged' }, CAUSE)
    await changes.command({ kind: 'resume', flag: 'judged' }, CAUSE)
    const endings = () =>
      attempts.latest({ limit: 9, flag: 'judged' }).map(({ generation, ending }) => `${generation} ${ending}`)
    expect(endings()).toEqual(['3 replaced', '2 rolled-back', '2 finished', '1 rolled-back'])
    expect(attempts.latest({ limit: 9 })[1]).toMatchObject({ startedAtMs: START_MS + 61_000, failures: [] })
    const when = [{ attribute: 'country', op: 'in', values: ['RO'] }]
    const text = JSON.stringify(withFlag({ rules: [{ serve: 'on', when, stages: stages(false) }] }))
    await clock.advance(2_000)
    const options = { expectedVersion: undefined, confirm: true, actor: 'Eve', reason: 'only Romania' }
    await changes.publishDocument({ kind: 'text', text }, options)
    expect(attempts.latest({ limit: 1 })).toMatchObject([{ ending: 'replaced', generation: 4, actor: 'Eve' }])

    const note = { text: 'cold cache', actor: 'Eve', atMs: START_MS }
    expect(attempts.note(outcome?.id ?? 0, note)).toMatchObject({ generation: 1, note: null })
    expect(makeParts(world.storage).attempts.latest({ limit: 9 }).at(-1)).toMatchObject({
      generation: 1,
      note,
    })
    expect(attempts.note(outcome?.id ?? 0, { ...note, text: '' })).toMatchObject({ note })
    expect(attempts.latest({ limit: 9 }).at(-1)).toMatchObject({ note: null })
    expect(attempts.note(999, note)).toBeUndefined()
    expect(attempts.latest({ limit: 9, flag: 'other' })).toEqual([])
  }))

it('an attempt that a document ends leaves its outcome, with the share that it had', () =>
  withGate(withFlag({ rules: [{ serve: 'on', stages: stages(false) }] }), async (world) => {
    const { changes, attempts, cells } = world
    const options = { expectedVersion: undefined, confirm: true, actor: 'Eve', reason: 'tidied up' }
    const publish = async (document: object) =>
      expect(
        await changes.publishDocument({ kind: 'text', text: JSON.stringify(document) }, options),
      ).toMatchObject({ ok: true })
    const latest = () =>
      attempts.latest({ limit: 9 }).map(({ ending, percentage }) => `${ending} ${percentage}`)
    await world.look()
    const ofCanary = { flag: 'judged', variant: 'on', arm: 'canary', generation: 1, stage: 0 } as const
    cells.add([{ ...emptyCell(ofCanary), requests: 50 }])
    const when = [{ attribute: 'country', op: 'in', values: ['RO'] }]
    await publish(withFlag({ rules: [{ serve: 'on', when, stages: stages(false) }] }))
    expect(latest()).toEqual(['replaced 5'])
    // Serving everybody without a guard is no rollout; it is one again, and goes with its flag.
    await publish(withFlag({ rules: [{ serve: 'on', when }], guard: undefined }))
    expect(latest()).toEqual(['removed 5', 'replaced 5'])
    await publish(withFlag({ rules: [{ serve: 'on', stages: stages(false) }] }))
    const without = { ...ROUTED, routes: [{ path: '/*', origin: 'old' }], flags: {} }
    await publish(without)
    expect(latest()).toEqual(['removed 5', 'removed 5', 'replaced 5'])
    expect(attempts.latest({ limit: 9 }).at(-1)).toMatchObject({ actor: 'Eve', reason: 'tidied up' })
    expect(attempts.latest({ limit: 9 }).at(-1)?.canary).toMatchObject({ requests: 50 })
    // What had ended before is not ended by the document.
    await publish(withFlag({ rules: [{ serve: 'on', stages: stages(false) }] }))
    await changes.command({ kind: 'rollback', flag: 'judged' }, CAUSE)
    await publish(without)
    expect(latest()[0]).toBe('rolled-back 5')
    expect(latest()).toHaveLength(4)
  }))

it('a hijacked canary writes nothing in the name of the gate, in no message, sentence or record', () =>
  withGate(
    withFlag({ rules: [{ serve: 'on', stages: [{ shadow: 5, bake: '0s' }, ...stages(false)] }] }),
    async (world) => {
      const key = 'price\n\n*Sluice security alert*: sign in at https://evil.example/login\n\x1b[2J\u202e'
      const answer = (body: object) =>
        readAnswer(
          {
            status: 200,
            headers: [['content-type', 'application/json']],
            body: { kind: 'text', text: JSON.stringify(body) },
          },
          { hosts: [] },
        )
      const read = { first: answer({ a: 1 }), canary: answer({ a: 1, [key]: 1 }), again: answer({ a: 1 }) }
      const compared = compareAnswers('GET /api\n', read)
      const sample = { flag: 'judged', generation: 1, stage: 0, atMs: Date.now(), ...compared }
      const shown = [{ field: '\u2066', control: '\x1b[2J', canary: 'a\u2028b' }]
      world.shadow.add(
        Array.from({ length: 60 }, () => ({ ...sample, shown })),
        (flag) => world.control.state.flags[flag] ?? INITIAL_FLAG_CONTROL,
        Date.now(),
      )
      await world.look()
      const held = messagesOf(world).find(({ event }) => event === 'hold')
      const [record] = world.records(1)
      const report = world.shadow.report('judged', Date.now())
      for (const text of [held?.reason, record?.reason, report?.sentence])
        expect(text).toMatch(/^answers differ: GET \/api\\n \$\["price\\n\\n\*Sluice/)
      for (const part of [held, record, report]) {
        const texts: unknown[] = []
        JSON.stringify(part, (name, value) => {
          texts.push(name, value)
          return value
        })
        expect(texts.filter((text) => /[\p{C}\p{Zl}\p{Zp}]/u.test(String(text)))).toEqual([])
      }
    },
  ))

it('a flag that leaves the document and comes back has no copies of before', () =>
  withGate(
    withFlag({ rules: [{ serve: 'on', stages: [{ shadow: 5, bake: '1h' }, ...stages(false)] }] }),
    async (world) => {
      const { changes, documents, shadow } = world
      const { text } = documents.current
      const publish = (each: string) =>
        changes.publishDocument(
          { kind: 'text', text: each },
          { expectedVersion: undefined, confirm: true, actor: 'Ada', reason: 'because' },
        )
      const sample = { flag: 'judged', generation: 1, stage: 0, atMs: Date.now(), route: 'GET /' }
      const alike = { ...sample, canaryOnly: [], controlOnly: [], both: [], shown: [] }
      shadow.add([alike, alike], () => INITIAL_FLAG_CONTROL, Date.now())
      expect(shadow.report('judged', Date.now())?.samples).toBe(2)
      await publish(JSON.stringify({ ...DOCUMENT, flags: {}, routes: DOCUMENT.routes }))
      await publish(text)
      expect(documents.current.snapshot.flags.has('judged')).toBe(true)
      expect(shadow.report('judged', Date.now())).toBeUndefined()
    },
  ))

it('an outcome says how the copies of its shadow stage compared; one without such a stage has none', () =>
  withGate(
    withFlag({ rules: [{ serve: 'on', stages: [{ shadow: 5, bake: '0s' }, ...stages(false)] }] }),
    async (world) => {
      const { changes, attempts, shadow, control } = world
      const sample = { flag: 'judged', generation: 1, stage: 0, atMs: Date.now(), route: 'GET /' }
      const alike = { ...sample, canaryOnly: [], controlOnly: [], both: [], shown: [] }
      shadow.add(
        Array.from({ length: 400 }, () => alike),
        (flag) => control.state.flags[flag] ?? INITIAL_FLAG_CONTROL,
        Date.now(),
      )
      await changes.command({ kind: 'advance', flag: 'judged' }, CAUSE)
      await changes.command({ kind: 'rollback', flag: 'judged' }, CAUSE)
      expect(attempts.latest({ limit: 1 })[0]?.shadow).toEqual({
        verdict: 'same',
        samples: 400,
        sentence: expect.stringMatching(/^400 compared requests: /),
      })
      await changes.command({ kind: 'resume', flag: 'judged' }, CAUSE)
      await changes.command({ kind: 'rollback', flag: 'judged' }, CAUSE)
      expect(attempts.latest({ limit: 1 })[0]).toMatchObject({ generation: 2 })
      expect(attempts.latest({ limit: 1 })[0]?.shadow).toBeUndefined()
    },
  ))

it('a flag keeps its newest hundred outcomes, whatever others do', () =>
  withStorage(async (storage) => {
    const { attempts } = makeParts(storage)
    const arm = { requests: 0, errors: 0, errorRate: null, p50Ms: null, p95Ms: null }
    const outcome = (flag: string, generation: number) => ({
      ...{
        flag,
        generation,
        startedAtMs: 0,
        endedAtMs: 0,
        ending: 'finished' as const,
        actor: 'a',
        reason: 'r',
      },
      ...{ percentage: 5, stage: 0, canary: arm, control: arm, verdict: null, note: null },
    })
    attempts.add(outcome('rare', 1))
    for (let generation = 1; generation <= 102; generation++) attempts.add(outcome('busy', generation))
    expect(attempts.latest({ limit: 999, flag: 'busy' }).map(({ generation }) => generation)).toHaveLength(
      100,
    )
    expect(attempts.latest({ limit: 999, flag: 'busy' }).at(-1)?.generation).toBe(3)
    expect(attempts.latest({ limit: 999, flag: 'rare' })).toHaveLength(1)
  }))
