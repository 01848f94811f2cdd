/** Shadow traffic on a running gate: what visitors feel of it, what it keeps in memory, and how soon a kill ends it. */
import { startLocalOrigin } from '../../test-kit/origins/local-origin.ts'
import { percentile } from '../../test-kit/report/percentiles.ts'
import { startLoad } from '../../test-kit/traffic/steady-load.ts'
import { residentBytes } from '../../test-kit/workerd/cpu.ts'
import { startKvService } from '../../test-kit/workerd/kv-service.ts'
import { ADMIN_TOKEN, startPlainWorkerd } from '../../test-kit/workerd/plain-workerd.ts'

const FLAG = 'shop'
const LARGE_BYTES = 10_000_000
const MOST_COPIES_PER_SECOND = 20
const PERCENTILES = [0.5, 0.99]

export type Situation = {
  name: string
  /** Whether the flag has a shadow stage. */
  copies: boolean
  canary: 'answers' | 'hangs'
  bytes: number
  requestsPerSecond: number
}

const SMALL = { bytes: 2_000, requestsPerSecond: 100 }
const LARGE = { bytes: LARGE_BYTES, requestsPerSecond: 4 }

export const SITUATIONS: readonly Situation[] = [
  { name: 'no shadow stage', copies: false, canary: 'answers', ...SMALL },
  { name: 'copies', copies: true, canary: 'answers', ...SMALL },
  { name: 'copies, and the canary never answers', copies: true, canary: 'hangs', ...SMALL },
  { name: 'no shadow stage, answers of 10 MB', copies: false, canary: 'answers', ...LARGE },
  { name: 'copies, answers of 10 MB', copies: true, canary: 'answers', ...LARGE },
]

export type LiveFigures = {
  name: string
  requests: number
  failed: number
  copies: number
  /** Lowest and highest of the turns. */
  p50Ms: readonly [number, number]
  p99Ms: readonly [number, number]
  /** Of workerd: after the first turn, and after the last. */
  megabytes: readonly [number, number]
}

type Turn = { requests: number; failed: number; p50Ms: number; p99Ms: number; bytes: number }

/** Runs the situations in turn, so that what the machine does meanwhile falls on all of them. */
export async function measureLive(
  { worker, turns, seconds }: { worker: string; turns: number; seconds: number },
  tell: (text: string) => void,
): Promise<{ situations: LiveFigures[]; killMs: number }> {
  const rigs = await Promise.all(SITUATIONS.map((situation) => startRig(worker, situation)))
  const taken = rigs.map((): Turn[] => [])
  try {
    // The first turn makes the gates warm.
    for (let turn = 0; turn <= turns; turn++)
      for (const [index, rig] of rigs.entries()) {
        tell(`turn ${turn} of ${turns}: ${rig.situation.name}`)
        const figures = await rig.take(seconds)
        if (turn > 0) taken[index]?.push(figures)
      }
    const killMs = (await rigs[1]?.kill(seconds)) ?? Number.NaN
    return { situations: rigs.map((rig, index) => figuresOf(rig, taken[index] ?? [])), killMs }
  } finally {
    await Promise.all(rigs.map((rig) => rig.close()))
  }
}

type Rig = Awaited<ReturnType<typeof startRig>>

function figuresOf({ situation, copies }: Rig, turns: readonly Turn[]): LiveFigures {
  const sum = (part: 'requests' | 'failed') => turns.reduce((total, turn) => total + turn[part], 0)
  const range = (part: 'p50Ms' | 'p99Ms'): [number, number] => {
    const values = turns.map((turn) => turn[part])
    return [Math.min(...values), Math.max(...values)]
  }
  const megabytes = turns.map(({ bytes }) => bytes / 1e6)
  return {
    name: situation.name,
    requests: sum('requests'),
    failed: sum('failed'),
    copies: copies.count,
    p50Ms: range('p50Ms'),
    p99Ms: range('p99Ms'),
    megabytes: [megabytes[0] ?? Number.NaN, megabytes.at(-1) ?? Number.NaN],
  }
}

async function startRig(worker: string, situation: Situation) {
  const body = Buffer.alloc(situation.bytes, 'page ')
  const copies = { count: 0, lastMs: 0 }
  const old = await startLocalOrigin((_, response) => response.end(body))
  const next = await startLocalOrigin((_, response) => {
    copies.count++
    copies.lastMs = performance.now()
    if (situation.canary === 'answers') response.end(body)
  })
  const kv = await startKvService()
  kv.values.set('config', JSON.stringify(documentOf(situation, { old: old.url, new: next.url })))
  const workerd = await startPlainWorkerd({ isolates: 1, kvPort: kv.port, worker })
  return {
    situation,
    copies,
    async take(seconds: number): Promise<Turn> {
      const load = startLoad(workerd.urls, situation.requestsPerSecond)
      await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
      await load.stop()
      const [p50Ms = Number.NaN, p99Ms = Number.NaN] = PERCENTILES.map((share) =>
        percentile(
          load.shots.map(({ tookMs }) => tookMs),
          share,
        ),
      )
      const failed = load.shots.filter(({ isBroken, status }) => isBroken || status !== 200).length
      return { requests: load.shots.length, failed, p50Ms, p99Ms, bytes: residentBytes(workerd.pid) }
    },
    /** How long after a kill the last copy came. */
    async kill(seconds: number): Promise<number> {
      const load = startLoad(workerd.urls, situation.requestsPerSecond)
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' }
      const path = `${workerd.urls[0]}/__sluice/api/v1/flags/${FLAG}/kill`
      const sentMs = performance.now()
      const response = await fetch(path, { method: 'POST', headers, body: '{}' })
      if (!response.ok) throw new Error(`The kill was answered ${response.status}`)
      await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
      await load.stop()
      return Math.max(0, copies.lastMs - sentMs)
    },
    async close(): Promise<void> {
      await workerd.close()
      await Promise.all([kv.close(), old.close(), next.close()])
    },
  }
}

function documentOf({ copies }: Situation, urls: { old: string; new: string }): object {
  const first = copies ? { shadow: 100, bake: '1d' } : { percentage: 0, advance: 'manual' }
  return {
    origins: { old: { url: urls.old }, new: { url: urls.new } },
    context: { targetingKey: [{ header: 'x-user-id' }] },
    routes: [
      {
        path: '/*',
        flag: FLAG,
        origins: { on: 'new', off: 'old' },
        shadow: { maxRps: MOST_COPIES_PER_SECOND },
      },
    ],
    flags: {
      [FLAG]: {
        variants: { on: true, off: false },
        off: 'off',
        rules: [{ serve: 'on', stages: [first, { percentage: 100 }] }],
        guard: { errors: {} },
      },
    },
  }
}
