/** How many visitors keep what an export gives them. */
import { isDeepStrictEqual } from 'node:util'
import { deciderFor, documentIn } from '../decider.ts'
import { features } from './features.ts'
import { flagd } from './flagd.ts'
import { growthBook } from './growthbook.ts'
import { launchDarkly } from './launchdarkly.ts'
import { people, type System } from './population.ts'
import { unleash } from './unleash.ts'

export const SYSTEMS: readonly System[] = [features, unleash, flagd, launchDarkly, growthBook]

export type Measured = {
  flags: number
  listed: number
  importMs: number
  decisions: number
  kept: number
  /** Visitors for whom every flag is as it was. */
  keptVisitors: number
  visitors: number
  /** Variants that some visitor gets, over all flags. */
  seen: number
  differences: { flag: string; person: object; expected: unknown; found: unknown }[]
}

/** Imports an export and decides for people, here and by the system's SDK. */
export async function measure(system: System, number: number, count: number): Promise<Measured> {
  const text = system.text(number)
  const startMs = performance.now()
  const imported = system.import(text)
  const importMs = performance.now() - startMs
  const decide = deciderFor(documentIn(imported))
  const flags = Object.keys(documentIn(imported).flags ?? {})
  const oracle = await system.oracle(text)
  const seen = new Set<string>()
  const differences: Measured['differences'] = []
  let [decisions, kept, keptVisitors] = [0, 0, 0]
  for (const person of people(count)) {
    const before = differences.length
    for (const flag of flags) {
      const expected = await oracle.answer(flag, person)
      const decision = decide(flag, system.visitor(person))
      const found = system.answerOf ? system.answerOf(decision) : (decision?.value ?? null)
      decisions++
      if (isDeepStrictEqual(found, expected)) kept++
      else differences.push({ flag, person, expected, found })
      seen.add(`${flag} ${JSON.stringify(found)}`)
    }
    if (differences.length === before) keptVisitors++
  }
  oracle.close()
  const listed = imported.ok ? imported.losses.length : 0
  return {
    flags: flags.length,
    listed,
    importMs,
    decisions,
    kept,
    keptVisitors,
    visitors: count,
    seen: seen.size,
    differences,
  }
}
