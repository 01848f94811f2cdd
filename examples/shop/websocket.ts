/**
 * The small server side of WebSockets (RFC 6455) that a demo needs: it sends each message back as one frame.
 * A frame is read field by field through a reader that waits for as many bytes as are asked for, so the code
 * follows the picture in section 5.2.
 */
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const CONTINUATION = 0x0
const TEXT = 0x1
const BINARY = 0x2
const CLOSE = 0x8
const PING = 0x9
const PONG = 0xa
/** A message is held in memory until it is whole. */
const LARGEST_MESSAGE_BYTES = 64 * 1024 * 1024

/** Why a connection ends, in the numbers of section 7.4.1. */
class Closing extends Error {
  readonly code: number
  constructor(code: number, reason: string) {
    super(reason)
    this.code = code
  }
}

/** The status and header lines that answer a handshake: 101, or why it is refused. */
export function answerHandshake(request: IncomingMessage): { status: number; headers: string[] } {
  const { upgrade, 'sec-websocket-key': key = '', 'sec-websocket-version': version } = request.headers
  if (request.method !== 'GET' || upgrade?.toLowerCase() !== 'websocket') return { status: 400, headers: [] }
  if (version !== '13') return { status: 426, headers: ['Sec-WebSocket-Version: 13'] }
  if (!/^[+/0-9A-Za-z]{22}==$/.test(key)) return { status: 400, headers: [] }
  const accept = createHash('sha1')
    .update(key + MAGIC)
    .digest('base64')
  const headers = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`]
  const protocol = request.headers['sec-websocket-protocol']?.split(',')[0]?.trim()
  if (protocol) headers.push(`Sec-WebSocket-Protocol: ${protocol}`)
  return { status: 101, headers }
}

/** Sends every message back until either side closes. */
export async function echoMessages(socket: Duplex): Promise<void> {
  try {
    await echoUntilClosed(socket, reader(socket))
  } catch (error) {
    if (!(error instanceof Closing)) return void socket.destroy()
    const code = Buffer.alloc(2)
    code.writeUInt16BE(error.code)
    socket.write(frame(CLOSE, Buffer.concat([code, Buffer.from(error.message)])))
  }
  socket.end()
}

async function echoUntilClosed(socket: Duplex, read: Read): Promise<void> {
  let opcode = CONTINUATION
  let parts: Buffer[] = []
  for (;;) {
    const room = LARGEST_MESSAGE_BYTES - parts.reduce((sum, part) => sum + part.length, 0)
    const next = await readFrame(read, room)
    if (next.opcode === PING) await write(socket, frame(PONG, next.payload))
    if (next.opcode === CLOSE) {
      if (next.payload.length === 1) throw new Closing(1002, 'half a close code')
      socket.write(frame(CLOSE, next.payload))
      return
    }
    if (next.opcode >= CLOSE) continue
    if ((next.opcode === CONTINUATION) === (opcode === CONTINUATION))
      throw new Closing(1002, 'fragments mixed up')
    if (next.opcode !== CONTINUATION) opcode = next.opcode
    parts.push(next.payload)
    if (!next.final) continue
    const message = Buffer.concat(parts)
    if (opcode === TEXT && !isUtf8(message)) throw new Closing(1007, 'text that is not UTF-8')
    await write(socket, frame(opcode, message))
    opcode = CONTINUATION
    parts = []
  }
}

async function readFrame(
  read: Read,
  room: number,
): Promise<{ final: boolean; opcode: number; payload: Buffer }> {
  const [first = 0, second = 0] = await read(2)
  const opcode = first & 0x0f
  const final = (first & 0x80) !== 0
  if ((first & 0x70) !== 0 || ![CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG].includes(opcode)) {
    throw new Closing(1002, 'reserved bits or opcode')
  }
  if ((second & 0x80) === 0) throw new Closing(1002, 'a client has to mask')
  let length = second & 0x7f
  if (opcode >= CLOSE && (length > 125 || !final))
    throw new Closing(1002, 'control frame too long or in fragments')
  if (length === 126) length = (await read(2)).readUInt16BE()
  else if (length === 127) length = Number((await read(8)).readBigUInt64BE())
  if (length > room) throw new Closing(1009, `more than ${LARGEST_MESSAGE_BYTES} bytes`)
  const mask = await read(4)
  const payload = Buffer.from(await read(length))
  for (let index = 0; index < length; index++) payload[index] = (payload[index] ?? 0) ^ (mask[index & 3] ?? 0)
  return { final, opcode, payload }
}

function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  head[0] = 0x80 | opcode
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127
  if (head.length === 4) head.writeUInt16BE(length, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, payload])
}

async function write(socket: Duplex, bytes: Buffer): Promise<void> {
  if (!socket.write(bytes)) await once(socket, 'drain')
}

type Read = (bytes: number) => Promise<Buffer>

/** Reads exactly as many bytes as asked for; throws when the stream ends before that. */
function reader(socket: Duplex): Read {
  const chunks: AsyncIterator<Buffer> = socket[Symbol.asyncIterator]()
  let held: Buffer[] = []
  let heldBytes = 0
  return async (bytes) => {
    while (heldBytes < bytes) {
      const next = await chunks.next()
      if (next.done) throw new Error('Cannot read a frame: the connection ended')
      held.push(next.value)
      heldBytes += next.value.length
    }
    const [only] = held
    const all = held.length === 1 && only !== undefined ? only : Buffer.concat(held)
    held = [all.subarray(bytes)]
    heldBytes -= bytes
    return all.subarray(0, bytes)
  }
}
