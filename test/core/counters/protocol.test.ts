/** Versions of the code that talk to each other: each message of an older one is read as by itself, and answered so. */
import { describe, expect, it } from 'vitest'
import {
  type ControlState,
  INITIAL_CONTROL_STATE,
  parseControlState,
} from '../../../src/core/config/control.ts'
import type { DocumentTag } from '../../../src/core/config/document-tag.ts'
import { type Cell, CellTable, withoutPeople } from '../../../src/core/counters/cell.ts'
import {
  type FlushMessage,
  type FlushReply,
  type ForwardMessage,
  type ForwardReply,
  isNewer,
  type Numbered,
  numbered,
  PROTOCOL,
} from '../../../src/core/counters/protocol.ts'
import { Shard } from '../../../src/core/counters/shard.ts'
import protocol0 from '../../vectors/protocol-0.json' with { type: 'json' }
import protocol1 from '../../vectors/protocol-1.json' with { type: 'json' }
import protocol2 from '../../vectors/protocol-2.json' with { type: 'json' }
import protocol3 from '../../vectors/protocol-3.json' with { type: 'json' }
import protocol4 from '../../vectors/protocol-4.json' with { type: 'json' }

type Exchange<Message, Reply> = { message: Message; reply: Reply }
/** Recordings of gates of older versions; their numbers are left out, since each version sends its own. */
const recordings = [protocol0, protocol1, protocol2, protocol3, protocol4].map((each, number) =>
  recordingOf(number, each),
)
const { flushes, states } = recordings[0] as Recording

type Recorded = Record<'flushes' | 'forwards', { message: object; reply: object }[]> & {
  tags: DocumentTag[]
  states: string[]
}
type Recording = ReturnType<typeof recordingOf>

function recordingOf(number: number, { flushes, forwards, tags, states }: Recorded) {
  return {
    number,
    flushes: flushes.map((each) => withoutNumber(each)) as unknown as Exchange<FlushMessage, FlushReply>[],
    forwards: forwards as unknown as Exchange<ForwardMessage, ForwardReply>[],
    tags,
    states,
  }
}

function withoutNumber<M extends { reply: object }>(exchange: M): M {
  const { protocol: _, ...reply } = exchange.reply as Numbered
  return { ...exchange, reply }
}

const NOW_MS = 1_795_980_400_000

/** A shard that knows what the one of the recording knew when it gave this reply. */
function shardBefore({ message, reply }: Exchange<FlushMessage, FlushReply>): Shard {
  const [{ forwards } = { forwards: [] }] = recordings
  const state: ControlState = reply.state ?? { ...INITIAL_CONTROL_STATE, epoch: reply.epoch }
  const tag = reply.document ?? { version: 1, hash: message.usedHash, atMs: 0, replaced: [], inKv: true }
  const shard = new Shard({ outbox: undefined, state, tag }, [])
  shard.forwarded(0, { ...(forwards[0]?.reply as ForwardReply), sampleQuota: reply.sampleQuota }, NOW_MS)
  return shard
}

/** As it travels: what is undefined is left out. */
const sent = <T>(message: T): T => JSON.parse(JSON.stringify(message))

