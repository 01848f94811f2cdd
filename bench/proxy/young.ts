/** Young isolates: what the start and the first requests of a fresh process cost. The platform starts isolates all the time. */
import { startStaticOrigin } from '../../test-kit/origins/child-origin.ts'
import { percentile } from '../../test-kit/report/percentiles.ts'
import { type Ratio, ratioOf } from '../../test-kit/report/ratio.ts'
import { isolate, stepAside } from '../../test-kit/workerd/affinity.ts'
import { cpuTimeMs } from '../../test-kit/workerd/cpu.ts'
import { REQUESTS, sendRequests } from './load.ts'
import type { Contestant } from './turns.ts'

/** So many requests are young. */
export const FIRST = [1_000, 5_000, 20_000] as const

/** CPU time of one process: until its first answer, and then for its first requests, by their number. */
export type Youth = { startMs: number; firstMs: readonly number[]; failed: number }

export type YoungRow = { name: string; startMs: number; firstUs: readonly number[]; ratios: readonly Ratio[] }

/** The youth of each contestant by name, in fresh processes that take turns; pairs are those of one round. */
export async function takeYouth(
  field: readonly Contestant[],
  { rounds, most, tell }: { rounds: number; most: number; tell(what: string): void },
): Promise<Map<string, Youth[]>> {
  const youth = new Map<string, Youth[]>(field.map(({ name }) => [name, []]))
  stepAside()
  const origin = await startStaticOrigin()
  try {
    for (let round = 0; round < rounds; round++)
      for (const each of round % 2 === 0 ? field : field.toReversed()) {
        tell(`young ${round + 1}/${rounds}: ${each.name}`)
        youth.get(each.name)?.push(await youthOf(each, origin.url, most))
      }
  } finally {
    origin.close()
  }
  return youth
}

async function youthOf({ start }: Contestant, origin: string, most: number): Promise<Youth> {
  const { url, pids, close } = await start(origin)
  try {
    isolate(pids)
    const usedMs = () => pids.reduce((sum, pid) => sum + cpuTimeMs(pid), 0)
    const startMs = usedMs()
    const firstMs: number[] = []
    let [sent, failed] = [0, 0]
    for (const count of FIRST.filter((each) => each <= most)) {
      failed += await sendRequests(url, count - sent, REQUESTS.full)
      sent = count
      firstMs.push(usedMs() - startMs)
    }
    return { startMs, firstMs, failed }
  } finally {
    await close()
  }
}

/** A row for each contestant, beside the one of that name. */
export function youngRows(youth: ReadonlyMap<string, readonly Youth[]>, baseline: string): YoungRow[] {
  const others = youth.get(baseline) ?? []
  return [...youth].map(([name, each]) => {
    const at = (from: readonly Youth[], place: number) =>
      from.map(({ firstMs }) => firstMs[place] ?? Number.NaN)
    const places = FIRST.map((_, place) => place).filter((place) => at(each, place).every(Number.isFinite))
    return {
      name,
      startMs: percentile(
        each.map(({ startMs }) => startMs),
        0.5,
      ),
      firstUs: places.map((place) => (percentile(at(each, place), 0.5) * 1_000) / (FIRST[place] ?? 1)),
      ratios: places.map((place) => ratioOf(at(each, place), at(others, place))),
    }
  })
}
