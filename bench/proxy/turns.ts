/**
 * Contestants side by side in fresh processes: once all are warm they take turns, a second each, in an order that
 * alternates, so that whatever else the machine does meanwhile it does to all of them. Several rounds, since no two
 * processes are alike.
 */

import { startStaticOrigin } from '../../test-kit/origins/child-origin.ts'
import { type Ratio, ratioOf } from '../../test-kit/report/ratio.ts'
import type { VisitorRequest } from '../../test-kit/traffic/visitors.ts'
import { isolate, stepAside } from '../../test-kit/workerd/affinity.ts'
import { cpuTimeMs, untilIdle } from '../../test-kit/workerd/cpu.ts'
import { type Load, load } from './load.ts'

export type Running = {
  url: string
  /** The processes whose CPU time counts. */
  pids: readonly number[]
  close(): Promise<void>
}
export type Contestant = {
  name: string
  start(origin: string): Promise<Running>
  /** What it is asked; an ordinary browser's requests unless set. */
  requests?: readonly VisitorRequest[] | undefined
}
/** A second of one contestant; `usedMs` is its CPU time. */
export type Turn = Load & { usedMs: number }

export type TurnOptions = {
  rounds: number
  /** Turns of each in a round. */
  seconds: number
  warmUpSeconds: number
  /** Hears what is going on. */
  tell(what: string): void
}

/**
 * The turns of each by name, all in front of the same static origin: those of the same place in their lists were taken one
 * just after the other.
 */
export async function takeTurns(
  field: readonly Contestant[],
  { rounds, tell, ...options }: TurnOptions,
): Promise<Map<string, Turn[]>> {
  const turns = new Map<string, Turn[]>(field.map(({ name }) => [name, []]))
  // Before anything is started: what loads and what answers step aside as well.
  stepAside()
  const origin = await startStaticOrigin()
  try {
    for (let round = 0; round < rounds; round++) {
      const order = round % 2 === 0 ? field : field.toReversed()
      const inRound = (what: string) => tell(rounds === 1 ? what : `round ${round + 1}/${rounds}: ${what}`)
      await takeRound(order, turns, origin.url, { ...options, tell: inRound })
    }
  } finally {
    origin.close()
  }
  return turns
}

async function takeRound(
  field: readonly Contestant[],
  turns: ReadonlyMap<string, Turn[]>,
  origin: string,
  { seconds, warmUpSeconds, tell }: Omit<TurnOptions, 'rounds'>,
): Promise<void> {
  const started: (Running & Pick<Contestant, 'name' | 'requests'>)[] = []
  try {
    for (const { name, start, requests } of field) {
      tell(`${name} gets warm`)
      const running = await start(origin)
      started.push({ ...running, name, requests })
      isolate(running.pids)
      await load(running.url, warmUpSeconds, requests)
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
}

/** Microseconds of CPU time for a request, over all turns. */
export function cpuUsOf(turns: readonly Turn[]): number {
  const sum = (figure: 'usedMs' | 'requests') => turns.reduce((total, each) => total + each[figure], 0)
  return (sum('usedMs') * 1_000) / sum('requests')
}

/** CPU time of a request: so many times that of the other, turn against turn. */
export function cpuRatioOf(turns: readonly Turn[] = [], others: readonly Turn[] = []): Ratio {
  const costs = (each: readonly Turn[]) => each.map(({ usedMs, requests }) => usedMs / requests)
  return ratioOf(costs(turns), costs(others))
}

export function turnsText({ rounds, seconds }: Pick<TurnOptions, 'rounds' | 'seconds'>): string {
  return `${rounds === 1 ? '1 round' : `${rounds} rounds`} of ${seconds} turns for each`
}

async function turnOf({ url, pids, requests }: Running & Pick<Contestant, 'requests'>): Promise<Turn> {
  const usedMs = () => pids.reduce((sum, pid) => sum + cpuTimeMs(pid), 0)
  const beforeMs = usedMs()
  const figures = await load(url, 1, requests)
  return { ...figures, usedMs: usedMs() - beforeMs }
}