describe.each(recordings)('protocol $number', ({ number, flushes, forwards, tags, states }) => {
  it('a flush is counted and answered as by its own release; the answer only has more fields', () => {
    for (const exchange of flushes) {
      const { reply } = shardBefore(exchange).take(exchange.message, NOW_MS)
      // Since 3 the interval follows the Controller's pace.
      const { intervalMs } = exchange.reply
      const expected = { ...exchange.reply, intervalMs: number < 3 ? intervalMs : expect.any(Number) }
      expect(sent(reply)).toMatchObject(expected)
      expect(reply.protocol).toBe(PROTOCOL)
    }
  })

  it('what shards forward of such flushes has every field that a Controller of its release reads', () => {
    for (const exchange of flushes) {
      const shard = shardBefore(exchange)
      shard.take(exchange.message, NOW_MS)
      const { message } = exchange
      const { seq: _, ...forward } = shard.startForward('local', NOW_MS)
      const { isolate, epoch, epochAtMs, usedHash, documentHash, killHash, samples, kvReadAtMs } = message
      const readAt = kvReadAtMs !== undefined && { kvReadAtMs }
      const said = { isolate, epoch, epochAtMs, usedHash, documentHash, killHash, ...readAt }
      const sighting = { ...said, seenAtMs: NOW_MS }
      expect(forward).toMatchObject({ shard: 'local', epoch: exchange.reply.epoch, samples })
      expect(forward.isolates).toEqual([sighting])
      expect(forward.cells.map(withoutPeople)).toEqual(
        new CellTable(message.cells).toList().map(withoutPeople),
      )
      expect(Object.keys(sent(forward))).toEqual(
        expect.arrayContaining(fieldsOf(forwards, 'seq', 'internalErrors', 'shadow')),
      )
    }
  })

  it('cells are added up as they are, and have every field that its release reads', () => {
    const cells = flushes.flatMap(({ message }) => message.cells)
    const sum = new CellTable(cells).toList()
    const requestsOf = (list: readonly Cell[]) => list.reduce((total, cell) => total + cell.requests, 0)
    expect(requestsOf(sum)).toBe(requestsOf(cells))
    // The networks and visitors of a cell are samples, in no order that counts.
    for (const cell of cells)
      expect(new CellTable([cell]).toList().map(withoutPeople)).toEqual([withoutPeople(cell)])
  })

  it('a reply to a forward teaches the shard the state, the document and the pace', () => {
    for (const { message, reply } of forwards) {
      const shard = new Shard({ outbox: undefined, state: undefined, tag: undefined }, [])
      shard.forwarded(message.seq, reply, NOW_MS)
      expect(shard.adoptState(reply.state)).toBe(reply.state !== undefined)
      expect(shard.adoptTag(reply.document)).toBe(reply.document !== undefined)
      if (reply.state) expect(shard.state).toEqual(reply.state)
      if (reply.document) expect(shard.tag).toEqual(reply.document)
    }
  })

  it('a tag tells isolates and shards which document is the newer one', () => {
    for (const tag of tags) {
      const shard = new Shard({ outbox: undefined, state: undefined, tag: undefined }, [])
      expect(shard.adoptTag(tag)).toBe(true)
      expect(shard.tag).toEqual(tag)
    }
  })

  it('each state in KV is read as it was written, and written so that its release reads the same', () => {
    expect(states.length).toBeGreaterThan(4)
    for (const text of states) {
      const parsed = parseControlState(text)
      expect(parsed).toEqual({ ok: true, value: JSON.parse(text) })
      if (parsed.ok) expect(numbered(parsed.value)).toEqual({ ...JSON.parse(text), protocol: PROTOCOL })
    }
  })
})

describe('a message of a protocol that is not known yet', () => {
  const fromTomorrow = { protocol: PROTOCOL + 1, isOfTomorrow: true }

  it('is read as far as it is known', () => {
    for (const exchange of flushes) {
      const { reply } = shardBefore(exchange).take({ ...exchange.message, ...fromTomorrow }, NOW_MS)
      expect(reply).toEqual(shardBefore(exchange).take(exchange.message, NOW_MS).reply)
    }
    const [text = ''] = states
    const parsed = parseControlState(JSON.stringify({ ...JSON.parse(text), ...fromTomorrow }))
    expect(parsed).toEqual({ ok: true, value: { ...JSON.parse(text), protocol: PROTOCOL + 1 } })
  })

  it('is told apart', () => {
    expect([{}, { protocol: 0 }, numbered({}), fromTomorrow].map(isNewer)).toEqual([
      false,
      false,
      false,
      true,
    ])
  })
})

/** The fields that any of the recorded messages has, but for some. */
function fieldsOf(exchanges: readonly { message: object }[], ...except: string[]): string[] {
  const names = new Set(exchanges.flatMap(({ message }) => Object.keys(message)))
  return [...names].filter((name) => !except.includes(name))
}
