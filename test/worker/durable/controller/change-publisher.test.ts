/** What a change does: to state and audit log, shards, KV, webhooks; and what it does where one of them is away. */
import { describe, expect, it } from 'vitest'
import {
  compileControl,
  INITIAL_CONTROL_STATE,
  parseControlState,
} from '../../../../src/core/config/control.ts'
import { numbered } from '../../../../src/core/counters/protocol.ts'
import type { DocumentChange } from '../../../../src/durable/controller/documents.ts'
import { sha256Hex } from '../../../../src/platform/crypto.ts'
import { takeInternalErrors } from '../../../../src/platform/internal-errors.ts'
import { CAUSE, DOCUMENT, FakeKv, fakeClock, makeParts, type Parts, START_MS } from '../../support/parts.ts'
import { withStorage } from '../../support/storage.ts'

type World = Parts & { clock: ReturnType<typeof fakeClock>; storage: DurableObjectStorage }

/** Begins with KV read and one active shard. */
async function withChanges(work: (world: World) => Promise<void>, document: object = DOCUMENT) {
  const clock = fakeClock()
  await withStorage(async (storage) => {
    const parts = makeParts(storage, { document })
    await parts.changes.noticeKv(Date.now())
    parts.fakeKv.calls.length = 0
    parts.seeShard('AAA')
    await clock.advance(1_000)
    await work({ ...parts, clock, storage })
  })
}

const withWebhook = {
  ...DOCUMENT,
  notifications: { webhooks: [{ url: 'http://hook.test/' }] },
}
const messagesOf = ({ storage }: World) =>
  storage.sql
    .exec<{ body: string }>('SELECT body FROM messages ORDER BY id')
    .toArray()
    .map(({ body }) => JSON.parse(body) as Record<string, unknown>)
const stateInKv = ({ fakeKv }: World) => {
  const parsed = parseControlState(fakeKv.values.get('state') ?? null)
  return parsed.ok ? parsed.value : undefined
}
const reasons = { actor: 'Ada', reason: 'because' }

describe('a command', () => {
  it('changes the state with its record, and reaches shards, KV and webhooks', () =>
    withChanges(async (world) => {
      const { changes, control, told, kv, alarms, flags } = world
      const result = await changes.command({ kind: 'kill', flag: 'plain' }, CAUSE)
      expect(result).toMatchObject({ ok: true, before: { killed: false }, after: { killed: true } })
      expect(control.state).toMatchObject({ epoch: 1, killed: ['plain'] })
      expect(control.epochAtMs(1)).toBe(START_MS + 1_000)
      expect(world.records()).toMatchObject([{ action: 'kill', flag: 'plain', ...reasons }])
      expect(told).toMatchObject([
        { shard: 'AAA', state: { epoch: 1, killed: ['plain'] }, tag: { version: 0 } },
      ])
      expect(messagesOf(world)).toMatchObject([{ event: 'kill', flag: 'plain', reason: 'because' }])
      expect([kv.isPending('state'), alarms]).toEqual([false, [0]])
      expect(stateInKv(world)).toEqual(numbered(control.state))
      await changes.command({ kind: 'finish', flag: 'staged' }, CAUSE)
      expect(flags.timesOf('staged', 0).knownSinceMs).toBe(START_MS + 1_000)
    }, withWebhook))

  it('that is impossible changes nothing, and no part hears of it', () =>
    withChanges(async (world) => {
      const { changes, told, kv, alarms } = world
      for (const command of [
        { kind: 'kill', flag: 'nowhere' },
        { kind: 'resume', flag: 'staged' },
        { kind: 'stage', flag: 'staged', stage: 2 },
        { kind: 'advance', flag: 'plain' },
      ] as const) {
        expect((await changes.command(command, CAUSE)).ok, command.kind).toBe(false)
      }
      expect([told, kv.hasPending, alarms, messagesOf(world), world.records()]).toEqual([
        [],
        false,
        [],
        [],
        [],
      ])
    }, withWebhook))

  it('that closes a known flag reads nothing first; others read what KV holds, also where no isolate has seen it', () =>
    withChanges(async ({ changes, fakeKv, kvReader }) => {
      kvReader.suspect()
      await changes.command({ kind: 'kill', flag: 'plain' }, CAUSE)
      await changes.command({ kind: 'rollback', flag: 'staged' }, CAUSE)
      expect(fakeKv.calls).toEqual(['put state'])
      await changes.command({ kind: 'resume', flag: 'staged' }, CAUSE)
      expect(fakeKv.calls).toEqual(['put state', 'get config,kill'])
      const { flags } = DOCUMENT
      fakeKv.values.set('config', JSON.stringify({ ...DOCUMENT, flags: { ...flags, new: flags.plain } }))
      expect(await changes.command({ kind: 'kill', flag: 'new' }, CAUSE)).toMatchObject({ ok: true })
      expect(fakeKv.calls.slice(2)).toEqual(['get config,kill'])
    }))

  it('that closes a flag is in KV once it is answered, and waits half a second at most for a KV that hangs', () =>
    withChanges(async (world) => {
      const { changes, fakeKv, told, kv, clock } = world
      await changes.command({ kind: 'rollback', flag: 'staged' }, CAUSE)
      expect(stateInKv(world)?.flags.staged?.rolledBack).toBeDefined()
      fakeKv.mode = 'hangs'
      await clock.advance(1_000)
      const kill = changes.command({ kind: 'kill', flag: 'plain' }, CAUSE)
      expect((await kill).ok).toBe(true)
      expect([told.at(-1)?.state?.killed, kv.isPending('state')]).toEqual([['plain'], true])
    }))

  it('is told to shards that forwarded within 15 minutes; one that is away delays no other', () =>
    withChanges(async ({ changes, told, seeShard, shardsAway, clock }) => {
      await clock.advance(899_000)
      seeShard('BBB')
      seeShard('CCC')
      shardsAway.add('BBB')
      takeInternalErrors()
      expect((await changes.command({ kind: 'kill', flag: 'plain' }, CAUSE)).ok).toBe(true)
      expect(told.map(({ shard }) => shard).toSorted()).toEqual(['AAA', 'CCC'])
      expect(takeInternalErrors()).toMatchObject([{ place: 'controller.push', count: 1 }])
      await clock.advance(1)
      await changes.command({ kind: 'unkill', flag: 'plain' }, CAUSE)
      expect(told.slice(2).map(({ shard }) => shard)).toEqual(['CCC'])
    }))

  it('after a freeze, resume opens the flag again at its stage, in a new generation, everywhere', () =>
    withChanges(async (world) => {
      const { changes, control, told } = world
      await changes.command({ kind: 'stage', flag: 'staged', stage: 1 }, CAUSE)
      await changes.perform({ kind: 'freeze', flag: 'staged' }, { ...CAUSE, actor: 'guard' })
      expect(control.state.flags.staged?.frozen).toBeDefined()
      expect(await changes.command({ kind: 'resume', flag: 'staged' }, CAUSE)).toMatchObject({
        ok: true,
        before: { frozen: { reason: 'because' }, generation: 1, stage: 1 },
        after: { generation: 2, stage: 1 },
      })
      const resumed = { generation: 2, stage: 1, percentage: 50, split: expect.any(String) }
      expect(control.state.flags.staged).toEqual(resumed)
      expect(told.at(-1)?.state?.flags.staged).toEqual(resumed)
      await changes.writeKv(Date.now())
      expect(stateInKv(world)?.flags.staged).toEqual(resumed)
      expect(messagesOf(world).map(({ event }) => event)).toEqual(['advance', 'freeze', 'resume'])
    }, withWebhook))
})

