/** CPU time per request of a running gate, Durable Objects included, against the size of what it runs. */

import { startGate } from '../proxy/contestants.ts'
import { type Contestant, cpuUsOf, type RoundOptions, takeTurns } from '../proxy/turns.ts'
import { bigDocument } from '../support/big-document.ts'
import { percentile } from '../support/percentiles.ts'
import type { Series } from './report.ts'

type Dimension = 'flags' | 'routes' | 'isolates'
type Sizes = Readonly<Record<Dimension, readonly number[]>>
export const GATE_SIZES: Sizes = { flags: [1, 100, 10_000], routes: [1, 100, 1_000], isolates: [1, 2, 4, 8] }
/** What can be measured in half a minute. */
export const FEW_GATE_SIZES: Sizes = { flags: [1, 10_000], routes: [1, 1_000], isolates: [1, 4] }
/** Enough flags for a thousand routes to be decided by. */
const FLAGS_FOR_ROUTES = 10

/** The sizes side by side, in so many rounds; costs are medians over the rounds, in microseconds. */
export async function gateSeries(
  worker: string,
  by: Dimension,
  sizes: readonly number[],
  rounds: number,
  options: RoundOptions,
): Promise<Series> {
  const field = sizes.map((size) => contestant(worker, by, size))
  const costs = new Map<number, number[]>(sizes.map((size) => [size, []]))
  for (let round = 0; round < rounds; round++) {
    const turns = await takeTurns(round % 2 === 0 ? field : field.toReversed(), options)
    for (const size of sizes) costs.get(size)?.push(cpuUsOf(turns.get(`${size}`) ?? []))
  }
  const first = costs.get(sizes[0] ?? 0) ?? []
  const points = [...costs].map(([size, each]) => ({
    size,
    cost: percentile(each, 0.5),
    factor: percentile(
      each.map((cost, round) => cost / (first[round] ?? Number.NaN)),
      0.5,
    ),
  }))
  return { by, points }
}

function contestant(worker: string, by: Dimension, size: number): Contestant {
  const flags = by === 'flags' ? size : FLAGS_FOR_ROUTES
  const routes = by === 'routes' ? size : 1
  const isolates = by === 'isolates' ? size : 1
  return {
    name: `${size}`,
    start: (origin) => startGate(worker, bigDocument({ flags, routes, origin }), isolates),
  }
}
