import { expect, it } from 'vitest'
import { fingerprintOf, SeenIds } from '../../../../src/core/metrics/ledger/seen-ids.ts'

const MOST = 131_072

it('knows the last 131,072 at least, and twice as many at most, over a restart as well', () => {
  const rows = new Map<number, Uint8Array>()
  const ids = new SeenIds()
  const save = () => {
    for (const block of ids.dirtyBlocks) rows.set(block, ids.blockBytes(block).slice())
    ids.dirtyBlocks.clear()
  }
  const all = 2 * MOST + 1_000
  for (let id = 1; id <= all; id++) {
    ids.add(fingerprintOf(7, 1, id))
    if (id % 50_000 === 0) save()
  }
  save()
  expect([...rows.values()].every(({ byteLength }) => byteLength <= 65_536)).toBe(true)
  // Two generations of 16 blocks: their numbers never come to those of visitors' pages.
  expect([...rows.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 32 }, (_, block) => block))
  const restarted = new SeenIds()
  restarted.restore(
    [...rows].sort(([a], [b]) => a - b),
    ids.current,
  )
  for (const each of [ids, restarted]) {
    const known = (id: number) => each.has(fingerprintOf(7, 1, id))
    expect([1, MOST, MOST + 1, all, all + 1].map(known)).toEqual([false, false, true, true, false])
    expect(each.bytes).toBeLessThan(8_000_000)
  }
  restarted.add(fingerprintOf(7, 1, all + 1))
  expect(restarted.has(fingerprintOf(7, 1, all + 1))).toBe(true)
})

it('tells visitors, metrics and keys apart', () => {
  const seen = new Set<number>()
  for (let position = 0; position < 40; position++)
    for (let metric = 0; metric < 10; metric++)
      for (let id = 1; id <= 40; id++) seen.add(fingerprintOf(position, metric, id))
  expect(seen.size).toBe(16_000)
  expect([...seen].every((each) => Number.isSafeInteger(each) && each > 0)).toBe(true)
})
