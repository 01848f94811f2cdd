import { afterEach, describe, expect, it } from 'vitest'
import { relayMessages } from '../../../../src/gate/streams/web-socket-relay.ts'

const opened: WebSocket[] = []
afterEach(() => {
  for (const socket of opened.splice(0)) socket.close()
})

/** One end of a connection: what it has received, and how it was closed. */
function end(socket: WebSocket) {
  const messages: unknown[] = []
  const closed = new Promise<[code: number, reason: string, wasClean: boolean]>((resolve) =>
    socket.addEventListener('close', ({ code, reason, wasClean }) => resolve([code, reason, wasClean])),
  )
  socket.binaryType = 'arraybuffer'
  socket.accept()
  socket.addEventListener('message', ({ data }) => messages.push(data))
  opened.push(socket)
  return { socket, messages, closed }
}

function relayed() {
  const pair = new WebSocketPair()
  const relay = relayMessages(pair[0])
  return { relay, origin: end(pair[1]), visitor: end(relay.visitor) }
}

const arrived = async (messages: unknown[], count: number) => {
  while (messages.length < count) await scheduler.wait(5)
  return messages
}

describe('a relayed WebSocket', () => {
  it('carries text and bytes of any length both ways, in order', async () => {
    const { origin, visitor } = relayed()
    const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256)
    const sent = ['', 'one', '€😀\u0000', 'x'.repeat(300_000), new Uint8Array(0), bytes]
    for (const [from, to] of [
      [origin, visitor],
      [visitor, origin],
    ] as const) {
      for (const each of sent) from.socket.send(each)
      const received = await arrived(to.messages, sent.length)
      expect(received.map((each) => (typeof each === 'string' ? each : each instanceof ArrayBuffer))).toEqual(
        sent.map((each) => (typeof each === 'string' ? each : true)),
      )
      expect(new Uint8Array(received[5] as ArrayBuffer)).toEqual(bytes)
    }
  })

  it.each([
    [1000, 'done'],
    [1001, ''],
    [1011, 'x'.repeat(120)],
    [3000, 'ä'],
    [4999, 'last'],
  ])('is closed with code %i and its reason, by either side', async (code, reason) => {
    for (const closer of ['origin', 'visitor'] as const) {
      const stage = relayed()
      stage[closer].socket.close(code, reason)
      expect(await stage[closer === 'origin' ? 'visitor' : 'origin'].closed).toEqual([code, reason, true])
      expect(await stage[closer].closed).toEqual([code, reason, true])
      while (stage.relay.state !== 'closed') await scheduler.wait(5)
    }
  })

  it('is closed without a code where it was', async () => {
    const { origin, visitor } = relayed()
    visitor.socket.close()
    expect(await origin.closed).toEqual([1005, '', true])
  })

  it('brings what was sent before it was closed', async () => {
    const { origin, visitor } = relayed()
    for (let count = 0; count < 100; count++) origin.socket.send(String(count))
    origin.socket.close(1000, 'done')
    await visitor.closed
    expect(visitor.messages).toHaveLength(100)
  })

  it('closes both sides when it is told to, once', async () => {
    const { relay, origin, visitor } = relayed()
    expect(relay.state).toBe('open')
    relay.close(1012, 'Service Restart')
    relay.close(1000, 'again')
    expect(await Promise.all([origin.closed, visitor.closed])).toEqual([
      [1012, 'Service Restart', true],
      [1012, 'Service Restart', true],
    ])
    while (relay.state !== 'closed') await scheduler.wait(5)
  })
})
