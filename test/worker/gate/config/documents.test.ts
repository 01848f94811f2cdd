/** Which document an isolate uses: KV's, or the Controller's. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { DocumentTag } from '../../../../src/core/config/document-tag.ts'
import { textOf } from '../../../../src/gate/config/kv-reader.ts'
import { sha256Hex } from '../../../../src/platform/crypto.ts'
import { takeInternalErrors } from '../../../../src/platform/internal-errors.ts'
import { NOW_MS } from '../support/stage.ts'
import { stageConfig as stage, textAt } from '../support/stage-config.ts'

beforeEach(() => {
  takeInternalErrors()
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
})

describe('a document in KV', () => {
  it('that is gone leaves the last good one in use', async () => {
    const { kv, visit, host } = stage()
    kv.values.set('config', textAt('http://first.test'))
    await visit(0)
    kv.values.delete('config')
    await visit(30_000)
    expect(host()).toBe('first.test')
  })

  it('that is not valid changes nothing, and is reported until a valid one follows', async () => {
    const { kv, live, visit, host } = stage()
    kv.values.set('config', textAt('http://first.test'))
    await visit(0)
    const good = live.usedHash
    const bad = '{"origins":7}'
    kv.values.set('config', bad)
    for (const afterMs of [30_000, 60_000]) {
      await visit(afterMs)
      expect(live.report.refused).toMatchObject([
        { key: 'config', hash: await sha256Hex(bad), seenAtMs: NOW_MS + 30_000 },
      ])
      expect([host(), live.usedHash, live.seenHash]).toEqual(['first.test', good, await sha256Hex(bad)])
    }
    kv.values.set('config', textAt('http://first.test'))
    await visit(90_000)
    expect([live.report.refused, live.seenHash]).toEqual([[], good])
    expect(live.report).toMatchObject({ source: 'kv', hash: good })
  })

  it('is compiled once, as long as it stays the same', async () => {
    const { kv, live, visit } = stage()
    kv.values.set('config', textAt('http://first.test'))
    const { snapshot } = await visit(0)
    expect((await visit(30_000)).snapshot).toBe(snapshot)
    expect(live.usedHash).toBe(await sha256Hex(textAt('http://first.test')))
    kv.values.set('config', textAt('http://second.test'))
    expect((await visit(60_000)).snapshot).toBe(snapshot)
    expect(live.last.snapshot.fallback.url).toBe('http://second.test')
  })
})

describe('a document from the Controller', () => {
  const tagOf = async (url: string, more: Partial<DocumentTag> = {}): Promise<DocumentTag> => ({
    version: 2,
    hash: await sha256Hex(textAt(url)),
    atMs: NOW_MS + 1,
    replaced: [],
    inKv: true,
    ...more,
  })

  it('is used at once, and what it replaced does not come back from KV', async () => {
    const { kv, live, bindings, visit, host } = stage()
    kv.values.set('config', textAt('http://first.test'))
    await visit(0)
    const replaced = [live.usedHash]
    const tag = await tagOf('http://second.test', { replaced })
    await live.offer(tag, async () => textAt('http://second.test'), bindings, NOW_MS + 1_000)
    expect([host(), live.report.source, live.usedHash]).toEqual(['second.test', 'pushed', tag.hash])
    // KV still shows the old text, for up to 90 s.
    await visit(30_000)
    expect(host()).toBe('second.test')
    // After that it has been written again.
    await visit(120_000)
    expect(host()).toBe('first.test')
  })

  it('that is the one in use is not fetched, nor one that does not arrive, nor one that is not valid', async () => {
    const { kv, live, bindings, visit, host } = stage()
    kv.values.set('config', textAt('http://first.test'))
    await visit(0)
    const fetched = vi.fn(async () => textAt('http://first.test'))
    await live.offer(await tagOf('http://first.test'), fetched, bindings, NOW_MS)
    expect(fetched).not.toHaveBeenCalled()
    const replaced = [live.usedHash]
    const newer = await tagOf('http://second.test', { version: 3, replaced })
    await live.offer(newer, async () => undefined, bindings, NOW_MS)
    await live.offer(newer, () => Promise.reject(new Error('The shard is away')), bindings, NOW_MS)
    expect(takeInternalErrors()).toMatchObject([{ place: 'document.fetch' }])
    const bad = await sha256Hex('{"origins":7}')
    await live.offer({ ...newer, version: 4, hash: bad }, async () => '{"origins":7}', bindings, NOW_MS)
    expect(host()).toBe('first.test')
  })

  it('that a newer one overtakes while it is fetched is not used', async () => {
    const { live, bindings, host } = stage()
    const [first, second] = [
      await tagOf('http://first.test'),
      await tagOf('http://second.test', { version: 3 }),
    ]
    await live.offer(
      first,
      async () => {
        await live.offer(second, async () => undefined, bindings, NOW_MS)
        return textAt('http://first.test')
      },
      bindings,
      NOW_MS,
    )
    expect(host()).toBe('bundled.test')
  })

  it('is noted where its writer is of a newer protocol', async () => {
    const { live, bindings } = stage()
    await live.offer(
      { ...(await tagOf('http://first.test')), protocol: 999 },
      async () => undefined,
      bindings,
      NOW_MS,
    )
    expect(takeInternalErrors()).toMatchObject([
      { place: 'protocol.newer', message: expect.stringContaining('tag') },
    ])
  })
})

it('a document that an offered one replaces while it is parsed is not used', async () => {
  const { kv, live, bindings, visit, host } = stage()
  await visit(0)
  const flag = { variants: { on: true, off: false }, off: 'off' }
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`flag-${at}`, flag]))
  const text = JSON.stringify({ ...JSON.parse(textAt('http://second.test')), flags: many })
  kv.values.set('config', text)
  const replaced = [await sha256Hex(text)]
  const third = textAt('http://third.test')
  const tag = { version: 3, hash: await sha256Hex(third), atMs: NOW_MS, replaced, inKv: true }
  let waits = 0
  vi.spyOn(scheduler, 'wait').mockImplementation(async () => {
    if (waits++ === 0) await live.offer(tag, async () => third, bindings, NOW_MS + 30_000)
  })
  await visit(30_000)
  expect(waits).toBeGreaterThan(0)
  expect(host()).toBe('third.test')
})

it('a cold isolate parses without a rest: its visitors wait for the document', async () => {
  const { kv, visit, host } = stage()
  const flag = { variants: { on: true, off: false }, off: 'off' }
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`flag-${at}`, flag]))
  kv.values.set('config', JSON.stringify({ ...JSON.parse(textAt('http://first.test')), flags: many }))
  const wait = vi.spyOn(scheduler, 'wait')
  await visit(0)
  expect(host()).toBe('first.test')
  expect(wait).not.toHaveBeenCalledWith(0)
})

it('a document of more than six megabytes that is not valid is read again after a minute, a smaller one as usual', async () => {
  for (const [bytes, reads] of [
    [6_000_000, [0, 30, 60, 90]],
    [6_000_001, [0, 60]],
  ] as const) {
    const { kv, visit } = stage()
    kv.values.set('config', '{'.repeat(bytes))
    const read: number[] = []
    for (const seconds of [0, 30, 60, 90]) {
      kv.reads.length = 0
      await visit(seconds * 1_000)
      if (kv.reads.includes('config')) read.push(seconds)
    }
    expect(read).toEqual(reads)
  }
})

it('a document that KV shows after the Controller brought it is the one in use', async () => {
  const { kv, live, bindings, visit } = stage()
  await visit(0)
  const text = textAt('http://second.test')
  const tag = { version: 2, hash: await sha256Hex(text), atMs: NOW_MS, replaced: [], inKv: true }
  await live.offer(tag, async () => text, bindings, NOW_MS)
  const { snapshot } = live.last
  kv.values.set('config', text)
  await visit(30_000)
  await visit(60_000)
  expect([live.last.snapshot === snapshot, live.report.source, live.seenHash]).toEqual([
    true,
    'pushed',
    tag.hash,
  ])
})

it('a document is decoded as other readers of KV do: a byte order mark is none of it, what is not UTF-8 is replaced', () => {
  const decoded = (...bytes: number[]) => textOf({ fingerprint: '', bytes: new Uint8Array(bytes).buffer })
  expect(decoded(0xef, 0xbb, 0xbf, 0x7b, 0x7d)).toBe('{}')
  expect(decoded(0x7b, 0xff, 0x7d)).toBe('{\ufffd}')
})