describe('a kill list in KV', () => {
  it('travels by the Controller: state, shards, KV state and webhooks have it', () =>
    withChanges(async (world) => {
      const { changes, fakeKv, kvReader, control, told } = world
      fakeKv.values.set('kill', '["plain"]')
      kvReader.suspect()
      await changes.noticeKv(Date.now())
      expect(control.state).toMatchObject({ epoch: 1, killed: [], kvKilled: ['plain'] })
      expect(told).toMatchObject([{ shard: 'AAA', state: { epoch: 1, kvKilled: ['plain'] } }])
      expect(world.records()).toMatchObject([{ action: 'kill-list', actor: 'kv', after: ['plain'] }])
      expect(messagesOf(world)).toMatchObject([
        { event: 'kill', flag: 'plain', actor: 'kv', reason: 'The kill list was written to KV' },
      ])
      await changes.writeKv(Date.now())
      expect(stateInKv(world)).toMatchObject({ epoch: 1, kvKilled: ['plain'] })
      fakeKv.values.set('kill', '[]')
      kvReader.suspect()
      await changes.noticeKv(Date.now())
      expect(control.state).toMatchObject({ epoch: 2, kvKilled: [] })
      expect(told.at(-1)?.state?.epoch).toBe(2)
      expect(messagesOf(world).map(({ event }) => event)).toEqual(['kill', 'unkill'])
    }, withWebhook))

  it('tells of each flag by itself, and of all in one message', () =>
    withChanges(async (world) => {
      const { changes, fakeKv, kvReader, clock } = world
      const told: unknown[] = []
      for (const text of ['[plain, staged]', '*', 'nonsense', '[plain]', '[]']) {
        fakeKv.values.set('kill', text)
        kvReader.suspect()
        await clock.advance(1_000)
        await changes.noticeKv(Date.now())
        const news = messagesOf(world).slice(told.flat().length)
        told.push(news.map(({ event, flag }) => `${event} ${flag}`))
      }
      expect(told).toEqual([
        ['kill plain', 'kill staged'],
        ['kill *'],
        ['kill-list-refused null'],
        ['kill plain', 'unkill *'],
        ['unkill plain'],
      ])
      expect(world.audit.latest({ limit: 9, flag: 'plain' }).map(({ flag }) => flag)).toEqual([
        'plain',
        '*',
        'plain',
        'plain',
        '*',
        'plain',
      ])
    }, withWebhook))

  it('leaves nothing behind in the state, names of no flag included', () =>
    withChanges(async ({ changes, fakeKv, kvReader, clock, control }) => {
      const kills: (readonly string[])[] = []
      for (const text of ['[plain, shpo]', 'shpo, plain', '[plain]', '[plain, shpo]', '[]']) {
        fakeKv.values.set('kill', text)
        kvReader.suspect()
        await clock.advance(1_000)
        await changes.noticeKv(Date.now())
        kills.push(control.state.kvKilled)
      }
      expect(kills).toEqual([['plain', 'shpo'], ['shpo', 'plain'], ['plain'], ['plain', 'shpo'], []])
    }))

  it('is lifted by unkill, in KV too, with the list before and after on record', () =>
    withChanges(async (world) => {
      const { changes, fakeKv, control, told, alarms, kv } = world
      fakeKv.values.set('kill', '["plain","staged"]')
      const result = await changes.command({ kind: 'unkill', flag: 'plain' }, CAUSE)
      expect(result).toMatchObject({
        ok: true,
        state: { kvKilled: ['staged'] },
        before: { killed: true },
        after: { killed: false },
      })
      expect(fakeKv.values.get('kill')).toBe('["staged"]')
      expect(control.state.kvKilled).toEqual(['staged'])
      expect(told.at(-1)?.state?.kvKilled).toEqual(['staged'])
      expect(world.records(1)).toMatchObject([
        { action: 'kill-list', flag: 'plain', ...reasons, before: ['plain', 'staged'], after: ['staged'] },
      ])
      expect(messagesOf(world).at(-1)).toMatchObject({ event: 'unkill', flag: 'plain', actor: 'Ada' })
      expect([alarms.at(-1), kv.isPending('kill')]).toEqual([1_000, false])
    }, withWebhook))

  it('is emptied by the unkill of all, together with the kill of the Controller itself', () =>
    withChanges(async ({ changes, fakeKv, control, records }) => {
      await changes.command({ kind: 'kill', flag: '*' }, CAUSE)
      fakeKv.values.set('kill', '["*","plain"]')
      const result = await changes.command({ kind: 'unkill', flag: '*' }, CAUSE)
      expect(result).toMatchObject({ ok: true, after: { killed: false } })
      expect(control.state).toMatchObject({ killed: [], kvKilled: [] })
      expect(records(2).map(({ action }) => action)).toEqual(['unkill', 'kill-list'])
    }))

  it('does not keep an unkill waiting when KV hangs: after two seconds the rest is left to the alarm', () =>
    withChanges(async ({ changes, fakeKv, control, clock, kv }) => {
      fakeKv.values.set('kill', '["plain"]')
      await changes.noticeKv(Date.now())
      await changes.command({ kind: 'unkill', flag: 'staged' }, CAUSE)
      fakeKv.mode = 'hangs'
      const lifted = changes.command({ kind: 'unkill', flag: 'plain' }, CAUSE)
      await clock.advance(5_000)
      expect(await lifted).toMatchObject({ ok: true })
      expect(control.state.kvKilled).toEqual([])
      expect(kv.isPending('kill')).toBe(true)
    }))
})

