import { describe, expect, it } from 'vitest'
import { type DocumentTag, isBehind, isOvertaken, isStale } from '../../../src/core/config/document-tag.ts'

const tag = (parts: Partial<DocumentTag> = {}): DocumentTag => ({
  version: 5,
  hash: 'five',
  atMs: 50_000,
  replaced: ['four', 'three'],
  inKv: true,
  ...parts,
})
const using = (hash: string, source: 'kv' | 'bundled' | 'pushed', sinceMs = 0) => ({ hash, source, sinceMs })

describe('an isolate fetches the document that it is told of', () => {
  it('when it uses what was built in, or what that has replaced', () => {
    expect(isBehind(using('', 'bundled'), tag(), 60_000)).toBe(true)
    expect(isBehind(using('four', 'pushed'), tag(), 60_000)).toBe(true)
    expect(isBehind(using('four', 'kv'), tag(), 60_000)).toBe(true)
  })

  it('not when it has it, nor when nothing has ever been published', () => {
    expect(isBehind(using('five', 'pushed'), tag(), 60_000)).toBe(false)
    expect(isBehind(using('', 'bundled'), tag({ version: 0, hash: '' }), 60_000)).toBe(false)
  })

  it('not when KV shows it one that the Controller has yet to hear of', () => {
    expect(isBehind(using('six', 'kv', 55_000), tag(), 60_000)).toBe(false)
    // Version four was written again: that is news, for a while.
    expect(isBehind(using('four', 'kv', 55_000), tag(), 56_000)).toBe(false)
    expect(isBehind(using('four', 'kv', 55_000), tag(), 61_000)).toBe(true)
  })
})

describe('a text in KV is stale', () => {
  it('when it has been replaced and KV may still show it', () => {
    expect(isStale('four', tag(), 50_000, 60_000, 90_000)).toBe(true)
    expect(isStale('four', tag(), 50_000, 150_000, 90_000)).toBe(false)
    expect(isStale('four', tag({ inKv: false }), 50_000, 999_999, 90_000)).toBe(true)
  })

  it('not when it is the one in force, or one that is not known', () => {
    expect(isStale('five', tag(), 50_000, 50_001, 90_000)).toBe(false)
    expect(isStale('six', tag({ inKv: false }), 50_000, 50_001, 90_000)).toBe(false)
  })
})

it('a tag is overtaken by a later one, but never by one of a Controller that begins again', () => {
  expect(isOvertaken(tag({ version: 4, atMs: 40_000 }), tag())).toBe(true)
  expect(isOvertaken(tag({ version: 6, atMs: 60_000 }), tag())).toBe(false)
  expect(isOvertaken(tag({ inKv: false }), tag())).toBe(false)
  expect(isOvertaken(tag({ version: 1, atMs: 60_000 }), tag())).toBe(false)
})
