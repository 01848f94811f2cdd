/**
 * The Worker as it is, with a meter around what the platform bills: requests of Durable Objects (alarms included), rows
 * written (alarms set included), the time in which an object can't sleep, and keys read from KV.
 *
 * Each isolate counts by itself; `GET /__meter` reads one. The header `meter-colo` says where a request comes in.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import worker, { Controller, Counters } from '../../src/index.ts'
import type { Env } from '../../src/platform/env.ts'
import type { Meter } from './meter.ts'

/** A call takes at least that long on the platform, whatever the clock of a Worker shows. */
const LEAST_ACTIVE_MS = 3
/** Shards and the Controller are in different places: what a call there and back takes. */
const BETWEEN_OBJECTS_MS = 100

const meter: Meter = { calls: {}, rows: {}, kvKeysRead: 0, kvWrites: 0, activeMs: {} }
const add = (to: Record<string, number>, key: string, count = 1) => {
  to[key] = (to[key] ?? 0) + count
}

/** While anything of an object goes on, it is active. */
class Activity {
  readonly #name: string
  #running = 0
  #sinceMs = 0

  constructor(name: string) {
    this.#name = name
  }

  begin(): void {
    if (this.#running++ === 0) this.#sinceMs = performance.now()
  }

  end(): void {
    if (--this.#running > 0) return
    add(meter.activeMs, this.#name, Math.max(LEAST_ACTIVE_MS, performance.now() - this.#sinceMs))
  }

  async during<T>(work: Promise<T>): Promise<T> {
    this.begin()
    try {
      return await work
    } finally {
      this.end()
    }
  }
}

const current = new AsyncLocalStorage<Activity>()

/** Timers keep the object active that set them. */
const { setTimeout: start, clearTimeout: stop } = globalThis
const timers = new Map<unknown, Activity>()
globalThis.setTimeout = ((run: () => void, ms?: number) => {
  const activity = current.getStore()
  if (activity === undefined) return start(run, ms)
  activity.begin()
  const timer = start(() => {
    timers.delete(timer)
    run()
    activity.end()
  }, ms)
  timers.set(timer, activity)
  return timer
}) as unknown as typeof setTimeout
globalThis.clearTimeout = ((timer: unknown) => {
  timers.get(timer)?.end()
  timers.delete(timer)
  stop(timer as number)
}) as typeof clearTimeout

/** An object whose methods run with some of them replaced. */
function replaced<T extends object>(target: T, methods: Partial<Record<keyof T, unknown>>): T {
  return new Proxy(target, {
    get(of, key) {
      if (key in methods) return methods[key as keyof T]
      const value = Reflect.get(of, key, of) as unknown
      return typeof value === 'function' ? value.bind(of) : value
    },
  })
}

function meteredSql(sql: SqlStorage): SqlStorage {
  const exec = (query: string, ...bindings: unknown[]) => {
    const cursor = sql.exec(query, ...bindings)
    if (!query.trimStart().startsWith('SELECT'))
      add(meter.rows, query.trim().split(/\s+/).slice(0, 5).join(' '), cursor.rowsWritten)
    return cursor
  }
  return replaced(sql, { exec })
}

function meteredState(ctx: DurableObjectState, activity: Activity): DurableObjectState {
  const { storage } = ctx
  const sql = meteredSql(storage.sql)
  const setAlarm = (time: number | Date) => {
    add(meter.rows, 'alarm')
    return storage.setAlarm(time)
  }
  const own = ctx.waitUntil.bind(ctx)
  const waitUntil = (work: Promise<unknown>) => own(activity.during(work))
  // The runtime wants its own object, so its parts are replaced in place.
  Object.defineProperty(ctx, 'storage', { value: replaced(storage, { sql, setAlarm }) })
  Object.defineProperty(ctx, 'waitUntil', { value: waitUntil })
  return ctx
}

type ObjectClass = new (ctx: DurableObjectState, env: Env) => object

/** The class with all its methods counted; `before` runs outside the time that counts. */
function metered<C extends ObjectClass>(name: string, base: C, before: (method: string) => Promise<void>): C {
  const activities = new WeakMap<object, Activity>()
  const made = class extends (base as ObjectClass) {
    constructor(ctx: DurableObjectState, env: Env) {
      const activity = new Activity(name)
      super(meteredState(ctx, activity), meteredEnv(env))
      activities.set(this, activity)
    }
  }
  for (const method of Object.getOwnPropertyNames(base.prototype)) {
    const original = base.prototype[method]
    if (method === 'constructor' || typeof original !== 'function') continue
    Object.defineProperty(made.prototype, method, {
      async value(this: object, ...given: unknown[]) {
        const activity = activities.get(this) ?? new Activity(name)
        // An object that calls itself makes no request.
        if (current.getStore() === activity) return original.apply(this, given)
        await before(method)
        add(meter.calls, `${name}.${method}`)
        return await activity.during(current.run(activity, async () => original.apply(this, given)))
      },
    })
  }
  return made as unknown as C
}

function meteredEnv(env: Env): Env {
  const kv = env.GATE
  const get = (keys: string | string[], options: never) => {
    meter.kvKeysRead += typeof keys === 'string' ? 1 : keys.length
    return kv.get(keys as string, options)
  }
  const put = (key: string, value: string) => {
    meter.kvWrites++
    return kv.put(key, value)
  }
  return { ...env, GATE: replaced(kv, { get, put }) }
}

const MeteredController = metered('Controller', Controller, async (method) => {
  if (method === 'forward') await scheduler.wait(BETWEEN_OBJECTS_MS)
})
const MeteredCounters = metered('Counters', Counters, async () => {})

export { MeteredController as Controller, MeteredCounters as Counters }

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    if (new URL(request.url).pathname === '/__meter') return Response.json(meter)
    const colo = request.headers.get('meter-colo') ?? 'AAA'
    const placed = new Request(request, { cf: { colo } as never })
    return await worker.fetch(placed as never, meteredEnv(env), ctx)
  },
}
