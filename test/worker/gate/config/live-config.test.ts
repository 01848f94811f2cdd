import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import type { DocumentTag } from '../../../../src/core/config/document-tag.ts'
import { LiveConfig } from '../../../../src/gate/config/live-config.ts'
import { sha256Hex } from '../../../../src/platform/crypto.ts'

const textOf = (url: string) =>
  JSON.stringify({ origins: { only: { url } }, routes: [{ path: '/*', origin: 'only' }] })

/** A document of a version, as the Controller tells of it. */
async function versionOf(version: number, atMs = version * 1_000) {
  const text = textOf(`http://version-${version}.test`)
  const tag: DocumentTag = { version, hash: await sha256Hex(text), atMs, replaced: [], inKv: false }
  return { tag, text }
}

async function liveWith(versions: readonly { tag: DocumentTag; text: string }[]): Promise<string> {
  const live = new LiveConfig(JSON.parse(textOf('http://bundled.test')))
  for (const { tag, text } of versions) await live.offer(tag, async () => text, env, Date.now())
  return live.last.snapshot.fallback.url
}

it('a document that is told of late does not replace a newer one', async () => {
  const [first, second] = [await versionOf(1), await versionOf(2)]
  expect(await liveWith([first])).toBe('http://version-1.test')
  expect(await liveWith([first, second])).toBe('http://version-2.test')
  expect(await liveWith([second, first])).toBe('http://version-2.test')
})

it('a Controller that has lost its memory is heard all the same', async () => {
  const [old, restarted] = [await versionOf(7), await versionOf(1, 60_000)]
  expect(await liveWith([old, restarted])).toBe('http://version-1.test')
})

it('a text that is not the one that was told of is not used', async () => {
  const { tag } = await versionOf(1)
  expect(await liveWith([{ tag, text: textOf('http://evil.test') }])).toBe('http://bundled.test')
})

it('what a slow read of KV shows does not undo what a later one has shown', async () => {
  const doc = (url: string) => new TextEncoder().encode(textOf(url)).buffer
  const [before, after] = [
    { config: doc('http://old.test'), closing: new Map([['kill', null]]) },
    { config: doc('http://new.test'), closing: new Map([['kill', '["*"]']]) },
  ]
  const slow = Promise.withResolvers<void>()
  const kvOf = ({ config, closing }: typeof before | typeof after, arrived?: Promise<void>) => ({
    get: async (key: string | string[]) => {
      await arrived
      return typeof key === 'string' ? config : closing
    },
  })
  const live = new LiveConfig(JSON.parse(textOf('http://bundled.test')))
  const read = (kv: object) => live.refreshNow({ ...env, GATE: kv as KVNamespace }, Date.now())
  const late = read(kvOf(before, slow.promise))
  await read(kvOf(after))
  const shown = () => [live.last.snapshot.fallback.url, live.killList]
  expect(shown()).toEqual(['http://new.test', ['*']])
  slow.resolve()
  await late
  expect(shown()).toEqual(['http://new.test', ['*']])
  await read(kvOf(before))
  expect(shown()).toEqual(['http://old.test', []])
})

it('megabytes of nonsense in KV are not read again and again, and what closes flags still is', async () => {
  const reads: (string | string[])[] = []
  const nonsense = new TextEncoder().encode('{'.repeat(7_000_000))
  const kv = {
    get: async (keys: string | string[]) => {
      reads.push(keys)
      return typeof keys === 'string' ? nonsense.buffer : new Map(keys.map((key) => [key, null]))
    },
  }
  const live = new LiveConfig(JSON.parse(textOf('http://bundled.test')))
  const work: Promise<unknown>[] = []
  const startMs = Date.now()
  for (const second of [0, 31, 62, 93]) {
    const gateEnv = { ...env, GATE: kv as unknown as KVNamespace, ENVIRONMENT: 'production' }
    await live.current(gateEnv, (each) => void work.push(each), startMs + second * 1_000)
    await Promise.all(work)
  }
  const closing = ['kill', 'state']
  expect(reads).toEqual(['config', closing, closing, 'config', closing, closing])
  expect(live.last.snapshot.fallback.url).toBe('http://bundled.test')
  await live.refreshNow({ ...env, GATE: kv as unknown as KVNamespace }, startMs + 400_000)
  expect(reads.slice(-2)).toContain('config')
})

