/** Versions of the document in storage: found by number, listed newest first, the oldest dropped. */
import { expect, it } from 'vitest'
import { DocumentHistory, type VersionInfo } from '../../../../src/durable/storage/document-history.ts'
import { TextStore } from '../../../../src/durable/storage/text-store.ts'
import { withStorage } from '../../support/storage.ts'

const info = (version: number, bytes = 10): VersionInfo => ({
  version,
  hash: `hash ${version}`,
  atMs: version * 1_000,
  actor: 'Ada',
  reason: 'because',
  source: 'api',
  bytes,
})

const withHistory = (work: (history: DocumentHistory, texts: TextStore) => void) =>
  withStorage(({ sql }) => {
    const texts = new TextStore(sql)
    work(new DocumentHistory(sql, texts), texts)
  })

it('a version is found with its text; there is none of a number that was not published', () =>
  withHistory((history) => {
    expect(history.latest()).toBeUndefined()
    for (const version of [1, 2, 4]) history.add(info(version), `text ${version}`)
    expect(history.find(2)).toEqual({ info: info(2), text: 'text 2' })
    expect(history.find(3)).toBeUndefined()
    expect(history.find(5)).toBeUndefined()
    expect(history.latest()).toEqual(info(4))
    expect(history.list(2, undefined)).toEqual([info(4), info(2)])
    expect(history.list(9, 4)).toEqual([info(2), info(1)])
  }))

it('the newest 500 are kept', () =>
  withHistory((history, texts) => {
    for (let version = 1; version <= 502; version++) history.add(info(version), 'text')
    expect([history.find(2), texts.get('document 2')]).toEqual([undefined, undefined])
    expect(history.find(3)?.info.version).toBe(3)
    expect(history.list(1_000, undefined)).toHaveLength(500)
  }))

it('versions of 200 MB are kept, and the newest in any case', () =>
  withHistory((history) => {
    history.add(info(1, 100_000_000), 'text')
    history.add(info(2, 100_000_000), 'text')
    expect(history.find(1)).toBeDefined()
    history.add(info(3, 1), 'text')
    expect([1, 2, 3].map((version) => history.find(version) !== undefined)).toEqual([false, true, true])
    history.add(info(4, 300_000_000), 'text')
    expect(history.list(9, undefined).map(({ version }) => version)).toEqual([4])
  }))
