/** What is written to KV directly: read when it may be new, adopted when it is, refused when it is not valid. */
import { describe, expect, it, vi } from 'vitest'
import { sha256Hex } from '../../../../src/platform/crypto.ts'
import { takeInternalErrors } from '../../../../src/platform/internal-errors.ts'
import { DOCUMENT, fakeClock, makeParts, type Parts, START_MS } from '../../support/parts.ts'
import { withStorage } from '../../support/storage.ts'

type World = Parts & { clock: ReturnType<typeof fakeClock>; storage: DurableObjectStorage }

async function withReader(work: (world: World) => Promise<void>, environment = 'production') {
  const clock = fakeClock()
  await withStorage(async (storage) => {
    const parts = makeParts(storage, { env: { ENVIRONMENT: environment } })
    await work({ ...parts, clock, storage })
  })
}

const check = ({ kvReader }: Parts) => kvReader.check(Date.now())
const sees = (documentHash: string, killHash: string) => [
  { isolate: 'i', epoch: 0, epochAtMs: 0, usedHash: '', seenAtMs: 0, documentHash, killHash },
]
const variantOf = (defaultOrigin: string, more = {}) =>
  JSON.stringify({ ...DOCUMENT, defaultOrigin, ...more })
const OTHER = variantOf('old')

describe('KV is read', () => {
  it('once after a start, then every 30 seconds, and when an isolate reports what is not known here', () =>
    withReader(async (world) => {
      const { kvReader, fakeKv, clock } = world
      await check(world)
      await clock.advance(29_999)
      await check(world)
      expect(fakeKv.calls).toEqual(['get config,kill'])
      await clock.advance(1)
      await check(world)
      expect(fakeKv.calls.splice(1)).toEqual(['get config,kill'])
      await clock.advance(1_000)
      fakeKv.values.set('config', OTHER)
      fakeKv.values.set('kill', '["plain"]')
      const [documentHash, killHash] = [await sha256Hex(OTHER), await sha256Hex('["plain"]')]
      kvReader.noticeHashes(sees(documentHash, ''))
      await check(world)
      expect(fakeKv.calls).toHaveLength(2)
      await clock.advance(29_000)
      for (const known of [sees(documentHash, killHash), sees('', killHash), []]) kvReader.noticeHashes(known)
      await check(world)
      expect(fakeKv.calls).toHaveLength(2)
      kvReader.noticeHashes(sees(documentHash, 'another'))
      await check(world)
      expect(fakeKv.calls).toHaveLength(3)
      await clock.advance(29_000)
      kvReader.noticeHashes([...sees(documentHash, killHash), ...sees('another', killHash)])
      kvReader.noticeHashes(sees(documentHash, killHash))
      await check(world)
      expect(fakeKv.calls).toHaveLength(4)
    }))

  it('once a second at most, unless a command needs to know at once', () =>
    withReader(async (world) => {
      const { kvReader, fakeKv, clock } = world
      await check(world)
      kvReader.noticeHashes(sees('new', ''))
      await clock.advance(999)
      await check(world)
      expect(fakeKv.calls).toHaveLength(1)
      await clock.advance(1)
      await check(world)
      expect(fakeKv.calls).toHaveLength(2)
      kvReader.suspect()
      await check(world)
      expect(fakeKv.calls).toHaveLength(3)
    }))

  it('again where the clock was set back, and an old text counts as written again', () =>
    withReader(async (world) => {
      const { kvReader, kv, documents, fakeKv, clock } = world
      fakeKv.values.set('config', OTHER)
      await check(world)
      fakeKv.values.set('config', variantOf('old', { publishing: { confirmAbovePercent: 3 } }))
      kvReader.suspect()
      await check(world)
      kv.mark('config')
      await kv.flush(Date.now())
      vi.setSystemTime(START_MS - 3_600_000)
      kv.mark('config')
      await kv.flush(Date.now())
      expect(kv.isPending('config')).toBe(false)
      fakeKv.values.set('config', OTHER)
      await clock.advance(90_001)
      await check(world)
      expect(documents.current.info.version).toBe(3)
    }))

  it.each(['fails', 'hangs'] as const)('again, where a read %s, and the failure is counted', (mode) =>
    withReader(async (world) => {
      const { fakeKv, clock } = world
      takeInternalErrors()
      fakeKv.values.set('kill', '["plain"]')
      fakeKv.mode = mode
      const failed = check(world)
      await clock.advance(5_000)
      expect(await failed).toEqual([])
      expect(takeInternalErrors()).toMatchObject([{ place: 'kv.read', count: 1 }])
      fakeKv.mode = 'works'
      // Nothing else asks for it: the failed read repeats by itself.
      expect(await check(world)).toMatchObject([{ action: 'kill-list', after: ['plain'] }])
    }),
  )
})

