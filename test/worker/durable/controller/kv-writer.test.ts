/** Writes to KV: none forgotten, none out of order, at most one a second and key. */
import { expect, it } from 'vitest'
import { type KvKey, KvWriter } from '../../../../src/durable/controller/kv-writer.ts'
import { TextStore } from '../../../../src/durable/storage/text-store.ts'
import { takeInternalErrors } from '../../../../src/platform/internal-errors.ts'
import { FakeKv, fakeClock, START_MS } from '../../support/parts.ts'
import { withStorage } from '../../support/storage.ts'

type World = { kv: FakeKv; writer: KvWriter; texts: TextStore; now: Record<KvKey, string> }

const withWriter = (work: (world: World) => Promise<void>) =>
  withStorage(async ({ sql }) => {
    const kv = new FakeKv()
    const texts = new TextStore(sql)
    const now = { config: 'config 1', kill: 'kill 1', state: 'state 1' }
    await work({ kv, texts, now, writer: restarted({ kv, texts, now }) })
  })
const restarted = ({ kv, texts, now }: Pick<World, 'kv' | 'texts' | 'now'>) =>
  new KvWriter(kv as unknown as KVNamespace, texts, (key) => now[key])

it('nothing is written that was not marked', () =>
  withWriter(async ({ kv, writer }) => {
    await writer.flush(Date.now())
    expect(kv.calls).toEqual([])
    expect([writer.hasPending, writer.error, writer.writtenAtMs('state')]).toEqual([false, undefined, 0])
  }))

it('a marked key gets the newest text, and then nothing is pending, also after a restart', async () => {
  fakeClock()
  await withWriter(async (world) => {
    const { kv, writer, now } = world
    writer.mark('state')
    now.state = 'state 2'
    await writer.flush(Date.now())
    expect([...kv.values]).toEqual([['state', 'state 2']])
    for (const each of [writer, restarted(world)]) {
      expect([each.hasPending, each.isPending('state'), each.writtenAtMs('state')]).toEqual([
        false,
        false,
        START_MS,
      ])
      expect(each.writtenAtMs('config')).toBe(0)
    }
  })
})

it('a pending write is not forgotten by a restart, and made after it', () =>
  withWriter(async (world) => {
    world.writer.mark('state')
    world.writer.mark('kill')
    const after = restarted(world)
    expect(['state', 'kill', 'config'].map((key) => after.isPending(key as KvKey))).toEqual([
      true,
      true,
      false,
    ])
    await after.flush(Date.now())
    expect([...world.kv.values.keys()].toSorted()).toEqual(['kill', 'state'])
    expect(after.hasPending).toBe(false)
  }))

it('a key is written once a second at most, also over a restart; another key need not wait', async () => {
  const clock = fakeClock()
  await withWriter(async (world) => {
    const { kv, writer, now } = world
    writer.mark('state')
    await writer.flush(Date.now())
    now.state = 'state 2'
    writer.mark('state')
    writer.mark('config')
    await clock.advance(999)
    await writer.flush(Date.now())
    await restarted(world).flush(Date.now())
    expect(kv.calls).toEqual(['put state', 'put config'])
    await clock.advance(1)
    await writer.flush(Date.now())
    expect(kv.calls).toEqual(['put state', 'put config', 'put state'])
    expect(kv.values.get('state')).toBe('state 2')
  })
})

it('a write that fails stays pending, says why and counts as an internal error; the next one succeeds', async () => {
  const clock = fakeClock()
  await withWriter(async (world) => {
    const { kv, writer } = world
    takeInternalErrors()
    kv.mode = 'fails'
    writer.mark('state')
    await writer.flush(Date.now())
    expect(writer.error).toBe('Cannot write state to KV: KV is down')
    expect([writer.isPending('state'), writer.writtenAtMs('state')]).toEqual([true, 0])
    expect(restarted(world).isPending('state')).toBe(true)
    expect(takeInternalErrors()).toMatchObject([{ place: 'kv.write', count: 1 }])
    kv.mode = 'works'
    await clock.advance(1_000)
    await writer.flush(Date.now())
    expect([writer.error, writer.isPending('state'), kv.values.get('state')]).toEqual([
      undefined,
      false,
      'state 1',
    ])
  })
})

it('a write without an answer is given up after ten seconds, and no second one overtakes it before', async () => {
  const clock = fakeClock()
  await withWriter(async ({ kv, writer }) => {
    kv.mode = 'hangs'
    writer.mark('state')
    const first = writer.flush(Date.now())
    await clock.advance(9_999)
    const second = writer.flush(Date.now())
    expect([kv.calls, writer.error]).toEqual([['put state'], undefined])
    await clock.advance(1)
    await Promise.all([first, second])
    expect(writer.error).toBe('Cannot write state to KV: no answer within 10000 ms')
    kv.mode = 'works'
    await clock.advance(1_000)
    await writer.flush(Date.now())
    expect([kv.calls.length, writer.hasPending]).toEqual([2, false])
  })
})

it('a text that changes during its write is written again', async () => {
  const clock = fakeClock()
  await withWriter(async ({ kv, writer, now }) => {
    writer.mark('state')
    const writing = writer.flush(Date.now())
    now.state = 'state 2'
    await writing
    expect([kv.values.get('state'), writer.isPending('state')]).toEqual(['state 1', true])
    await clock.advance(1_000)
    await writer.flush(Date.now())
    expect([kv.values.get('state'), writer.isPending('state')]).toEqual(['state 2', false])
  })
})
