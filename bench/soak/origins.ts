/**
 * The two origins of a soak, in a process of their own, and their log: how many requests came with which decision.
 * `node origins.ts` prints two ports; `GET /__log` of the first tells the log.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** By origin and decision, such as `new on`. */
const log: Record<string, number> = {}

function start(name: string): Promise<number> {
  const page = Buffer.from(name.repeat(300))
  const server = createServer(({ url, headers }, response) => {
    if (url === '/__log') return void response.end(JSON.stringify(log))
    const variant = /=(\w+)/.exec(String(headers['sluice-flags']))?.[1] ?? 'undecided'
    const entry = `${name} ${variant}`
    log[entry] = (log[entry] ?? 0) + 1
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': page.length }).end(page)
  })
  server.keepAliveTimeout = 600_000
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

console.log(`${await start('old')} ${await start('new')}`)
