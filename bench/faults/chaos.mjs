/**
 * The Worker with troubles on demand, for `npm run bench:faults` only: `/__chaos?controller=throw&clock=3600000` makes a
 * Durable Object throw, be slow or be evicted at every call, or moves the clock.
 */
import worker, { Controller as RealController, Counters as RealCounters } from '../../src/index.ts'

const SLOW_MS = 3_000
const troubles = { controller: 'none', counters: 'none' }
let clockMs = 0

const realNow = Date.now
Date.now = () => realNow() + clockMs

async function strike(name, state) {
  if (troubles[name] === 'throw') throw new Error(`${name} is in trouble`)
  if (troubles[name] === 'slow') await scheduler.wait(SLOW_MS)
  // What is in memory is gone; the next call finds a fresh object.
  if (troubles[name] === 'evict' && Math.random() < 0.3) state.abort(`${name} is evicted`)
}

/** Alarms go by the runtime's clock, which does not jump. */
function keepAlarms({ storage }) {
  const { setAlarm, getAlarm } = storage
  storage.setAlarm = (atMs, ...more) => setAlarm.call(storage, Number(atMs) - clockMs, ...more)
  storage.getAlarm = async (...of) => {
    const atMs = await getAlarm.call(storage, ...of)
    return atMs === null ? null : atMs + clockMs
  }
}

function troubled(Real, name) {
  const Troubled = class extends Real {
    constructor(ctx, env) {
      keepAlarms(ctx)
      super(ctx, env)
    }
  }
  for (const method of Object.getOwnPropertyNames(Real.prototype)) {
    const real = Real.prototype[method]
    if (method === 'constructor' || typeof real !== 'function') continue
    Troubled.prototype[method] = async function (...given) {
      await strike(name, this.ctx)
      return await real.apply(this, given)
    }
  }
  return Troubled
}

export const Controller = troubled(RealController, 'controller')
export const Counters = troubled(RealCounters, 'counters')

export default {
  fetch(request, env, ctx) {
    const url = new URL(request.url)
    if (url.pathname !== '/__chaos') return worker.fetch(request, env, ctx)
    for (const [name, value] of url.searchParams) {
      if (name === 'clock') clockMs = Number(value)
      else troubles[name] = value
    }
    return Response.json({ ...troubles, clockMs })
  },
}
