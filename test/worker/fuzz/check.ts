/** Runs a property over random inputs, and measures the long ones. */
import fc from 'fast-check'

export type Run = { seed: number; inputs: number }
/** The input that takes longest for its length, of those that are long: the shortest time of several. */
export type Found = { slowestMs: number; slowest: string }
export type Target = { name: string; run(run: Run): Promise<Found> }

/** Code that never waits lets no other code run. */
const REST_EVERY = 500
const REPEATS = 5
const LONGEST_SHOWN = 100
/** What is shorter takes less time than can be measured, whatever is done with it. */
const LONG_CHARACTERS = 2_000
/** No input is longer than some ten thousand characters. One that takes so long takes more than its share. */
const LONGEST_MS = 100

export function target<T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  property: (input: T) => void | Promise<void>,
): Target {
  const run = async ({ seed, inputs }: Run): Promise<Found> => {
    let runs = 0
    let worst: { ms: number; input: T } | undefined
    const each = async (input: T) => {
      if (++runs % REST_EVERY === 0) await scheduler.wait(0)
      if (!isLong(input)) return await property(input)
      const ms = await timeOf(() => property(input))
      if (worst === undefined || ms > worst.ms) worst = { ms, input }
    }
    await fc.assert(fc.asyncProperty(arbitrary, each), { seed, numRuns: inputs })
    if (worst === undefined) return { slowestMs: 0, slowest: '' }
    const { input } = worst
    let slowestMs = worst.ms
    for (let repeat = 0; repeat < REPEATS; repeat++)
      slowestMs = Math.min(slowestMs, await timeOf(() => property(input)))
    if (slowestMs > LONGEST_MS) throw new Error(`An input takes ${slowestMs} ms: ${fc.stringify(input)}`)
    return { slowestMs, slowest: fc.stringify(input).slice(0, LONGEST_SHOWN) }
  }
  return { name, run }
}

function isLong(input: unknown): boolean {
  if (typeof input === 'string') return input.length >= LONG_CHARACTERS
  if (typeof input !== 'object' || input === null) return false
  return Object.values(input).some(isLong)
}

/** The runtime's clock stands still until something is waited for. */
async function timeOf(work: () => void | Promise<void>): Promise<number> {
  await scheduler.wait(0)
  const startedMs = performance.now()
  await work()
  await scheduler.wait(0)
  return performance.now() - startedMs
}

/** What must be so; the message of what isn't is the counterexample's. */
export function must(isSo: boolean, what: string): asserts isSo {
  if (!isSo) throw new Error(what)
}
