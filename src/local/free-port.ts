import { createServer } from 'node:net'

/** Below what systems hand out by themselves (32,768 to 60,999 on Linux, from 49,152 elsewhere). */
const OWN_PORTS = { first: 20_000, count: 12_000 }

/** A port that no process listens on, and that the system gives to no other before it is taken. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (;;) {
    const port = OWN_PORTS.first + Math.floor(Math.random() * OWN_PORTS.count)
    if (await isFree(port, host)) return port
  }
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}
