/** Steady visitors, and what became of each request. */
import { Agent, request } from 'node:http'

export type Shot = {
  path: string
  sentMs: number
  tookMs: number
  status: number
  isBroken: boolean
  text: string
}
export type Load = { shots: Shot[]; stop(): Promise<void> }

const VISITORS = 500

/** Starts so many requests a second, whether or not earlier ones have come back. */
export function startLoad(urls: readonly string[], perSecond: number): Load {
  const shots: Shot[] = []
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const under = new Set<Promise<void>>()
  let n = 0
  const timer = setInterval(() => {
    const shot = shoot(`${urls[n % urls.length]}/page/${n}`, n++ % VISITORS, agent).then((done) => {
      shots.push(done)
      under.delete(shot)
    })
    under.add(shot)
  }, 1_000 / perSecond)
  return {
    shots,
    stop: async () => {
      clearInterval(timer)
      await Promise.all(under)
      agent.destroy()
    },
  }
}

function shoot(url: string, visitor: number, agent: Agent, sentMs = performance.now()): Promise<Shot> {
  return new Promise((resolve) => {
    let status = 0
    let text = ''
    const end = (isBroken: boolean) =>
      resolve({
        path: new URL(url).pathname,
        sentMs,
        tookMs: performance.now() - sentMs,
        status,
        isBroken,
        text,
      })
    const sent = request(url, { agent, headers: { 'x-user-id': `visitor ${visitor}` } }, (response) => {
      status = response.statusCode ?? 0
      response.on('data', (data) => {
        text += data
      })
      response.on('end', () => end(false))
      response.on('error', () => end(true))
    })
    sent.on('error', () => {
      // Its connection was closed before it came: like a browser, it asks again.
      if (sent.reusedSocket && status === 0) resolve(shoot(url, visitor, agent, sentMs))
      else end(true)
    })
    sent.end()
  })
}
