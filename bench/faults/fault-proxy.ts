/** A TCP proxy before an origin that mistreats what comes back. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type Mistreatment = 'none' | 'late' | 'reset' | 'drip' | 'truncate' | 'silence'

export type FaultProxy = { url: string; mistreat: Mistreatment; close(): Promise<void> }

const LATE_MS = 1_500
const DRIP_MS = 20

/** Starts a proxy; `mistreat` may be changed while it runs. */
export async function startFaultProxy(originUrl: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(originUrl)
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    return socket
  }
  const server = createServer((visitor) => {
    keep(visitor)
    const origin = keep(connect(Number(port), hostname))
    visitor.pipe(origin)
    visitor.on('close', () => origin.destroy())
    origin.on('close', () => visitor.end())
    origin.on('data', (data) => pass(data, visitor, proxy.mistreat))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: FaultProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mistreat: 'none',
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
  return proxy
}

function pass(data: Buffer, visitor: Socket, how: Mistreatment): void {
  if (how === 'none') visitor.write(data)
  else if (how === 'reset') visitor.resetAndDestroy()
  else if (how === 'late') setTimeout(() => visitor.writable && visitor.write(data), LATE_MS)
  else if (how === 'truncate') visitor.end(data.subarray(0, data.length - 1))
  else if (how === 'drip') drip(data, visitor)
}

/** A few bytes at a time: the head at once, the rest slowly. */
function drip(data: Buffer, visitor: Socket): void {
  let at = Math.max(0, data.indexOf('\r\n\r\n') + 4)
  visitor.write(data.subarray(0, at))
  const timer = setInterval(() => {
    if (at >= data.length || !visitor.writable) return clearInterval(timer)
    visitor.write(data.subarray(at, at + 1))
    at++
  }, DRIP_MS)
}
