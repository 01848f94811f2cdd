/** A gate in plain workerd, an isolate for each place, with a meter; and traffic at a steady rate. */
import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { buildWorker, PROJECT_ROOT } from '../../src/local/build/build-worker.ts'
import { startStaticOrigin } from '../../test-kit/origins/child-origin.ts'
import { startKvService } from '../../test-kit/workerd/kv-service.ts'
import { startPlainWorkerd } from '../../test-kit/workerd/plain-workerd.ts'
import type { Meter } from './meter.ts'

export type Site = {
  name: string
  requestsPerSecond: number
  places: number
  /** Whether a flag ramps. */
  isRamping: boolean
  seconds: number
}

/** What a site used in the time that it was metered. */
export type Usage = Meter & { requests: number; seconds: number }

/** Serves a site for a while and reads the meter. The start is left out. */
export async function meterSite(site: Site, warmUpSeconds: number): Promise<Usage> {
  const origin = await startStaticOrigin()
  const kv = await startKvService()
  const worker = resolve(PROJECT_ROOT, `build/cost/worker-${process.pid}.js`)
  await buildWorker({
    outfile: worker,
    entry: resolve(PROJECT_ROOT, 'bench/cost/metered.ts'),
    document: documentText(origin.url, site.isRamping),
  })
  const workerd = await startPlainWorkerd({
    isolates: site.places,
    kvPort: kv.port,
    worker,
    compatibilityFlags: ['nodejs_als'],
  })
  try {
    const read = async () => sumOf(await Promise.all(workerd.urls.map(meterOf)))
    await serve(workerd.urls, site.requestsPerSecond, warmUpSeconds)
    const before = await read()
    const startedMs = performance.now()
    const requests = await serve(workerd.urls, site.requestsPerSecond, site.seconds)
    const seconds = (performance.now() - startedMs) / 1_000
    return { ...difference(await read(), before), requests, seconds }
  } finally {
    await workerd.close()
    await kv.close()
    origin.close()
    await rm(worker, { force: true })
  }
}

function documentText(url: string, isRamping: boolean): string {
  const stages = [{ percentage: 25, bake: '7d' }, { percentage: 100 }]
  const rule = isRamping ? { serve: 'on', stages } : { serve: 'on', percentage: 0 }
  return JSON.stringify({
    origins: { old: { url }, new: { url } },
    routes: [{ path: '/*', flag: 'shop', origins: { on: 'new', off: 'old' } }],
    flags: { shop: { variants: { on: true, off: false }, off: 'off', rules: [rule], guard: {} } },
  })
}

/** Requests at a steady mean rate, each by another visitor, spread over the places; how many there were. */
async function serve(urls: readonly string[], perSecond: number, seconds: number): Promise<number> {
  const endMs = performance.now() + seconds * 1_000
  const underWay = new Set<Promise<void>>()
  let nextMs = performance.now()
  let count = 0
  for (;;) {
    nextMs += (1_000 / perSecond) * (perSecond < 0.1 ? 1 : -Math.log(1 - Math.random()))
    await new Promise((done) => setTimeout(done, Math.max(0, Math.min(nextMs, endMs) - performance.now())))
    if (nextMs >= endMs) break
    const place = count++ % urls.length
    const visit = ask(`${urls[place]}/page`, `P${place}`).finally(() => underWay.delete(visit))
    underWay.add(visit)
  }
  await Promise.all(underWay)
  return count
}

async function ask(url: string, colo: string): Promise<void> {
  const headers = { 'meter-colo': colo, 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' }
  const response = await fetch(url, { headers })
  await response.arrayBuffer()
}

async function meterOf(url: string): Promise<Meter> {
  return (await (await fetch(`${url}/__meter`)).json()) as Meter
}

function combine(a: Meter, b: Meter, sign: 1 | -1): Meter {
  const each = (one: Record<string, number>, other: Record<string, number>) =>
    Object.fromEntries(
      [...new Set([...Object.keys(one), ...Object.keys(other)])].map((key) => [
        key,
        (one[key] ?? 0) + sign * (other[key] ?? 0),
      ]),
    )
  return {
    calls: each(a.calls, b.calls),
    rows: each(a.rows, b.rows),
    kvKeysRead: a.kvKeysRead + sign * b.kvKeysRead,
    kvWrites: a.kvWrites + sign * b.kvWrites,
    activeMs: each(a.activeMs, b.activeMs),
  }
}

const NOTHING: Meter = { calls: {}, rows: {}, kvKeysRead: 0, kvWrites: 0, activeMs: {} }
const sumOf = (meters: readonly Meter[]) => meters.reduce((sum, each) => combine(sum, each, 1), NOTHING)
const difference = (after: Meter, before: Meter) => combine(after, before, -1)
