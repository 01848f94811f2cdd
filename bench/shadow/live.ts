/**
 * Shadow traffic on a running gate: what visitors feel of it, what it costs the gate, what it keeps in memory, and how soon a
 * kill ends it.
 *
 * The gate runs alone on one processor; visitors and origins are separate processes on the others. Turns are taken by all
 * situations one after the other, forwards and backwards, so that what the machine does meanwhile falls on all of them.
 */
import { percentile } from '../../test-kit/report/percentiles.ts'
import { seeded } from '../../test-kit/simulation/random.ts'
import { isolate, stepAside } from '../../test-kit/workerd/affinity.ts'
import { cpuTimeMs, residentBytes } from '../../test-kit/workerd/cpu.ts'
import { startKvService } from '../../test-kit/workerd/kv-service.ts'
import { ADMIN_TOKEN, startPlainWorkerd } from '../../test-kit/workerd/plain-workerd.ts'
import { startAsker, startOrigins } from './processes.ts'
import { visit } from './visitors.ts'

const FLAG = 'shop'
const OFTEN = 20

export type Situation = {
  name: string
  /** What a location copies in a second; 0 for a flag without a shadow stage. */
  maxRps: number
  /** How often a second the origins are asked as by copies, but not by the gate. */
  askedBeside: number
  canary: 'answers' | 'hangs'
  bytes: number
  requestsPerSecond: number
  /** Place in the list of the situation that shows the same without copies. */
  beside?: number
}

export const PAGES = { canary: 'answers', bytes: 20_000, requestsPerSecond: 200, askedBeside: 0 } as const
export const LARGE = { canary: 'answers', bytes: 10_000_000, requestsPerSecond: 4, askedBeside: 0 } as const

export const SITUATIONS: readonly Situation[] = [
  { ...PAGES, name: 'no shadow stage', maxRps: 0 },
  { ...PAGES, name: '2 copies a second (the default)', maxRps: 2, beside: 0 },
  {
    ...PAGES,
    name: 'no shadow stage; 20 times a second another client asks the origins',
    maxRps: 0,
    askedBeside: OFTEN,
  },
  { ...PAGES, name: '20 copies a second', maxRps: OFTEN, beside: 2 },
  {
    ...PAGES,
    name: '20 copies a second, and the canary never answers',
    maxRps: OFTEN,
    canary: 'hangs',
    beside: 0,
  },
  { ...LARGE, name: 'no shadow stage, answers of 10 MB', maxRps: 0 },
  { ...LARGE, name: '20 copies a second, answers of 10 MB', maxRps: OFTEN, beside: 5 },
]
/** The situation whose copies a kill ends. */
const KILLED = 3

export type LiveFigures = { situation: Situation; copies: number; turns: readonly Turn[] }

/** Of one situation; `usedMs` is the processor time of workerd in a second, `bytes` its memory afterwards. */
export type Turn = {
  requests: number
  failed: number
  p50Ms: number
  p99Ms: number
  usedMs: number
  bytes: number
}

export async function measureLive(
  { worker, turns, seconds }: { worker: string; turns: number; seconds: number },
  tell: (text: string) => void,
): Promise<{ situations: LiveFigures[]; killMs: number; seconds: number }> {
  stepAside()
  const rigs = await Promise.all(SITUATIONS.map((situation) => startRig(worker, situation)))
  const taken = rigs.map((): Turn[] => [])
  try {
    // The first turn makes the gates warm.
    for (let turn = 0; turn <= turns; turn++)
      for (const rig of turn % 2 === 0 ? rigs : rigs.toReversed()) {
        tell(`turn ${turn} of ${turns}: ${rig.situation.name}`)
        const figures = await rig.take(turn, seconds)
        if (turn > 0) taken[rigs.indexOf(rig)]?.push(figures)
      }
    const killMs = (await rigs[KILLED]?.kill(seconds)) ?? Number.NaN
    const situations = await Promise.all(
      rigs.map(async ({ situation, copies }, index) => ({
        situation,
        copies: (await copies()).count,
        turns: taken[index] ?? [],
      })),
    )
    return { situations, killMs, seconds }
  } finally {
    await Promise.all(rigs.map((rig) => rig.close()))
  }
}

async function startRig(worker: string, situation: Situation) {
  const { bytes, canary, requestsPerSecond, askedBeside } = situation
  const origins = await startOrigins(bytes, canary)
  const asker = startAsker(origins)
  const kv = await startKvService()
  kv.values.set('config', JSON.stringify(documentOf(situation, origins)))
  const workerd = await startPlainWorkerd({ isolates: 1, kvPort: kv.port, worker })
  isolate([workerd.pid])
  const [url = ''] = workerd.urls
  const visitors = (turn: number, seconds: number) =>
    visit(url, { perSecond: requestsPerSecond, seconds, random: seeded('visitors', turn) })
  return {
    situation,
    copies: origins.copies,
    async take(turn: number, seconds: number): Promise<Turn> {
      asker.ask(askedBeside)
      const beforeMs = cpuTimeMs(workerd.pid)
      const visits = await visitors(turn, seconds)
      const usedMs = (cpuTimeMs(workerd.pid) - beforeMs) / seconds
      asker.ask(0)
      const tookMs = visits.map((each) => each.tookMs)
      return {
        requests: visits.length,
        failed: visits.filter(({ isFailed }) => isFailed).length,
        p50Ms: percentile(tookMs, 0.5),
        p99Ms: percentile(tookMs, 0.99),
        usedMs,
        bytes: residentBytes(workerd.pid),
      }
    },
    /** How long after a kill the last copy came. */
    async kill(seconds: number): Promise<number> {
      const visiting = visitors(0, seconds)
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' }
      const path = `${url}/__sluice/api/v1/flags/${FLAG}/kill`
      const sentAtMs = Date.now()
      const response = await fetch(path, { method: 'POST', headers, body: '{}' })
      if (!response.ok) throw new Error(`The kill was answered ${response.status}`)
      await visiting
      return Math.max(0, (await origins.copies()).lastAtMs - sentAtMs)
    },
    async close(): Promise<void> {
      await workerd.close()
      asker.close()
      origins.close()
      await kv.close()
    },
  }
}

function documentOf({ maxRps }: Situation, urls: { old: string; new: string }): object {
  const first = maxRps > 0 ? { shadow: 100, bake: '1d' } : { percentage: 0, advance: 'manual' }
  return {
    origins: { old: { url: urls.old }, new: { url: urls.new } },
    context: { targetingKey: [{ header: 'x-user-id' }] },
    routes: [
      {
        path: '/*',
        flag: FLAG,
        origins: { on: 'new', off: 'old' },
        ...(maxRps > 0 && { shadow: { maxRps } }),
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
