/** Requests as raw bytes, over sockets, to a running gate and on to real origins. */
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { buildWorker } from '../../src/local/build/build-worker.ts'
import { cpuTimeMs } from '../../test-kit/workerd/cpu.ts'
import type { KvService } from '../../test-kit/workerd/kv-service.ts'
import { startPlainWorkerd } from '../../test-kit/workerd/plain-workerd.ts'
import { document } from '../worker/fuzz/document.ts'
import { cookies, fieldText, forgedToken, headers, path, query, userAgent } from '../worker/fuzz/inputs.ts'

export const RAW = 'raw requests over sockets'

const SILENCE_MS = 20_000
/** Sent at once. */
const CONNECTIONS = 16

/** Who announces more than they send has broken the request off. */
const DECIDING = new Set(['host', 'connection', 'content-length'])

const bytes = fc.uint8Array({ maxLength: 40 }).map((list) => Buffer.from(list).toString('latin1'))
const field = fc.oneof(
  fc.tuple(fc.constant('cookie'), cookies),
  fc.tuple(
    fc.constant('authorization'),
    forgedToken.map((token) => `Bearer ${token}`),
  ),
  fc.tuple(fc.constant('user-agent'), userAgent),
  fc.tuple(fc.constantFrom('x', 'x-user-id', 'referer', 'accept'), fc.oneof(bytes, fieldText)),
  fc.tuple(bytes, bytes),
)
const request = fc
  .tuple(
    fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'OPTIONS', 'POST', 'DELETE', 'get', 'BREW'),
    fc.oneof(
      path,
      fc.tuple(path, query).map((parts) => parts.join('?')),
      bytes,
    ),
    fc.array(field, { maxLength: 5 }),
    headers,
  )
  .map(([method, place, some, others]) => {
    const fields = [['host', 'shop.example.com'], ['connection', 'close'], ...some]
    const more = Object.entries(others).filter(([name]) => !DECIDING.has(name))
    const lines = [...fields, ...more].map(([name, value]) => `${name}: ${value}\r\n`)
    return `${method} ${place} HTTP/1.1\r\n${lines.join('')}\r\n`
  })

/** Sends so many; throws at one that gets an error of a server, or no answer. */
export async function sendRaw(inputs: number, seed: number, folder: string, kv: KvService) {
  const origin = createServer((_, response) => void response.end('an origin'))
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`
  const worker = join(folder, 'gate.js')
  await buildWorker({ outfile: worker })
  kv.values.set(
    'config',
    JSON.stringify({ ...document, origins: { old: { url }, new: { url: `${url}/base` } } }),
  )
  const workerd = await startPlainWorkerd({ isolates: 1, kvPort: kv.port, worker })
  try {
    const port = Number(new URL(workerd.urls[0] ?? '').port)
    const startedMs = cpuTimeMs(workerd.pid)
    let slowestMs = 0
    const property = fc.asyncProperty(
      fc.array(request, { minLength: CONNECTIONS, maxLength: CONNECTIONS }),
      async (texts) => {
        const tookMs = await Promise.all(texts.map((text) => send(text, port)))
        slowestMs = Math.max(slowestMs, ...tookMs)
      },
    )
    await fc.assert(property, { seed, numRuns: Math.ceil(inputs / CONNECTIONS) })
    return { seed, inputs, seconds: (cpuTimeMs(workerd.pid) - startedMs) / 1_000, slowestMs }
  } finally {
    await workerd.close()
    origin.closeAllConnections()
    await new Promise((resolve) => origin.close(resolve))
  }
}

/** What a server may say to nonsense; 501 is the runtime's word for a method that it does not know. */
const isFine = (status: number) => (status >= 200 && status < 500) || status === 501

function send(text: string, port: number): Promise<number> {
  const startedMs = performance.now()
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.end(Buffer.from(text, 'latin1')))
    const shown = () => `${JSON.stringify(text)}: ${JSON.stringify(answer.slice(0, 300))}`
    socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error('silence')))
    socket.on('data', (data) => {
      answer += data.toString('latin1')
    })
    socket.on('error', (error) => reject(new Error(`${error.message}: ${shown()}`)))
    socket.on('close', () => {
      if (isFine(Number(answer.split(' ')[1]))) resolve(performance.now() - startedMs)
      else reject(new Error(shown()))
    })
  })
}