it('is ready once it decides by what it has read: KV, or nothing where KV has nothing', async () => {
  const nothing = (key: string | string[]) =>
    typeof key === 'string' ? null : new Map(key.map((each) => [each, null]))
  const reading = async (get: (key: string | string[]) => unknown) => {
    const kv = { get: async (key: string | string[]) => get(key) }
    const live = new LiveConfig(JSON.parse(textOf('http://bundled.test')))
    const refresh = (next = kv) =>
      live.refreshNow({ ...env, GATE: next as unknown as KVNamespace }, Date.now())
    return { live, refresh }
  }
  const fail = () => {
    throw new Error('KV is away')
  }
  const bytes = (text: string) => new TextEncoder().encode(text).buffer
  const empty = await reading(nothing)
  expect(empty.live.unreadyReason).toBe('KV has not been read yet')
  await empty.refresh()
  expect(empty.live.unreadyReason).toBeUndefined()
  const away = await reading(fail)
  await away.refresh()
  expect(away.live.unreadyReason).toContain('KV is away')
  const invalid = await reading((key) => (typeof key === 'string' ? bytes('{') : nothing(key)))
  await invalid.refresh()
  expect(invalid.live.unreadyReason).toContain('the document in KV is invalid')
  const good = await reading((key) =>
    typeof key === 'string' ? bytes(textOf('http://kv.test')) : nothing(key),
  )
  await good.refresh()
  expect(good.live.unreadyReason).toBeUndefined()
  // What has been read stays in use while KV is away.
  await good.refresh({ get: async () => fail() })
  expect(good.live.unreadyReason).toBeUndefined()
})

/** KV that has a document, and the state of a rollout. */
async function held(percentage: number, written = textOf('http://second.test')) {
  const shown = { text: textOf('http://first.test') }
  const flags = { f: { generation: 1, stage: 0, split: 's', percentage } }
  const state = JSON.stringify({ epoch: 1, killed: [], kvKilled: [], namesSplits: true, flags })
  const kv = {
    get: async (key: string | string[]) =>
      typeof key === 'string' ? new TextEncoder().encode(shown.text).buffer : new Map([['state', state]]),
  }
  const live = new LiveConfig(JSON.parse(textOf('http://bundled.test')))
  const startMs = Date.now()
  const readAt = async (second: number) => {
    await live.refreshNow({ ...env, GATE: kv as unknown as KVNamespace }, startMs + second * 1_000)
    return live.last.snapshot.fallback.url
  }
  // An isolate that starts has no other document.
  expect(await readAt(0)).toBe('http://first.test')
  shown.text = written
  const hash = await sha256Hex(shown.text)
  const show = (text: string) => {
    shown.text = text
  }
  return { live, readAt, show, hash, startMs }
}

it('while a rollout runs, what was written to KV waits for the Controller, and not for ever', async () => {
  const { live, readAt, hash } = await held(5)
  expect(await readAt(1)).toBe('http://first.test')
  // By this the Controller hears of it.
  expect(live.seenHash).toBe(hash)
  expect(await readAt(10.9)).toBe('http://first.test')
  expect(await readAt(11)).toBe('http://second.test')
  expect(await (await held(100)).readAt(1)).toBe('http://second.test')
})

it('while a rollout runs, what is wrong with a text in KV is told at once', async () => {
  const { live, readAt, hash } = await held(5, '{"origins":')
  expect(await readAt(1)).toBe('http://first.test')
  expect(live.report.refused).toMatchObject([{ key: 'config', hash, problems: [{ path: '$' }] }])
  expect(live.seenHash).toBe(hash)
})

it('what has gone from KV is told of no more, and waits anew where it comes back', async () => {
  const { live, readAt, show, hash } = await held(5)
  await readAt(1)
  expect(live.seenHash).toBe(hash)
  show(textOf('http://first.test'))
  await readAt(2)
  expect(live.seenHash).toBe(live.usedHash)
  show(textOf('http://second.test'))
  expect(await readAt(60)).toBe('http://first.test')
  expect(await readAt(70)).toBe('http://second.test')
})

it('what the Controller names is used, and what it has refused is not', async () => {
  const named = await held(5)
  await named.readAt(1)
  const tag = { version: 2, hash: named.hash, atMs: named.startMs, replaced: [], inKv: true }
  await named.live.offer(tag, async () => undefined, env, named.startMs)
  expect(await named.readAt(2)).toBe('http://second.test')
  const refused = await held(5)
  const inForce = await sha256Hex(textOf('http://first.test'))
  const other = { ...tag, hash: inForce, replaced: [refused.hash], inKv: false }
  await refused.live.offer(other, async () => undefined, env, refused.startMs)
  expect(await refused.readAt(60)).toBe('http://first.test')
})