describe('a document', () => {
  const options = { expectedVersion: undefined, confirm: false, ...reasons }
  const text = JSON.stringify({ ...DOCUMENT, defaultOrigin: 'old' })
  const change: DocumentChange = { kind: 'text', text }

  it('that is published is in force, on record, in KV, and known to the shards', () =>
    withChanges(async (world) => {
      const { changes, documents, fakeKv, told, alarms, flags } = world
      const published = await changes.publishDocument(change, options)
      expect(published).toMatchObject({
        ok: true,
        changed: true,
        kvPending: false,
        info: { version: 1, source: 'api', atMs: START_MS + 1_000, ...reasons },
        changes: [{ path: '$.defaultOrigin' }],
        tag: { version: 1, inKv: true },
      })
      expect(documents.current.text).toBe(text)
      expect(fakeKv.values.get('config')).toBe(text)
      // Where rollouts stand belongs to their document: an isolate that starts now reads both.
      expect(stateInKv(world)).toEqual(numbered(world.control.state))
      expect(told).toMatchObject([{ shard: 'AAA', tag: { version: 1, inKv: true } }])
      expect(world.records()).toMatchObject([
        { action: 'document-published', ...reasons, before: { version: 0 }, after: { version: 1 } },
      ])
      expect(alarms).toEqual([1_000])
      expect(flags.timesOf('plain', 0).knownSinceMs).toBe(START_MS + 1_000)
    }))

  it('that is published while KV is down says so, reaches the shards, and KV later', () =>
    withChanges(async ({ changes, fakeKv, told, kv, clock, storage }) => {
      fakeKv.mode = 'fails'
      const published = await changes.publishDocument(change, options)
      expect(published).toMatchObject({ ok: true, kvPending: true, tag: { version: 1, inKv: false } })
      expect(told).toMatchObject([{ tag: { version: 1, inKv: false } }])
      fakeKv.mode = 'works'
      await clock.advance(1_000)
      await makeParts(storage, { kv: fakeKv }).changes.writeKv(Date.now())
      expect(fakeKv.values.get('config')).toBe(text)
      expect(kv.isPending('config')).toBe(true)
    }))

  it('is published after what was written to KV before it', () =>
    withChanges(async ({ changes, fakeKv, documents, records }) => {
      fakeKv.values.set('config', JSON.stringify({ ...DOCUMENT, publishing: { confirmAbovePercent: 3 } }))
      const confirmed = { ...options, confirm: true }
      expect(await changes.publishDocument(change, confirmed)).toMatchObject({ info: { version: 2 } })
      expect(documents.current.text).toBe(text)
      expect(records().map(({ action }) => action)).toEqual(['document-published', 'document-adopted'])
    }))

  it('that is the one in force changes nothing', () =>
    withChanges(async ({ changes, records, told, alarms, fakeKv }) => {
      await changes.publishDocument(change, options)
      fakeKv.calls.length = 0
      expect(await changes.publishDocument(change, options)).toMatchObject({
        ok: true,
        changed: false,
        info: { version: 1 },
        kvPending: false,
      })
      expect([records().length, told.length, alarms.length, fakeKv.calls]).toEqual([
        ...[1, 1, 1],
        ['get config,kill'],
      ])
    }))

  it('that is the one in force is told to be on its way as long as KV does not have it', () =>
    withChanges(async ({ changes, fakeKv }) => {
      fakeKv.mode = 'fails'
      await changes.publishDocument(change, options)
      expect(await changes.publishDocument(change, options)).toMatchObject({
        changed: false,
        kvPending: true,
      })
    }))

  it('that was built in is published all the same: KV does not have it', () =>
    withChanges(async ({ changes, documents, fakeKv, records }) => {
      const builtIn = documents.current.text
      const same = { kind: 'text', text: builtIn } as const
      expect(await changes.publishDocument(same, { ...options, confirm: false })).toMatchObject({
        changed: true,
        info: { version: 1 },
        kvPending: false,
      })
      expect(fakeKv.values.get('config')).toBe(builtIn)
      expect(records()).toMatchObject([{ action: 'document-published', evidence: { summary: [] } }])
      expect(await changes.publishDocument(same, options)).toMatchObject({ changed: false })
    }))

  it('that is the one in force is published again where KV holds a refused one', () =>
    withChanges(async ({ changes, fakeKv, kvReader }) => {
      await changes.publishDocument(change, options)
      fakeKv.values.set('config', '{}')
      kvReader.suspect()
      expect(await changes.publishDocument(change, options)).toMatchObject({ changed: true })
      expect(kvReader.report.refused).toBeUndefined()
    }))

  it.each<[string, DocumentChange, number | undefined, object]>([
    ['not valid', { kind: 'text', text: '{}' }, undefined, { why: 'invalid', problems: expect.anything() }],
    ['of another version', change, 3, { why: 'conflict', current: { version: 0 }, changes: [] }],
    [
      'restored, of a version that is not there',
      { kind: 'restore', version: 9 },
      undefined,
      { why: 'missing' },
    ],
    [
      'an edit of no flag',
      { kind: 'edit', edit: { kind: 'delete', flag: 'x' } },
      undefined,
      { why: 'missing' },
    ],
    [
      'a flag that is there',
      { kind: 'edit', edit: { kind: 'create', flag: 'plain', definition: {} } },
      undefined,
      { why: 'exists' },
    ],
    [
      'a share of a rule with stages',
      { kind: 'edit', edit: { kind: 'percentage', flag: 'staged', percentage: 5, rule: undefined } },
      undefined,
      { why: 'impossible' },
    ],
  ])('that is %s changes nothing, and a review says so too', (_, refused, expectedVersion, why) =>
    withChanges(async ({ changes, records, told, kv }) => {
      expect(await changes.publishDocument(refused, { ...options, expectedVersion })).toMatchObject({
        ok: false,
        ...why,
      })
      expect([records(), told, kv.hasPending]).toEqual([[], [], false])
      const review = await changes.reviewDocument(refused)
      expect(review.valid).toBe(expectedVersion !== undefined)
      const hasProblems = 'problems' in why
      expect([review.problems.length > 0, review.against]).toEqual([hasProblems, 0])
    }),
  )

  it('that names a large share asks without traffic; so does one of what resume would open', () =>
    withChanges(async ({ changes }) => {
      const set = (percentage: number, confirm = false) =>
        changes.publishDocument(
          { kind: 'edit', edit: { kind: 'percentage', flag: 'plain', percentage, rule: undefined } },
          { ...options, confirm },
        )
      expect(await set(90)).toMatchObject({
        why: 'unconfirmed',
        questions: [
          'plain: 10 % → 90 % moves up to 80 % of visitors',
          'how many visitors move is not known: no recent request could be replayed',
        ],
      })
      expect(await set(20)).toMatchObject({ ok: true })
      expect(await set(5)).toMatchObject({ ok: true })
      await changes.command({ kind: 'rollback', flag: 'plain' }, CAUSE)
      expect(await set(90)).toMatchObject({ why: 'unconfirmed' })
      expect(await set(90, true)).toMatchObject({ ok: true })
      await changes.command({ kind: 'rollback', flag: 'staged' }, CAUSE)
      const staged = { ...DOCUMENT.flags.staged, rules: [{ serve: 'on' }] }
      const everybody = JSON.stringify({ ...DOCUMENT, flags: { ...DOCUMENT.flags, staged } })
      const asked = await changes.publishDocument({ kind: 'text', text: everybody }, options)
      expect(asked).toMatchObject({
        why: 'unconfirmed',
        questions: expect.arrayContaining([expect.stringMatching(/^staged: resume would lead to 100 %/)]),
      })
    }))

  it('that conflicts is answered with what has changed since the expected version', () =>
    withChanges(async ({ changes }) => {
      await changes.publishDocument(change, options)
      const next = { ...options, expectedVersion: 0 }
      expect(
        await changes.publishDocument({ kind: 'text', text: JSON.stringify(DOCUMENT) }, next),
      ).toMatchObject({
        why: 'conflict',
        current: { version: 1, actor: 'Ada' },
        changes: [{ path: '$.defaultOrigin', kind: 'added' }],
      })
    }))

  it('is edited and restored under its own name in the log', () =>
    withChanges(async ({ changes, records, documents, clock }) => {
      await changes.publishDocument(change, options)
      await clock.advance(1_000)
      const edit: DocumentChange = { kind: 'edit', edit: { kind: 'disable', flag: 'plain' } }
      await changes.publishDocument(edit, options)
      expect(documents.current.document.flags.plain?.enabled).toBe(false)
      // An edited text reads well, and ends with a line break.
      expect(documents.current.text).toMatch(/^\{\n {2}"origins"[\s\S]*\}\n$/)
      await changes.publishDocument({ kind: 'restore', version: 1 }, { ...options, confirm: true })
      expect(documents.current.text).toBe(text)
      expect(records().map(({ action, flag }) => [action, flag])).toEqual([
        ['document-restored', undefined],
        ['document-published', 'plain'],
        ['document-published', undefined],
      ])
    }))

  it('of one who publishes is never overtaken by the next one', () =>
    withChanges(async ({ changes, fakeKv, clock }) => {
      fakeKv.mode = 'hangs'
      const first = changes.publishDocument(change, { ...options, expectedVersion: 0 })
      const second = changes.publishDocument(change, { ...options, expectedVersion: 0 })
      const third = changes.publishDocument({ kind: 'text', text: '{}' }, options)
      // Each waits for its own look at KV.
      await clock.advance(5_000)
      expect(await first).toMatchObject({ ok: true, kvPending: true })
      await clock.advance(5_000)
      expect(await second).toMatchObject({ ok: false, why: 'conflict' })
      await clock.advance(5_000)
      expect(await third).toMatchObject({ ok: false, why: 'invalid' })
    }))
})

