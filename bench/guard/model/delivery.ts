/** How counts get from isolates to the Controller: at once, or over a network that repeats, reorders and loses. */

import { type Cell, CellTable } from '../../../src/core/counters/cell.ts'
import { Outbox, type SealedBatch } from '../../../src/core/counters/outbox.ts'
import { EMPTY_WINDOW, type SequenceWindow, take } from '../../../src/core/counters/sequence.ts'
import type { Random } from '../../../test-kit/simulation/random.ts'

/** Cells that arrive at the Controller in a second, given those that were counted in it. */
export type Delivery = (cells: readonly Cell[], second: number) => Cell[]

export const deliverAtOnce: Delivery = (cells) => cells as Cell[]

const ISOLATES = 3
const LONGEST_DELAY_S = 8
/** Of each sending: that it is lost, or arrives twice; of each isolate and second: that it dies with its counts. */
const LOST = 0.15
const REPEATED = 0.2
const DEATH = 0.002

type Isolate = { outbox: Outbox; window: SequenceWindow }
type InFlight = { dueS: number; isolate: Isolate; batch: SealedBatch }

/**
 * Isolates send their sealed batch every second until it is acknowledged, and acknowledgements get lost as well.
 * The numbers of `sequence.ts` decide what is counted, as in the Counters object.
 */
export function faultyDelivery(random: Random): Delivery {
  const isolates = Array.from({ length: ISOLATES }, newIsolate)
  let flights: InFlight[] = []
  return (cells, second) => {
    const chosen = random.below(ISOLATES)
    isolates[chosen]?.outbox.open.add(cells)
    isolates.forEach((isolate, k) => {
      if (random.next() < DEATH) isolates[k] = newIsolate()
      else send(random, isolate, second, flights)
    })
    const arrived = new CellTable()
    const due = flights.filter((flight) => flight.dueS <= second)
    flights = flights.filter((flight) => flight.dueS > second)
    for (const { isolate, batch } of due) {
      const window = take(isolate.window, batch.seq)
      if (window !== undefined) {
        isolate.window = window
        arrived.add(batch.cells)
      }
      if (random.next() >= LOST) isolate.outbox.acknowledge(batch.seq)
    }
    return arrived.toList()
  }
}

function newIsolate(): Isolate {
  return { outbox: new Outbox(), window: EMPTY_WINDOW }
}

function send(random: Random, isolate: Isolate, second: number, flights: InFlight[]): void {
  if (isolate.outbox.isEmpty) return
  const batch = structuredClone(isolate.outbox.seal())
  const copies = random.next() < REPEATED ? 2 : 1
  for (let copy = 0; copy < copies; copy++) {
    if (random.next() < LOST) continue
    flights.push({ dueS: second + random.below(LONGEST_DELAY_S), isolate, batch })
  }
}
