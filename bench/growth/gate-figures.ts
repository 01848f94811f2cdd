/** CPU time per request of a running gate, Durable Objects included, against the size of what it runs. */

import { bigDocument } from '../../test-kit/simulation/big-document.ts'
import { startGate } from '../proxy/contestants.ts'
import { type Contestant, cpuRatioOf, cpuUsOf, type TurnOptions, takeTurns } from '../proxy/turns.ts'
import type { Series } from './report.ts'

type Dimension = 'flags' | 'routes' | 'isolates'
type Sizes = Readonly<Record<Dimension, readonly number[]>>
export const GATE_SIZES: Sizes = { flags: [1, 100, 10_000], routes: [1, 100, 1_000], isolates: [1, 2, 4, 8] }
/** What can be measured in half a minute. */
export const FEW_GATE_SIZES: Sizes = { flags: [1, 10_000], routes: [1, 1_000], isolates: [1, 4] }
/** Enough flags for a thousand routes to be decided by. */
const FLAGS_FOR_ROUTES = 10

/** The sizes side by side; costs in microseconds. */
export async function gateSeries(
  worker: string,
  by: Dimension,
  sizes: readonly number[],
  options: TurnOptions,
): Promise<Series> {
  const field = sizes.map((size) => contestant(worker, by, size))
  const turns = await takeTurns(field, options)
  const turnsOf = (size: number | undefined) => turns.get(`${size}`) ?? []
  const points = sizes.map((size) => ({
    size,
    cost: cpuUsOf(turnsOf(size)),
    factor: cpuRatioOf(turnsOf(size), turnsOf(sizes[0])),
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
