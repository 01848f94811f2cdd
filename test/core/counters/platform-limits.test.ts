/** Which limit of the platform an exception tells of, and since when. */
import { expect, it } from 'vitest'
import {
  limitPlace,
  limitText,
  platformLimitIn,
  reachedLimits,
} from '../../../src/core/counters/platform-limits.ts'

it.each([
  ['Exceeded allowed volume of requests in Durable Objects free tier.', 'durable-object-requests'],
  ['Exceeded allowed duration in Durable Objects free tier.', 'durable-object-duration'],
  ['Exceeded allowed rows written in Durable Objects free tier.', 'durable-object-rows'],
  ['Exceeded allowed rows read in Durable Objects free tier.', 'durable-object-rows'],
  ['Exceeded allowed Rows written in Durable Objects free tier.', 'durable-object-rows'],
  ["Exceeded the account's spending cap for Durable Objects", 'durable-object-spending'],
  ['KV GET failed: 429 Too Many Requests', 'kv-reads'],
  ['KV get() limit exceeded for the day.', 'kv-reads'],
  ['KV put() limit exceeded for the day.', 'kv-writes'],
  // One write a second and key: not a limit of the day.
  ['KV PUT failed: 429 Too Many Requests', undefined],
  ['Durable Object is overloaded. Requests queued for too long.', undefined],
  ['Network connection lost.', undefined],
])('%j is %s', (message, limit) => {
  expect(platformLimitIn(message)).toBe(limit)
})

it('a limit means that changes come late, or that nothing is judged; visitors are served', () => {
  const served = 'of the plan are used up until midnight UTC: visitors are served as before,'
  expect(limitText('kv-writes')).toBe(`kv-writes ${served} changes in KV are late`)
  expect(limitText('durable-object-rows')).toBe(`durable-object-rows ${served} nothing is counted or judged`)
})

it('limits are those since midnight UTC, when they are reset', () => {
  const midnightMs = Date.UTC(2026, 10, 30)
  const at = (place: string, firstAtMs: number, lastAtMs: number) => ({ place, firstAtMs, lastAtMs })
  const errors = [
    at(limitPlace('kv-reads'), midnightMs - 5_000, midnightMs - 1),
    at(limitPlace('kv-writes'), midnightMs - 5_000, midnightMs),
    at(limitPlace('durable-object-rows'), midnightMs + 10, midnightMs + 20),
    at('flush.send', midnightMs + 10, midnightMs + 20),
  ]
  expect(reachedLimits(errors, midnightMs + 60_000)).toEqual([
    { limit: 'kv-writes', firstAtMs: midnightMs, lastAtMs: midnightMs },
    { limit: 'durable-object-rows', firstAtMs: midnightMs + 10, lastAtMs: midnightMs + 20 },
  ])
})
