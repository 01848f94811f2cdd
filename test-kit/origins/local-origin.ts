/** An origin on any free port of this machine. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Origin = { url: string; close(): Promise<void> }

/** A connection that closes just as a busy workerd takes it up again would look like a failure of the origin. */
const KEEP_ALIVE_MS = 60_000

/** Starts an origin that answers as the listener says. */
export async function startLocalOrigin(answer: RequestListener): Promise<Origin> {
  const server = createServer(answer)
  server.keepAliveTimeout = KEEP_ALIVE_MS
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