describe('a document in KV', () => {
  it('is adopted as the next version, once', () =>
    withReader(async (world) => {
      const { documents, fakeKv, kvReader } = world
      fakeKv.values.set('config', OTHER)
      const hash = await sha256Hex(OTHER)
      expect(await check(world)).toEqual([
        {
          atMs: START_MS,
          actor: 'kv',
          action: 'document-adopted',
          reason: 'The gate began with the document in KV',
          source: 'kv',
          flag: undefined,
          before: { version: 0, hash: '' },
          after: { version: 1, hash },
          evidence: expect.anything(),
        },
      ])
      expect(documents.current).toMatchObject({ text: OTHER, info: { version: 1, source: 'kv', hash } })
      expect(kvReader.report).toEqual({ version: 1, hash, refused: undefined, killList: [] })
      kvReader.suspect()
      expect(await check(world)).toEqual([])
    }))

  it('that is not valid replaces nothing, is reported once, and forgotten with a good one', () =>
    withReader(async (world) => {
      const { documents, fakeKv, kvReader, storage } = world
      fakeKv.values.set('config', '{"origins": {}}')
      const [record, ...more] = await check(world)
      const hash = await sha256Hex('{"origins": {}}')
      expect(record).toMatchObject({
        action: 'document-refused',
        reason: expect.stringMatching(/^A document with \d+ problems? was written to KV$/),
        before: { version: 0 },
        after: { hash },
      })
      expect(more).toEqual([])
      expect(documents.current.info.version).toBe(0)
      const refused = { hash, seenAtMs: START_MS, problems: expect.anything() }
      expect(kvReader.report.refused).toEqual(refused)
      expect(makeParts(storage).kvReader.report.refused).toEqual(refused)
      kvReader.suspect()
      expect(await check(world)).toEqual([])
      fakeKv.values.set('config', OTHER)
      kvReader.suspect()
      expect(await check(world)).toMatchObject([{ action: 'document-adopted' }])
      expect(kvReader.report.refused).toBeUndefined()
    }))

  it('that was refused and then deleted is forgotten', () =>
    withReader(async (world) => {
      const { fakeKv, kvReader } = world
      fakeKv.values.set('config', '{')
      await check(world)
      expect(kvReader.report.refused).toBeDefined()
      fakeKv.values.delete('config')
      kvReader.suspect()
      expect(await check(world)).toEqual([])
      expect([kvReader.report.refused, kvReader.report.version]).toEqual([undefined, 0])
    }))

  it('with one problem is said to have one', () =>
    withReader(async (world) => {
      world.fakeKv.values.set('config', JSON.stringify({ ...DOCUMENT, origins: [] }))
      const [one] = await check(world)
      const problems = one?.evidence as unknown[]
      expect(one?.reason).toBe(
        `A document with ${problems.length} problem${problems.length === 1 ? '' : 's'} was written to KV`,
      )
      world.fakeKv.values.set('config', 'no JSON')
      world.kvReader.suspect()
      expect((await check(world))[0]?.reason).toBe('A document with 1 problem was written to KV')
    }))

  it('that was refused counts as taken back once KV shows the one in force', () =>
    withReader(async (world) => {
      const { fakeKv, kvReader } = world
      for (const text of [OTHER, '{}', OTHER]) {
        fakeKv.values.set('config', text)
        kvReader.suspect()
        await check(world)
      }
      expect(kvReader.report.refused).toBeUndefined()
      expect(kvReader.report.version).toBe(1)
    }))

  const publish = async ({ changes, clock }: World, text: string) => {
    const published = await changes.publishDocument({ kind: 'text', text }, { ...options })
    expect(published).toMatchObject({ ok: true, changed: true })
    await clock.advance(0)
  }
  const options = { expectedVersion: undefined, confirm: true, actor: 'Ada', reason: 'because' }

  it('that a newer one has replaced may be a late sight of it, for 90 seconds after the write', () =>
    withReader(async (world) => {
      const { clock, fakeKv, kvReader } = world
      await publish(world, OTHER)
      await clock.advance(2_000)
      await publish(world, variantOf('old', { publishing: { confirmAbovePercent: 7 } }))
      fakeKv.values.set('config', OTHER)
      await clock.advance(90_000)
      kvReader.suspect()
      expect(await check(world)).toEqual([])
      await clock.advance(1)
      kvReader.suspect()
      expect(await check(world)).toMatchObject([{ action: 'document-adopted', after: { version: 3 } }])
    }))

  it('that a newer one has replaced is written again in development, where KV is not late', () =>
    withReader(async (world) => {
      const { clock, fakeKv, kvReader } = world
      await publish(world, OTHER)
      await clock.advance(2_000)
      await publish(world, variantOf('old', { publishing: { confirmAbovePercent: 7 } }))
      fakeKv.values.set('config', OTHER)
      await clock.advance(1)
      kvReader.suspect()
      expect(await check(world)).toMatchObject([{ action: 'document-adopted', after: { version: 3 } }])
    }, 'development'))

  it('that a newer one has replaced stays replaced for as long as the write is pending', () =>
    withReader(async (world) => {
      const { clock, fakeKv, kvReader, kv } = world
      await publish(world, OTHER)
      await clock.advance(2_000)
      fakeKv.mode = 'fails'
      await publish(world, variantOf('old', { publishing: { confirmAbovePercent: 7 } }))
      expect(kv.isPending('config')).toBe(true)
      fakeKv.mode = 'works'
      await clock.advance(600_000)
      kvReader.suspect()
      expect(fakeKv.values.get('config')).toBe(OTHER)
      expect(await check(world)).toEqual([])
      // A text that was never replaced is news even then.
      fakeKv.values.set('config', variantOf('old', { publishing: { confirmAbovePercent: 9 } }))
      kvReader.suspect()
      expect(await check(world)).toMatchObject([{ action: 'document-adopted', after: { version: 3 } }])
    }))

  it('that was refused and then replaced is not refused again while KV may be late', () =>
    withReader(async (world) => {
      const { clock, fakeKv, kvReader } = world
      fakeKv.values.set('config', '{}')
      await check(world)
      await publish(world, OTHER)
      fakeKv.values.set('config', '{}')
      await clock.advance(90_000)
      kvReader.suspect()
      expect(await check(world)).toEqual([])
      await clock.advance(1)
      kvReader.suspect()
      expect(await check(world)).toMatchObject([{ action: 'document-refused' }])
    }))
})

