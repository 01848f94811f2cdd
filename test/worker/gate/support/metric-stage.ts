/** A gate whose flag `look` compares three variants by metrics, and what it flushes. Outcomes are not gathered first. */

import { vi } from 'vitest'
import type { MetricBatch } from '../../../../src/core/counters/metrics/metric-batch.ts'
import { type FlushMessage, type FlushReply, PROTOCOL } from '../../../../src/core/counters/protocol.ts'
import { compileSalt, positionOfKey } from '../../../../src/core/flags/position.ts'
import { createGate } from '../../../../src/gate/gate.ts'
import type { Env } from '../../../../src/platform/env.ts'
import { gateVisitors } from '../../../../test-kit/traffic/visitor-ids.ts'
import { environment, SHOP, stubOrigins } from './stage.ts'

const wait = scheduler.wait.bind(scheduler)

export const visitor = await gateVisitors('test-signing-key')
export const names = Array.from({ length: 12 }, (_, number) => `visitor-${number}`)
export const cookieOf = (name: string) => ({
  cookie: visitor(name).cookie,
  'cf-connecting-ip': '203.0.113.7',
})
export const position = (name: string, salt = 'look') => positionOfKey(compileSalt(salt), visitor(name).key)

export const MEASURING = {
  ...SHOP,
  context: { targetingKey: { header: 'x-user-id' } },
  metrics: {
    order: { request: { path: '/order/confirmed', status: 200 } },
    basket: { type: 'count', request: { path: '/basket/*', method: 'POST' } },
  },
  routes: [{ path: '/look/*', flag: 'look', origins: { a: 'old', b: 'new', c: 'other' } }, ...SHOP.routes],
  flags: {
    ...SHOP.flags,
    look: {
      variants: { a: 'a', b: 'b', c: 'c' },
      off: 'a',
      rules: [
        { name: 'staff', when: [{ attribute: 'query.staff', op: 'exists' }], serve: 'b' },
        { serve: { a: 34, b: 33, c: 33 } },
      ],
      experiment: { primary: 'order', metrics: ['basket'] },
    },
  },
}

export function stageMetrics(document: object = MEASURING, bindings: Partial<Env> = {}, protocol = PROTOCOL) {
  vi.spyOn(scheduler, 'wait').mockImplementation(() => wait(0))
  const gate = createGate({ bundled: document })
  const batches: MetricBatch[] = []
  const messages: FlushMessage[] = []
  const flush = async (message: FlushMessage): Promise<FlushReply> => {
    messages.push(structuredClone(message))
    if (message.metrics !== undefined) batches.push(structuredClone(message.metrics))
    return {
      protocol,
      epoch: 0,
      state: undefined,
      document: undefined,
      intervalMs: 1,
      shards: 1,
      sampleQuota: 0,
    }
  }
  const env = {
    ...environment,
    SIGNING_KEY: 'test-signing-key',
    COUNTERS: { idFromName: () => '', get: () => ({ flush }) },
    ...bindings,
  } as unknown as Env
  const work: Promise<unknown>[] = []
  const visit = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const response = await gate.handle(new Request(`https://shop.test${path}`, { headers, method }), env, {
      waitUntil: (each) => void work.push(each),
    })
    // What is watched until its end is watched for ever where it is not read.
    return new Response(await response.text(), response)
  }
  const flushed = async () => {
    while (work.length > 0) await Promise.all(work.splice(0))
    return batches
  }
  const exposed = async () =>
    (await flushed()).flatMap(({ groups }) =>
      groups.flatMap(({ variant, exposed }) =>
        exposed.filter((_, at) => at % 2 === 0).map((at) => [variant, at] as const),
      ),
    )
  const events = async () =>
    (await flushed()).flatMap(({ groups }) =>
      groups.flatMap(({ variant, events }) =>
        events.map(([metric, at, , value]) => [metric, variant, at, value]),
      ),
    )
  const refused = async () =>
    (await flushed()).map((batch) => batch.refused).find((each) => each !== undefined)
  return { gate, env, work, visit, flushed, exposed, events, refused, messages }
}
export const variantServed = (response: Response) => response.text()
export const answering = (status = 200) =>
  stubOrigins(
    ({ url }) =>
      new Response({ 'old.test': 'a', 'new.test': 'b', 'other.test': 'c' }[new URL(url).host], { status }),
  )
