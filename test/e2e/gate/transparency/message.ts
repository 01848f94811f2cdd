/** HTTP/1.1 messages as bytes: what a test sends and gets is exactly what is on the wire. */

export type Message = {
  startLine: string
  /** As written: names in their case, one entry a line. */
  headers: [name: string, value: string][]
  body: Buffer
  trailers: string[]
  /** How many bytes the message takes; undefined where the connection's end is the message's end. */
  bytes: number | undefined
}

type Framing = { kind: 'none' } | { kind: 'length'; bytes: number } | { kind: 'chunked' } | { kind: 'close' }

/** The message at the beginning of `bytes`; undefined while part of it is missing. */
export function readMessage(bytes: Buffer, isBodiless: (startLine: string) => boolean): Message | undefined {
  const head = readHead(bytes)
  if (head === undefined) return undefined
  const { startLine, headers, bodyAt } = head
  const message = { startLine, headers, trailers: [] }
  const framing = isBodiless(startLine) ? { kind: 'none' as const } : framingOf(startLine, headers)
  const rest = bytes.subarray(bodyAt)
  if (framing.kind === 'none') return { ...message, body: Buffer.alloc(0), bytes: bodyAt }
  if (framing.kind === 'close') return { ...message, body: rest, bytes: undefined }
  if (framing.kind === 'chunked') {
    const read = readChunks(rest)
    return read && { ...message, body: read.body, trailers: read.trailers, bytes: bodyAt + read.bytes }
  }
  if (rest.length < framing.bytes) return undefined
  return { ...message, body: rest.subarray(0, framing.bytes), bytes: bodyAt + framing.bytes }
}

/** Start line and headers, as soon as they are whole. */
export function readHead(
  bytes: Buffer,
): (Pick<Message, 'startLine' | 'headers'> & { bodyAt: number }) | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [startLine = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  return { startLine, headers, bodyAt: end + 4 }
}

/** The values of one header, in their order. */
export function valuesOf({ headers }: Pick<Message, 'headers'>, name: string): string[] {
  return headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value)
}

function framingOf(startLine: string, headers: Message['headers']): Framing {
  if (valuesOf({ headers }, 'transfer-encoding').some((value) => /chunked/i.test(value))) {
    return { kind: 'chunked' }
  }
  const [length] = valuesOf({ headers }, 'content-length')
  if (length !== undefined) return { kind: 'length', bytes: Number(length) }
  return startLine.startsWith('HTTP/') ? { kind: 'close' } : { kind: 'none' }
}

function readChunks(bytes: Buffer): { body: Buffer; trailers: string[]; bytes: number } | undefined {
  const parts: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16)
    at = lineEnd + 2
    if (size === 0) break
    if (bytes.length < at + size + 2) return undefined
    parts.push(bytes.subarray(at, at + size))
    at += size + 2
  }
  const trailers: string[] = []
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const line = bytes.subarray(at, lineEnd).toString('latin1')
    at = lineEnd + 2
    if (line === '') return { body: Buffer.concat(parts), trailers, bytes: at }
    trailers.push(line)
  }
}
