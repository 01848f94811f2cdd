import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { raw, shops, withShops } from './shops.ts'

withShops()

describe('WebSocket', () => {
  const open = async (protocols: string[] = []) => {
    const socket = new WebSocket(`${shops.new.url.replace('http', 'ws')}/ws`, protocols)
    socket.binaryType = 'arraybuffer'
    await once(socket, 'open')
    return socket
  }
  const echoed = async (socket: WebSocket, message: string | Uint8Array<ArrayBuffer>) => {
    socket.send(message)
    const [event] = (await once(socket, 'message')) as [MessageEvent]
    return event.data
  }

  it.each([0, 1, 125, 126, 65_535, 65_536, 1_000_000])(
    'sends %i bytes back, as text and as bytes',
    async (length) => {
      const socket = await open()
      const bytes = Uint8Array.from({ length }, (_, index) => index % 256)
      expect(await echoed(socket, 'ä'.repeat(length))).toBe('ä'.repeat(length))
      expect(Buffer.from(await echoed(socket, bytes)).equals(bytes)).toBe(true)
      socket.close(4001, 'done')
      const [event] = (await once(socket, 'close')) as [CloseEvent]
      expect([event.code, event.reason, event.wasClean]).toEqual([4001, 'done', true])
    },
  )

  it('takes the first of the protocols offered', async () => {
    const socket = await open(['chat', 'other'])
    expect(socket.protocol).toBe('chat')
    socket.close()
  })

  /** Sends frames by hand and returns all that comes back after the handshake, as hex. */
  async function frames(hex: string): Promise<string> {
    const socket = connect(shops.new.port, '127.0.0.1')
    const key = Buffer.alloc(16).toString('base64')
    const lines = ['GET /ws HTTP/1.1', 'Host: shop', 'Connection: Upgrade', 'Upgrade: websocket']
    const handshake = [...lines, 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${key}`].join('\r\n')
    socket.write(
      Buffer.concat([Buffer.from(`${handshake}\r\n\r\n`), Buffer.from(hex.replaceAll(' ', ''), 'hex')]),
    )
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk)
    const all = Buffer.concat(chunks)
    return all.subarray(all.indexOf('\r\n\r\n') + 4).toString('hex')
  }
  const CLOSE = '8882 00000000 03e8'
  const closedWith = (code: number) => `${code.toString(16).padStart(4, '0')}`

  it('answers a ping between the fragments of a message', async () => {
    const sent = `0181 00000000 61 8981 00000000 70 8081 00000000 62 ${CLOSE}`
    expect(await frames(sent)).toBe('8a0170' + '81026162' + '880203e8')
  })

  it.each([
    ['an unmasked frame', '8101 61', 1002],
    ['reserved bits', 'c181 00000000 61', 1002],
    ['an unknown opcode', '8381 00000000 61', 1002],
    ['a ping in fragments', '0981 00000000 61', 1002],
    ['a long ping', '89fe 007e 00000000', 1002],
    ['a continuation of nothing', '8081 00000000 61', 1002],
    ['a message inside another', '0181 00000000 61 8181 00000000 62', 1002],
    ['half a close code', '8881 00000000 03', 1002],
    ['text that is not UTF-8', '8181 00000000 ff', 1007],
    ['a length beyond all memory', '82ff 7fffffffffffffff 00000000', 1009],
  ])('closes on %s', async (_, hex, code) => {
    const answer = await frames(hex)
    expect(answer.slice(0, 2)).toBe('88')
    expect(answer.slice(4, 8)).toBe(closedWith(code))
  })

  it('refuses other versions and other paths', async () => {
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': 'x' }
    const wrongVersion = await raw('/ws', { ...upgrade, 'sec-websocket-version': '12' })
    expect(wrongVersion.response.statusCode).toBe(426)
    expect(wrongVersion.response.headers).toMatchObject({
      'sec-websocket-version': '13',
      'x-shop-version': 'new',
    })
    expect((await raw('/ws', { ...upgrade, 'sec-websocket-version': '13' })).response.statusCode).toBe(400)
    expect((await raw('/', upgrade)).response.statusCode).toBe(404)
  })

  it('misbehaves as told', async () => {
    shops.new.behave({ errorRate: 1 })
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket' }
    expect((await raw('/ws', upgrade)).response.statusCode).toBe(500)
    shops.new.behave({ errorRate: 0, reset: true })
    await expect(raw('/ws', upgrade)).rejects.toThrow(/hang up|ECONNRESET/)
  })
})
