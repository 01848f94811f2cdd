/** Two origins that say who they are. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Origin = { url: string; close(): Promise<void> }

export async function startNamedOrigin(name: string): Promise<Origin> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).end(name)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}
