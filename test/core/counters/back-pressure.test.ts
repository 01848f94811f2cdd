import { describe, expect, it } from 'vitest'
import {
  coloOf,
  flushIntervalMsFor,
  intervalMsFor,
  shardName,
  shardsFor,
} from '../../../src/core/counters/load/back-pressure.ts'

describe('the interval', () => {
  it('is a second while a Durable Object can take it, and then as long as it needs to be', () => {
    expect(intervalMsFor(0)).toBe(1_000)
    expect(intervalMsFor(200)).toBe(1_000)
    expect(intervalMsFor(400)).toBe(2_000)
    expect(intervalMsFor(401)).toBe(2_005)
    expect(intervalMsFor(400.1)).toBe(2_001)
    expect(intervalMsFor(1e9)).toBe(30_000)
  })
})

describe('the interval of flushes', () => {
  it('brings a shard something every second, and lets isolates rest where there are several', () => {
    expect([0, 1, 2, 3, 4, 200, 400, 800].map(flushIntervalMsFor)).toEqual([
      1_000, 1_000, 1_000, 1_500, 1_800, 1_800, 2_000, 4_000,
    ])
  })
})

describe('the shards of a colo', () => {
  it('are added until none has more isolates than it should, whatever there were', () => {
    for (const isolates of [1, 150, 201, 1_000, 10_000, 38_000]) {
      for (const shards of [1, 2, 3, 16, 256]) {
        expect(isolates / shardsFor(isolates, shards), `${isolates} isolates`).toBeLessThanOrEqual(200)
      }
    }
  })

  it('are taken away when isolates are gone, down to one', () => {
    expect(shardsFor(10, 64)).toBe(1)
    expect(shardsFor(400, 64)).toBe(4)
  })

  it.each([
    ['as many as a shard takes', 200, 1, 1],
    ['one more', 201, 1, 2],
    ['of which each of two has 150', 300, 1, 2],
    ['of which each of two would have more', 301, 1, 4],
    ['as few as a shard may have', 100, 2, 2],
    ['one fewer', 99, 2, 1],
    ['few, in a colo with one shard', 3, 1, 1],
    ['more than any colo has', 1e6, 1, 256],
  ])('%s: %d isolates of %d shards choose among %d', (_, isolates, shards, expected) => {
    expect(shardsFor(isolates, shards)).toBe(expected)
  })

  it('stay as they are once they are right, also where there are a few isolates more or less: none wanders', () => {
    for (let isolates = 1; isolates < 20_000; isolates += 97) {
      const shards = shardsFor(isolates, 1)
      for (const share of [0.8, 1, 1.2]) {
        const others = shards === 1 ? Math.min(200, isolates * share) : isolates * share
        expect(shardsFor(others, shards), `${isolates} isolates`).toBe(shards)
      }
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
