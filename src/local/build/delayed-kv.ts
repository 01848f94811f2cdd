/**
 * A Worker whose KV shows changes late, as on Cloudflare: a location keeps what it has read, misses too, and reads again
 * once that is too old. For a gate on this machine, where a change would be seen at once.
 */
import type { WorkerModule } from './worker-modules.ts'

/** The modules with one before them that gives the Worker and its objects the slow KV. */
export function withDelayedKv(modules: readonly WorkerModule[], delayMs: number): WorkerModule[] {
  const [main] = modules
  if (main === undefined) return []
  return [{ name: 'delayed-kv.js', text: wrapperOf(main.name, delayMs) }, ...modules]
}

/** One memory for Worker and objects: they are in one location. What a location writes it sees itself. */
const wrapperOf = (main: string, delayMs: number) => `
import worker, { Controller as PlainController, Counters as PlainCounters } from ${JSON.stringify(`./${main}`)}

const seen = new Map()

async function bytesOf(kv, key) {
  const known = seen.get(key)
  if (known !== undefined && Date.now() - known.atMs < ${delayMs}) return known.bytes
  const bytes = await kv.get(key, { type: 'arrayBuffer' })
  seen.set(key, { bytes, atMs: Date.now() })
  return bytes
}

function delayed(kv) {
  const get = async (key, options) => {
    if (Array.isArray(key)) return new Map(await Promise.all(key.map(async (each) => [each, await get(each, options)])))
    const bytes = await bytesOf(kv, key)
    const type = (typeof options === 'string' ? options : options?.type) ?? 'text'
    if (bytes === null || type === 'arrayBuffer') return bytes
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
    return type === 'json' ? JSON.parse(text) : text
  }
  return {
    get,
    put: async (key, ...rest) => {
      await kv.put(key, ...rest)
      seen.delete(key)
    },
    delete: async (key) => {
      await kv.delete(key)
      seen.delete(key)
    },
    list: (options) => kv.list(options),
  }
}

const slow = (env) => ({ ...env, GATE: delayed(env.GATE) })

export class Controller extends PlainController {
  constructor(ctx, env) {
    super(ctx, slow(env))
  }
}
export class Counters extends PlainCounters {
  constructor(ctx, env) {
    super(ctx, slow(env))
  }
}
export default { fetch: (request, env, ctx) => worker.fetch(request, slow(env), ctx) }
`
