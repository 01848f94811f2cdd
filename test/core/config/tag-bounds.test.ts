/** Which document is newer, at both sides of every delay. */
import { expect, it } from 'vitest'
import {
  type DocumentTag,
  isBehind,
  isOvertaken,
  isStale,
  KV_STALE_MS,
  MOST_REPLACED,
} from '../../../src/core/config/document-tag.ts'

const tag = (parts: Partial<DocumentTag> = {}): DocumentTag => ({
  version: 5,
  hash: 'five',
  atMs: 1_000,
  replaced: ['four'],
  inKv: true,
  ...parts,
})
const inUse = (hash: string, sinceMs: number, source: 'kv' | 'pushed' | 'bundled' = 'kv') => ({
  hash,
  source,
  sinceMs,
})

it('an isolate is behind', () => {
  const behind = (hash: string, sinceMs: number, nowMs: number, parts?: Partial<DocumentTag>) =>
    isBehind(inUse(hash, sinceMs), tag(parts), nowMs)
  expect([behind('four', 999, 1_001), behind('four', 1_000, 1_001)]).toEqual([true, false])
  expect([behind('four', 2_000, 6_999), behind('four', 2_000, 7_000)]).toEqual([false, true])
  expect([behind('four', 2_000, 2_001, { inKv: false }), behind('three', 0, 9_999)]).toEqual([true, false])
  expect([behind('five', 0, 9_999), behind('four', 0, 9_999, { version: 0 })]).toEqual([false, false])
  for (const source of ['pushed', 'bundled'] as const)
    expect(isBehind(inUse('three', 0, source), tag(), 1)).toBe(true)
})

it('a text in KV is a late sighting', () => {
  const stale = (afterMs: number, parts?: Partial<DocumentTag>, hash = 'four') =>
    isStale(hash, tag(parts), 500, 500 + afterMs, KV_STALE_MS)
  expect([
    stale(89_999),
    stale(90_000),
    stale(1e9, { inKv: false }),
    stale(0, {}, 'three'),
    stale(0, { replaced: ['five'] }, 'five'),
  ]).toEqual([true, false, true, false, false])
  expect([KV_STALE_MS, MOST_REPLACED]).toEqual([90_000, 20])
})

it('a tag is overtaken by a higher version that is not older', () => {
  const by = (version: number, atMs: number) => isOvertaken(tag(), tag({ version, atMs }))
  expect([by(6, 1_000), by(6, 1_001), by(6, 999), by(5, 2_000), by(4, 2_000)]).toEqual([
    true,
    true,
    false,
    false,
    false,
  ])
})
