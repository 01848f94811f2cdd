/**
 * Contestants side by side in fresh processes: once all are warm they take turns, a second each, in an order that
 * alternates, so that whatever else the machine does meanwhile it does to all of them.
 */
import { cpuTimeMs, untilIdle } from '../support/cpu.ts'
import { type Load, load } from './load.ts'

export type Running = {
  /** Where the load goes, to all of them at once. */
  urls: readonly string[]
  /** The processes whose CPU time counts. */
  pids: readonly number[]
  close(): Promise<void>
}
export type Contestant = { name: string; start(origin: string): Promise<Running> }
/** A second of one contestant; `usedMs` is its CPU time. */
export type Turn = Load & { usedMs: number }

export type RoundOptions = {
  origin: string
  /** Turns of each. */
  seconds: number
  warmUpSeconds: number
  /** Hears what is going on. */
  tell(what: string): void
}

/** One round: the turns of each by name. */
export async function takeTurns(
  field: readonly Contestant[],
  { origin, seconds, warmUpSeconds, tell }: RoundOptions,
): Promise<Map<string, Turn[]>> {
  const started: (Running & { name: string })[] = []
  const turns = new Map<string, Turn[]>(field.map(({ name }) => [name, []]))
  try {
    for (const { name, start } of field) {
      tell(`${name} gets warm`)
      const running = await start(origin)
      started.push({ ...running, name })
      // Isolates share the machine: each has as many requests to get warm by as a single one would have.
      await loadAll(running.urls, warmUpSeconds * running.urls.length)
    }
    await untilIdle(started.flatMap(({ pids }) => pids))
    for (let second = 0; second < seconds; second++) {
      tell(`second ${second + 1} of ${seconds}`)
      for (const each of second % 2 === 0 ? started : started.toReversed())
        turns.get(each.name)?.push(await turnOf(each))
    }
  } finally {
    for (const { close } of started) await close()
  }
  return turns
}

/** Microseconds of CPU time for a request, over all turns. */
export function cpuUsOf(turns: readonly Turn[]): number {
  const sum = (figure: 'usedMs' | 'requests') => turns.reduce((total, each) => total + each[figure], 0)
  return (sum('usedMs') * 1_000) / sum('requests')
}

async function turnOf({ urls, pids }: Running): Promise<Turn> {
  const usedMs = () => pids.reduce((sum, pid) => sum + cpuTimeMs(pid), 0)
  const beforeMs = usedMs()
  const figures = await loadAll(urls, 1)
  return { ...figures, usedMs: usedMs() - beforeMs }
}

async function loadAll(urls: readonly string[], seconds: number): Promise<Load> {
  const loads = await Promise.all(urls.map((url) => load(url, seconds)))
  const sum = (figure: keyof Load) => loads.reduce((total, each) => total + each[figure], 0)
  const most = (figure: keyof Load) => Math.max(...loads.map((each) => each[figure]))
  return {
    requests: sum('requests'),
    perSecond: sum('perSecond'),
    p50Ms: most('p50Ms'),
    p99Ms: most('p99Ms'),
    failed: sum('failed'),
  }
}
