/** Messages of older versions, and of a version that is still to come, as the gate's parts take them. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { parseControlState } from '../../../src/core/config/control.ts'
import type { FlushMessage, FlushReply, ForwardMessage } from '../../../src/core/counters/protocol.ts'
import { PROTOCOL } from '../../../src/core/counters/protocol.ts'
import { LiveConfig } from '../../../src/gate/config/live-config.ts'
import { Reporter } from '../../../src/gate/reporting/reporter.ts'
import { Sampler } from '../../../src/gate/reporting/sampler.ts'
import { bundledDocument } from '../../../src/platform/bundled-document.ts'
import type { Env } from '../../../src/platform/env.ts'
import { internalErrors } from '../../../src/platform/internal-errors.ts'
import protocol0 from '../../vectors/protocol-0.json' with { type: 'json' }
import protocol1 from '../../vectors/protocol-1.json' with { type: 'json' }
import protocol2 from '../../vectors/protocol-2.json' with { type: 'json' }
import protocol3 from '../../vectors/protocol-3.json' with { type: 'json' }
import protocol4 from '../../vectors/protocol-4.json' with { type: 'json' }
import { admin } from '../support/admin.ts'
import { controller } from '../support/controller.ts'

const recordings = [protocol0, protocol1, protocol2, protocol3, protocol4].map(
  ({ flushes, forwards }, number) => ({
    number,
    flushes: flushes as unknown as { message: FlushMessage; reply: FlushReply }[],
    forwards: forwards as unknown as { message: ForwardMessage }[],
  }),
)

/** An isolate flushes once, to a shard that gives this reply. */
async function flushOnce(reply: FlushReply) {
  const sent: FlushMessage[] = []
  const asked: number[] = []
  const shard = {
    flush: async (message: FlushMessage) => {
      sent.push(message)
      return reply
    },
    documentText: async (version: number) => {
      asked.push(version)
      return undefined
    },
  }
  const live = new LiveConfig(bundledDocument)
  const reporter = new Reporter(live, new Sampler())
  const work: Promise<unknown>[] = []
  reporter.stayInTouch({
    env: { ...env, COUNTERS: { idFromName: () => '', get: () => shard } } as unknown as Env,
    place: { colo: 'local' },
    nowMs: Date.now(),
    waitUntil: (promise) => work.push(promise),
  })
  await Promise.all(work)
  return { sent, asked, live }
}

const namesOf = (messages: readonly object[]) => [...new Set(messages.flatMap(Object.keys))]

describe.each(recordings)('messages of protocol $number', ({ number, flushes, forwards }) => {
  it('a flush has every field of theirs, and its own number', async () => {
    const { sent } = await flushOnce({ ...(flushes[0] as { reply: FlushReply }).reply })
    const [message] = sent
    expect(message?.protocol).toBe(PROTOCOL)
    expect(Object.keys(message ?? {})).toEqual(
      // Left out here, where nothing has gone wrong.
      expect.arrayContaining(
        namesOf(flushes.map(({ message: { internalErrors: _, shadow: _1, ...rest } }) => rest)),
      ),
    )
  })

  it('an isolate learns from their replies', async () => {
    await Promise.all(
      flushes.map(async ({ reply }) => {
        const { live, asked } = await flushOnce(reply)
        if (reply.state) expect(live.controlState).toEqual(reply.state)
        const { version = 0 } = reply.document ?? {}
        expect(asked).toEqual(version === 0 ? [] : [version])
      }),
    )
  })

  it('the Controller counts what their shards forward, and answers with every field they read', async () => {
    const counted = async () =>
      (await controller.status()).cells.reduce((sum, { requests }) => sum + requests, 0)
    const before = await counted()
    const requests = forwards
      .flatMap(({ message }) => message.cells)
      .reduce((sum, cell) => sum + cell.requests, 0)
    for (const { message } of forwards) {
      const reply = await controller.forward({ ...message, shard: `of-protocol-${number}` })
      const fields = ['epoch', 'state', 'document', 'intervalMs', 'sampleQuota', 'protocol']
      expect(Object.keys(reply)).toEqual(expect.arrayContaining(fields))
    }
    expect((await counted()) - before).toBe(requests)
    expect((await controller.status()).tag.protocol).toBe(PROTOCOL)
  })
})

it('the state in KV has a number', async () => {
  await admin.call('commandFlag', { params: { flag: 'new-shop', verb: 'pause' }, body: {} })
  const written = async () => parseControlState(await env.GATE.get('state'))
  await expect.poll(written).toMatchObject({ ok: true, value: { protocol: PROTOCOL } })
})

it('a reply of a newer version is taken as far as it is known, and noted', async () => {
  const [{ flushes } = { flushes: [] }] = recordings
  const [{ reply } = { reply: undefined }] = flushes.filter((each) => each.reply.state !== undefined)
  const newer = { ...(reply as FlushReply), protocol: PROTOCOL + 1, isOfTomorrow: true }
  const { live } = await flushOnce(newer)
  expect(live.controlState).toEqual(reply?.state)
  expect(internalErrors().map(({ place }) => place)).toContain('protocol.newer')
})