describe('the state in KV', () => {
  it('is known by its epoch once it is written, also after a restart', () =>
    withChanges(async ({ changes, fakeKv, clock, storage }) => {
      const restarted = () => makeParts(storage).changes.writtenEpoch
      fakeKv.mode = 'fails'
      await changes.command({ kind: 'kill', flag: 'plain' }, CAUSE)
      expect([changes.writtenEpoch, restarted()]).toEqual([0, 0])
      fakeKv.mode = 'works'
      await clock.advance(1_000)
      await changes.writeKv(Date.now())
      expect([changes.writtenEpoch, restarted()]).toEqual([1, 1])
    }))

  it.each(['works', 'fails'] as const)(
    'is recalled by a Controller that has lost its storage, if KV %s',
    (mode) =>
      withChanges(async ({ changes, fakeKv, control, clock }) => {
        await changes.command({ kind: 'kill', flag: 'plain' }, CAUSE)
        await changes.writeKv(Date.now())
        await clock.advance(5_000)
        fakeKv.mode = mode
        await withStorage(async (empty) => {
          const recalled = makeParts(empty, { kv: fakeKv }).control
          takeInternalErrors()
          await recalled.recallFrom(fakeKv as never)
          const works = mode === 'works'
          expect(recalled.state.epoch).toBe(works ? 1 : 0)
          expect(recalled.state.killed).toEqual(works ? ['plain'] : [])
          expect(recalled.epochAtMs(1)).toBe(works ? START_MS + 6_000 : undefined)
          expect(takeInternalErrors().map(({ place }) => place)).toEqual(works ? [] : ['controller.recall'])
          expect(makeParts(empty).control.state).toEqual(recalled.state)
        })
        expect(control.state.epoch).toBe(1)
      }),
  )

  it('is not asked for by a Controller that has a state, nor believed when it can not be read', () =>
    withChanges(async ({ changes, control }) => {
      await changes.command({ kind: 'kill', flag: 'plain' }, CAUSE)
      const kv = new FakeKv()
      kv.values.set('state', JSON.stringify({ ...control.state, epoch: 9, killed: [] }))
      await control.recallFrom(kv as never)
      expect([kv.calls, control.state.epoch]).toEqual([[], 1])
      await withStorage(async (empty) => {
        kv.values.set('state', '{"epoch": "nine"}')
        const { control: recalled } = makeParts(empty)
        await recalled.recallFrom(kv as never)
        expect([recalled.state.epoch, recalled.epochAtMs(0)]).toEqual([0, undefined])
      })
    }))

  it('remembers since when ids are signed, in storage and KV, and never again from then on', () =>
    withChanges(async ({ changes, control, fakeKv }) => {
      expect(control.state.idsSignedSinceMs).toBeUndefined()
      control.noteSignedIds(1_000)
      control.noteSignedIds(2_000)
      expect([control.state.idsSignedSinceMs, control.state.epoch]).toEqual([1_000, 0])
      await changes.command({ kind: 'kill', flag: 'plain' }, CAUSE)
      await changes.writeKv(Date.now())
      const written = parseControlState(fakeKv.values.get('state') ?? null)
      const control_ = compileControl(written.ok ? written.value : INITIAL_CONTROL_STATE, [])
      expect(control_.legacyIdsUntilMs).toBe(1_000 + 90 * 86_400_000)
      // Where the Controller has not said yet, no visitor loses their place.
      expect(compileControl(INITIAL_CONTROL_STATE, []).legacyIdsUntilMs).toBe(Number.POSITIVE_INFINITY)
    }))

  it('has the times of its 500 newest epochs', () =>
    withChanges(async ({ control, storage }) => {
      for (let epoch = 1; epoch <= 501; epoch++) control.takeKvKills([], epoch * 10)
      expect([1, 2, 501, 502].map((epoch) => control.epochAtMs(epoch))).toEqual([
        undefined,
        20,
        5_010,
        undefined,
      ])
      expect(storage.sql.exec('SELECT COUNT(*) AS n FROM epochs').one().n).toBe(500)
    }))
})