describe('a kill list in KV', () => {
  it('is adopted with what was before, once, and remembered', () =>
    withReader(async (world) => {
      const { fakeKv, kvReader, storage } = world
      fakeKv.values.set('kill', '["plain"]')
      expect(await check(world)).toEqual([
        {
          atMs: START_MS,
          actor: 'kv',
          action: 'kill-list',
          flag: 'plain',
          reason: 'The kill list was written to KV',
          evidence: undefined,
          before: [],
          after: ['plain'],
        },
      ])
      expect(makeParts(storage).kvReader.report.killList).toEqual(['plain'])
      kvReader.suspect()
      expect(await check(world)).toEqual([])
      fakeKv.values.delete('kill')
      kvReader.suspect()
      expect(await check(world)).toMatchObject([{ before: ['plain'], after: [] }])
    }))

  it('that can not be read opens nothing', () =>
    withReader(async (world) => {
      const { fakeKv, kvReader } = world
      fakeKv.values.set('kill', '["plain"]')
      await check(world)
      fakeKv.values.set('kill', '{"broken')
      kvReader.suspect()
      expect(await check(world)).toMatchObject([
        { action: 'kill-list-refused', actor: 'kv', before: ['plain'], after: ['plain'] },
      ])
      expect(kvReader.report.killList).toEqual(['plain'])
      kvReader.suspect()
      expect(await check(world)).toEqual([])
    }))

  it('has a record for each flag that enters or leaves; unknown names of a mixed list are told apart', () =>
    withReader(async (world) => {
      const { fakeKv, kvReader, clock } = world
      const written = async (text: string) => {
        fakeKv.values.set('kill', text)
        await clock.advance(1_000)
        kvReader.suspect()
        return (await check(world)).map(({ action, flag, before, after }) => [action, flag, before, after])
      }
      expect(await written('[plain, nowhere, staged]')).toEqual([
        ['kill-list', 'plain', [], ['plain']],
        ['kill-list', 'staged', ['plain'], ['plain', 'staged']],
        ['kill-list-refused', undefined, ['plain', 'nowhere', 'staged'], ['plain', 'nowhere', 'staged']],
      ])
      expect(await written('staged')).toEqual([['kill-list', 'plain', ['plain', 'staged'], ['staged']]])
      expect(await written("'*'")).toEqual([
        ['kill-list', '*', ['staged'], ['staged', '*']],
        ['kill-list', 'staged', ['staged', '*'], ['*']],
      ])
      expect(await written('[]')).toEqual([['kill-list', '*', ['*'], []]])
    }))

  const drop = async ({ kvReader }: Parts, flag: string) =>
    await kvReader.dropFromKillList((each) => each === flag)

  it('loses only the flags that are lifted, and the rest is written', () =>
    withReader(async (world) => {
      const { fakeKv, kvReader, kv } = world
      fakeKv.values.set('kill', '["plain","staged"]')
      await check(world)
      await drop(world, 'plain')
      expect([kvReader.isListed('plain'), kvReader.isListed('staged')]).toEqual([false, true])
      await kv.flush(Date.now())
      expect(fakeKv.values.get('kill')).toBe('["staged"]')
    }))

  it('keeps names of no flag beside a flag, and ends with the last flag', () =>
    withReader(async (world) => {
      const { fakeKv, kv, clock } = world
      fakeKv.values.set('kill', '["plain","to-come","staged"]')
      await check(world)
      const lifted = async (flag: string) => {
        await drop(world, flag)
        await clock.advance(2_000)
        await kv.flush(Date.now())
        return fakeKv.values.get('kill')
      }
      expect(await lifted('plain')).toBe('["to-come","staged"]')
      // Isolates take a list of other names for a mistake, and would keep `staged` killed.
      expect(await lifted('staged')).toBe('[]')
    }))

  it('that was just replaced is a late sight: it is looked at again, until 90 seconds after the write', () =>
    withReader(async (world) => {
      const { fakeKv, kvReader, kv, clock } = world
      fakeKv.values.set('kill', '["plain"]')
      await check(world)
      await drop(world, 'plain')
      await kv.flush(Date.now())
      fakeKv.values.set('kill', '["plain"]')
      await clock.advance(90_000)
      expect(await check(world)).toEqual([])
      expect(kvReader.report.killList).toEqual([])
      // Isolates obey what KV shows, so it can be lifted again.
      expect(kvReader.isListed('plain')).toBe(true)
      await clock.advance(1_000)
      expect(await check(world)).toMatchObject([{ after: ['plain'] }])
    }))

  it('that was replaced counts as new once KV has shown the list in force', () =>
    withReader(async (world) => {
      const { fakeKv, kv, clock, kvReader } = world
      fakeKv.values.set('kill', '["plain"]')
      await check(world)
      await drop(world, 'plain')
      await kv.flush(Date.now())
      await clock.advance(1_000)
      expect(await check(world)).toEqual([])
      fakeKv.values.set('kill', '["plain"]')
      await clock.advance(1_000)
      kvReader.suspect()
      expect(await check(world)).toMatchObject([{ before: [], after: ['plain'] }])
    }))
})
