import { describe, expect, it } from 'vitest'
import { coloOf, intervalMsFor, shardName, shardsFor } from '../../../src/core/counters/back-pressure.ts'

describe('the interval', () => {
  it('is a second while a Durable Object can take it, and then as long as it needs to be', () => {
    expect(intervalMsFor(0)).toBe(1_000)
    expect(intervalMsFor(200)).toBe(1_000)
    expect(intervalMsFor(400)).toBe(2_000)
    expect(intervalMsFor(1e9)).toBe(30_000)
  })
})

describe('the shards of a colo', () => {
  it('are added until none is asked for more than it should be, whatever there were', () => {
    for (const isolates of [1, 150, 201, 1_000, 10_000, 38_000]) {
      let shards = 1
      for (let round = 0; round < 20; round++) shards = shardsFor(Math.ceil(isolates / shards), shards)
      expect(isolates / shards, `${isolates} isolates`).toBeLessThanOrEqual(200)
    }
  })

  it('are taken away when isolates are gone, down to one', () => {
    let shards = 64
    for (let round = 0; round < 20; round++) shards = shardsFor(Math.ceil(10 / shards), shards)
    expect(shards).toBe(1)
  })

  it('stay as they are once they are right: no isolate wanders', () => {
    for (let isolates = 1; isolates < 20_000; isolates += 97) {
      let shards = 1
      for (let round = 0; round < 20; round++) shards = shardsFor(Math.ceil(isolates / shards), shards)
      expect(shardsFor(Math.ceil(isolates / shards), shards)).toBe(shards)
    }
  })

  it('share isolates about evenly, and say which colo they are of', () => {
    const counts = new Map<string, number>()
    for (let index = 0; index < 4_000; index++) {
      const name = shardName('FRA', `isolate-${index}`, 8)
      expect(coloOf(name)).toBe('FRA')
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    expect([...counts.keys()].toSorted()).toEqual(['FRA', ...[1, 2, 3, 4, 5, 6, 7].map((n) => `FRA#${n}`)])
    expect(Math.min(...counts.values())).toBeGreaterThan(400)
    expect(shardName('FRA', 'anybody', 1)).toBe('FRA')
  })
})