describe('a document beside a running rollout', () => {
  const STAGES = [{ percentage: 5 }, { percentage: 50 }]
  const withStaged = (parts: object, stages: object[] = STAGES) => ({
    ...DOCUMENT,
    flags: {
      ...DOCUMENT.flags,
      staged: { ...DOCUMENT.flags.staged, rules: [{ serve: 'on', stages, ...parts }] },
    },
  })
  const text = (document: object) => JSON.stringify(document)
  const publish = (world: World, document: object, confirm: boolean) =>
    world.changes.publishDocument(
      { kind: 'text', text: text(document) },
      { expectedVersion: undefined, confirm, actor: 'Ada', reason: 'because' },
    )
  const writeToKv = async ({ fakeKv, kvReader, changes, clock }: World, document: object) => {
    fakeKv.values.set('config', text(document))
    kvReader.suspect()
    await clock.advance(1_000)
    await changes.noticeKv(Date.now())
  }
  const staged = ({ control }: World) => control.state.flags.staged
  const RO = { when: [{ attribute: 'country', op: 'in', values: ['RO'] }] }

  it('of another split, published, asks first; then it is a new generation at today’s percentage', () =>
    withChanges(async (world) => {
      expect(await publish(world, withStaged({}), true)).toMatchObject({ ok: true, rollouts: [] })
      await world.changes.command({ kind: 'stage', flag: 'staged', stage: 1 }, CAUSE)
      const before = staged(world)
      expect(before).toMatchObject({ generation: 1, stage: 1, percentage: 50 })
      expect(await publish(world, withStaged(RO), false)).toMatchObject({
        ok: false,
        why: 'unconfirmed',
        questions: [
          'staged: conditions change: generation 2 begins at 50 % without evidence',
          'how many visitors move is not known: no recent request could be replayed',
        ],
      })
      expect(staged(world)).toEqual(before)
      expect(await publish(world, withStaged(RO), true)).toMatchObject({
        ok: true,
        rollouts: [{ flag: 'staged', from: 50, to: 50, after: { generation: 2 } }],
      })
      expect(staged(world)).toMatchObject({ generation: 2, stage: 1, percentage: 50 })
      expect(staged(world)?.split).not.toBe(before?.split)
      expect(world.records(1)).toMatchObject([{ action: 'rollout-changed', flag: 'staged', actor: 'Ada' }])
      // Isolates hear of both at once.
      expect(world.told.at(-1)?.state?.flags.staged).toEqual(staged(world))
    }))

  it('that brings a flag back without its guard asks, however many documents lie between', () =>
    withChanges(async (world) => {
      const guarded = withStaged({})
      const { staged: flag, ...others } = guarded.flags
      const { guard: _, ...bare } = flag as { guard?: object }
      const withFlag = (definition: object) => ({
        ...guarded,
        flags: { ...others, staged: { ...definition, guard: { errors: {} } } },
      })
      await publish(world, withFlag(bare), true)
      for (const confirmAbovePercent of [9, 8])
        expect(
          await publish(world, { ...guarded, publishing: { confirmAbovePercent }, flags: others }, true),
        ).toMatchObject({
          ok: true,
        })
      const unguarded = { ...guarded, flags: { ...others, staged: bare } }
      const refused = await publish(world, unguarded, false)
      expect(refused).toMatchObject({ why: 'unconfirmed' })
      expect('questions' in refused && refused.questions).toContain('staged ran before: the guard is removed')
      expect(await publish(world, withFlag(bare), false)).not.toMatchObject({
        questions: expect.arrayContaining([expect.stringContaining('guard')]),
      })
    }))

  it('of another split, written to KV, begins at 0 and waits for a person', () =>
    withChanges(async (world) => {
      await writeToKv(world, withStaged({}))
      await world.changes.command({ kind: 'stage', flag: 'staged', stage: 1 }, CAUSE)
      await writeToKv(world, withStaged(RO))
      expect(staged(world)).toMatchObject({ generation: 2, stage: 0, percentage: 0 })
      expect(world.told.at(-1)?.state?.flags.staged).toEqual(staged(world))
      expect(await world.changes.command({ kind: 'resume', flag: 'staged' }, CAUSE)).toMatchObject({
        ok: true,
      })
      expect(staged(world)).toMatchObject({ generation: 2, stage: 0, percentage: 5 })
    }))

  const ORIGINS = { old: { url: 'http://old.test' }, new: { url: 'http://new.test' } }
  const ROUTE = { path: '/*', flag: 'staged', origins: { on: 'new', off: 'old' } }
  const routed = { ...withStaged({}), origins: ORIGINS, routes: [ROUTE] }
  const withFlag = (parts: object) => ({
    ...routed,
    flags: { ...routed.flags, staged: { ...routed.flags.staged, ...parts } },
  })
  const needing = (percentage: number) => {
    const document = withFlag({ requires: ['plain'] })
    const plain = { ...document.flags.plain, rules: [{ serve: 'on', percentage }] }
    return { ...document, flags: { ...document.flags, plain } }
  }
  const [canary] = routed.flags.staged.rules
  const testers = { name: 'testers', when: RO.when, serve: 'on' }

  it.each<[string, object, object, RegExp]>([
    ['a route', routed, { ...routed, routes: [{ path: '/a', origin: 'new' }, ROUTE] }, /^\/a: visitors may/],
    [
      'a flag that goes',
      routed,
      { ...routed, routes: [{ path: '/*', origin: 'new' }], flags: {} },
      /may newly/,
    ],
    ['a rule after it', routed, withFlag({ rules: [canary, testers] }), /a rule beside the rollout/],
    ['a rule before it', routed, withFlag({ rules: [testers, canary] }), /a rule beside the rollout/],
    ['an environment', withFlag({ environments: ['staging'] }), routed, /environments changed/],
    ['a flag that is enabled', withFlag({ enabled: false }), routed, /goes from 0 % to 50 %/],
    ['its off', routed, withFlag({ off: 'on' }), /outside the canary would get "on"/],
    [
      'its off, as it is disabled',
      routed,
      withFlag({ off: 'on', enabled: false }),
      /^\/\*: visitors may newly/,
    ],
    [
      'another spelling of its origin',
      routed,
      { ...routed, origins: { ...ORIGINS, old: { url: 'https://NEW.test.:443/x' } } },
      /may newly reach origin old/,
    ],
    ['a flag that it requires', needing(30), needing(38), /plain, which it requires/],
  ])(
    'that lets visitors into the canary by %s, written to KV, is refused and the one in force written back',
    (_, first, next, why) =>
      withChanges(async (world) => {
        const { documents, fakeKv, changes, clock } = world
        await publish(world, first, true)
        await changes.command({ kind: 'stage', flag: 'staged', stage: 1 }, CAUSE)
        await clock.advance(100_000)
        await changes.writeKv(Date.now())
        const { text: inForce } = documents.current
        await writeToKv(world, next)
        expect(documents.current.text).toBe(inForce)
        expect(world.records(1)).toMatchObject([{ action: 'document-refused', actor: 'kv' }])
        expect(world.records(1)[0]?.evidence).toEqual(
          expect.arrayContaining([expect.objectContaining({ found: expect.stringMatching(why) })]),
        )
        // Isolates that have it hear that it was replaced.
        const hash = await sha256Hex(text(next))
        expect(world.told.at(-1)?.tag).toMatchObject({ inKv: false, hash: documents.current.info.hash })
        expect(world.told.at(-1)?.tag?.replaced[0]).toBe(hash)
        await clock.advance(1_000)
        await changes.writeKv(Date.now())
        expect(fakeKv.values.get('config')).toBe(inForce)
        // A place that still shows it makes no second refusal, and a person may publish it.
        const { length } = world.records()
        await writeToKv(world, next)
        expect(world.records()).toHaveLength(length)
        expect(await publish(world, next, false)).toMatchObject({ why: 'unconfirmed' })
        expect(await publish(world, next, true)).toMatchObject({ ok: true, changed: true })
        expect(documents.current.text).toBe(text(next))
      }),
  )

  it('that gives a flag its percentage asks where another one requires it, and not of the flag itself', () =>
    withChanges(async (world) => {
      const share = (flag: string, percentage: number) =>
        world.changes.publishDocument(
          { kind: 'edit', edit: { kind: 'percentage', flag, percentage, rule: undefined } },
          { expectedVersion: undefined, confirm: false, actor: 'Ada', reason: 'because' },
        )
      await publish(world, needing(30), true)
      const questions = ['staged: plain, which it requires, lets more visitors enter the canary']
      expect(await share('plain', 38)).toMatchObject({ why: 'unconfirmed', questions })
      expect(await share('plain', 29)).toMatchObject({ ok: true, changed: true })
      await publish(world, DOCUMENT, true)
      expect(await share('plain', 15)).toMatchObject({ ok: true, changed: true })
    }))

  it('is not needed for a question: a command on a required flag asks as well, before anything changes', () =>
    withChanges(async (world) => {
      const { changes, control, fakeKv } = world
      await publish(world, needing(30), true)
      await changes.command({ kind: 'kill', flag: 'plain' }, CAUSE)
      fakeKv.values.set('kill', '["plain"]')
      const { epoch } = control.state
      const { length } = world.records()
      const questions = ['staged: plain, which it requires, lets more visitors enter the canary']
      const lift = { kind: 'unkill', flag: 'plain' } as const
      expect(await changes.command({ ...lift, confirm: false }, CAUSE)).toEqual({
        ok: false,
        why: 'unconfirmed',
        error: `unkill plain needs confirmation: ${questions}`,
        questions,
      })
      // The list in KV was adopted, and nothing else.
      expect([control.state.epoch, control.state.killed]).toEqual([epoch + 1, ['plain']])
      expect(world.records().length).toBe(length + 1)
      expect(await changes.command(lift, CAUSE)).toMatchObject({ ok: true })
      expect(control.state).toMatchObject({ killed: [], kvKilled: [] })
    }))

  it('written to KV does not raise where a rolled-back flag begins', () =>
    withChanges(async (world) => {
      await publish(world, withStaged({}), true)
      await world.changes.command({ kind: 'rollback', flag: 'staged' }, CAUSE)
      await writeToKv(world, withStaged({}, [{ percentage: 50 }, { percentage: 100 }]))
      expect(world.records(1)).toMatchObject([{ action: 'document-refused' }])
      await world.changes.command({ kind: 'resume', flag: 'staged' }, CAUSE)
      expect(staged(world)?.percentage).toBe(5)
    }))

  it.each<[string, object, object]>([
    ['another route', routed, { ...routed, routes: [{ path: '/a', origin: 'old' }, ROUTE] }],
    ['a rule that goes', withFlag({ rules: [canary, testers] }), routed],
    ['a rule that serves off', routed, withFlag({ rules: [canary, { ...testers, serve: 'off' }] })],
    ['a flag that is disabled', routed, withFlag({ enabled: false })],
    [
      'another name of a rule',
      withFlag({ rules: [canary, testers] }),
      withFlag({ rules: [canary, { ...testers, name: 'x' }] }),
    ],
  ])('that lets no visitor in, by %s, is adopted', (_, first, next) =>
    withChanges(async (world) => {
      await publish(world, first, true)
      await world.clock.advance(100_000)
      await world.changes.writeKv(Date.now())
      await writeToKv(world, next)
      expect(world.documents.current.text).toBe(text(next))
    }),
  )

  it('of other stages leaves it at the largest that is not above its percentage', () =>
    withChanges(async (world) => {
      await publish(world, withStaged({}), true)
      await world.changes.command({ kind: 'stage', flag: 'staged', stage: 1 }, CAUSE)
      const to = (...percentages: number[]) =>
        withStaged(
          {},
          percentages.map((percentage) => ({ percentage })),
        )
      await writeToKv(world, to(5, 25, 50, 99))
      expect(staged(world)).toMatchObject({ generation: 1, stage: 2, percentage: 50 })
      expect(await publish(world, to(5, 20, 99), false)).toMatchObject({ why: 'unconfirmed' })
      await publish(world, to(5, 20, 99), true)
      expect(staged(world)).toMatchObject({ generation: 1, stage: 1, percentage: 20 })
      await writeToKv(world, to(60, 99))
      expect(staged(world)).toMatchObject({ generation: 1, stage: 0, percentage: 20 })
      await world.changes.command({ kind: 'advance', flag: 'staged' }, CAUSE)
      expect(staged(world)).toMatchObject({ generation: 1, stage: 0, percentage: 60 })
    }))

  it('that begins with a byte order mark is in KV as isolates and the Controller hash it', () =>
    withChanges(async (world) => {
      const { changes, documents, fakeKv, clock } = world
      const change = { kind: 'text' as const, text: `\ufeff${text(withStaged({}))}` }
      await changes.publishDocument(change, { expectedVersion: undefined, confirm: true, ...reasons })
      await clock.advance(1_000)
      await changes.writeKv(Date.now())
      expect(documents.current.info.hash).toBe(await sha256Hex(fakeKv.values.get('config') ?? ''))
      await clock.advance(100_000)
      await writeToKv(world, withStaged({}))
      expect(documents.current.info.version).toBe(1)
    }))

  it('that changes words alone asks nothing, and names no rollout', () =>
    withChanges(async (world) => {
      await publish(world, withStaged({}), true)
      const described = { ...withStaged({}), publishing: { confirmAbovePercent: 5 } }
      const { epoch } = world.control.state
      expect(await publish(world, described, false)).toMatchObject({ ok: true, rollouts: [] })
      expect(world.control.state.epoch).toBe(epoch)
    }))

  it('of the release before, without names of splits, keeps every place', () =>
    withChanges(async (world) => {
      world.fakeKv.values.set('config', text(withStaged({})))
      await world.changes.noticeKv(Date.now())
      await writeToKv(world, withStaged({}))
      expect(staged(world)).toMatchObject({ generation: 1, stage: 0, percentage: 5 })
      expect(world.control.state.namesSplits).toBe(true)
    }))
})
