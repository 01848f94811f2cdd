/** A live config with a KV namespace of the test. */
import { LiveConfig } from '../../../../src/gate/config/live-config.ts'
import type { Env } from '../../../../src/platform/env.ts'
import { environment, NOW_MS } from './stage.ts'

const documentAt = (url: string) => ({
  origins: { only: { url } },
  routes: [{ path: '/*', origin: 'only' }],
  flags: { checkout: { variants: { on: true, off: false }, off: 'off' } },
})
export const textAt = (url: string) => JSON.stringify(documentAt(url))
export const stateOf = (epoch: number, ...killed: string[]) => ({ epoch, killed, kvKilled: [], flags: {} })

/** A KV namespace of the test: what is in it, whether it answers, and what was read. */
export class Kv {
  readonly values = new Map<string, string>()
  readonly reads: string[] = []
  /** Keys whose reads fail, or never end. */
  broken: string[] = []
  hanging: string[] = []

  async get(keys: string | string[], options: { type: string; cacheTtl: number }) {
    const name = String(keys)
    this.reads.push(name)
    if (options.cacheTtl !== 30) throw new Error('KV caches for 30 s at least')
    if (this.hanging.includes(name)) await new Promise(() => {})
    if (this.broken.includes(name)) throw new Error('KV is down')
    if (typeof keys !== 'string') return new Map(keys.map((key) => [key, this.values.get(key) ?? null]))
    const text = this.values.get(keys)
    return text === undefined ? null : new TextEncoder().encode(text).buffer
  }
}

/** A config, and requests that ask for it. */
export function stageConfig(ENVIRONMENT = 'production') {
  const kv = new Kv()
  const live = new LiveConfig(documentAt('http://bundled.test'))
  const bindings: Env = { ...environment, ENVIRONMENT, GATE: kv as unknown as KVNamespace }
  const work: Promise<unknown>[] = []
  const ask = (afterMs: number) => live.current(bindings, (each) => void work.push(each), NOW_MS + afterMs)
  /** A request at that time, after which what it has started is over. */
  const visit = async (afterMs: number) => {
    const config = await ask(afterMs)
    await Promise.all(work)
    return config
  }
  const host = () => new URL(live.last.snapshot.fallback.url).hostname
  const isKilled = () => live.last.control.isKilled('checkout')
  return { kv, live, bindings, work, ask, visit, host, isKilled }
}
