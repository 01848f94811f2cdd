/** Visitors who come when they like, and how long each waits for all of the answer. */
import { Agent, get } from 'node:http'
import type { Random } from '../../test-kit/simulation/random.ts'

export type Visit = { tookMs: number; isFailed: boolean }

const VISITORS = 500

/** Comes so many times a second on average, for so many seconds, whether or not earlier ones have their answers. */
export async function visit(
  url: string,
  { perSecond, seconds, random }: { perSecond: number; seconds: number; random: Random },
): Promise<Visit[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const visits: Promise<Visit>[] = []
  const startedMs = performance.now()
  for (let atMs = 0; atMs < seconds * 1_000; atMs += (-Math.log(1 - random.next()) * 1_000) / perSecond) {
    const restMs = startedMs + atMs - performance.now()
    if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs))
    visits.push(visitOnce(`${url}/page/${visits.length}`, visits.length % VISITORS, agent))
  }
  const done = await Promise.all(visits)
  agent.destroy()
  return done
}

function visitOnce(url: string, visitor: number, agent: Agent): Promise<Visit> {
  const sentMs = performance.now()
  return new Promise((resolve) => {
    const end = (isFailed: boolean) => resolve({ tookMs: performance.now() - sentMs, isFailed })
    get(url, { agent, headers: { 'x-user-id': `visitor ${visitor}` } }, (response) => {
      response.resume()
      response.on('end', () => end(response.statusCode !== 200))
      response.on('error', () => end(true))
    }).on('error', () => end(true))
  })
}
