/** A KV namespace for plain workerd: the HTTP that its KV binding speaks, with values in memory. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type KvService = {
  port: number
  values: Map<string, string>
  /** True: every request fails. */
  isDown: boolean
  /** How long every request takes. */
  delayMs: number
  /** What every request waits for. */
  until: Promise<unknown> | undefined
  /** Requests that have come. */
  asked: number
  /** True: every answer is nonsense. */
  isGarbled: boolean
  close(): Promise<void>
}

export async function startKvService(): Promise<KvService> {
  const values = new Map<string, string>()
  const service: KvService = {
    port: 0,
    values,
    isDown: false,
    delayMs: 0,
    until: undefined,
    asked: 0,
    isGarbled: false,
    close: async () => undefined,
  }
  const server = createServer((request, response) => {
    answer(request, response, service).catch(() => response.writeHead(500).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  service.port = (server.address() as AddressInfo).port
  service.close = () =>
    new Promise((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    })
  return service
}

async function answer(request: IncomingMessage, response: ServerResponse, service: KvService): Promise<void> {
  const { values } = service
  const { pathname } = new URL(request.url ?? '/', 'http://kv')
  service.asked++
  const body = await textOf(request)
  await service.until
  if (service.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, service.delayMs))
  if (service.isDown) return void response.writeHead(503).end()
  if (service.isGarbled) return void response.writeHead(200).end('{"what": [')
  if (request.method === 'POST' && pathname === '/bulk/get') {
    const { keys } = JSON.parse(body) as { keys: string[] }
    const found = Object.fromEntries(keys.map((key) => [key, values.get(key) ?? null]))
    return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(found))
  }
  const key = decodeURIComponent(pathname.slice(1))
  if (request.method === 'PUT') {
    values.set(key, body)
    return void response.writeHead(204).end()
  }
  const value = values.get(key)
  if (value === undefined) return void response.writeHead(404).end()
  response.writeHead(200).end(value)
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}
