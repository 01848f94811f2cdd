/** Flags that require others cost in proportion to the document, however many ways lead from one to another. */
import { describe, expect, it } from 'vitest'
import { compileSnapshot, type Snapshot } from '../../../src/core/config/compile/snapshot.ts'
import { compileControl, INITIAL_CONTROL_STATE } from '../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { staticContext } from '../../../src/core/context/attributes.ts'
import { type DecisionInputs, decide } from '../../../src/core/decision/decide.ts'
import { explain } from '../../../src/core/decision/explain.ts'
import { simulateFlags } from '../../../src/core/decision/population.ts'
import { replay } from '../../../src/core/decision/replay.ts'
import type { DecisionSample } from '../../../src/core/decision/sample.ts'
import { audiencesOf } from '../../../src/core/decision/sample-answers.ts'
import { keyNeeds } from '../../../src/core/decision/targeting-key.ts'
import { unmetRequirements } from '../../../src/core/decision/unmet.ts'
import type { CompiledFlag } from '../../../src/core/flags/flag.ts'

/** Each flag requires all flags after it: 2^(N−1) ways lead from the first to the last. */
const FLAGS = 18
const EDGES = (FLAGS * (FLAGS - 1)) / 2
const keys = Array.from({ length: FLAGS }, (_, index) => `f${index}`)

function snapshotOf(rule: object, parts: object = {}): Snapshot {
  const parsed = parseDocumentValue({
    origins: { old: { url: 'http://old.test' } },
    routes: [{ path: '/*', origin: 'old' }],
    flags: Object.fromEntries(
      keys.map((key, index) => [
        key,
        {
          variants: { on: true, off: false },
          off: 'off',
          rules: [{ serve: 'on', ...rule }],
          requires: keys.slice(index + 1),
          ...parts,
        },
      ]),
    ),
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return compileSnapshot(parsed.value)
}

const RULES = {
  'for all': {},
  'with a condition': { when: [{ attribute: 'country', op: 'exists', negate: true }] },
  'with a percentage': { percentage: 50 },
}

/** Decisions and look-ups of flags that something takes. */
function countedIn({ flags }: Snapshot, take: (inputs: DecisionInputs, first: CompiledFlag) => unknown) {
  const counts = { decisions: 0, lookups: 0 }
  const control = compileControl(INITIAL_CONTROL_STATE, [])
  const inputs: DecisionInputs = {
    flags: {
      size: flags.size,
      has: (key) => flags.has(key),
      keys: () => flags.keys(),
      values: () => flags.values(),
      get: (key) => {
        counts.lookups++
        return flags.get(key)
      },
    },
    control: {
      ...control,
      of: (key) => {
        counts.decisions++
        return control.of(key)
      },
    },
    environment: 'production',
    nowMs: 0,
    overrides: undefined,
  }
  take(inputs, flags.get('f0') as CompiledFlag)
  return counts
}

describe.each(Object.entries(RULES))('flags that require all others, %s', (_, rule) => {
  const snapshot = snapshotOf(rule)
  const visitor = staticContext('u', {})

  it('are decided once each for one decision', () => {
    const { decisions, lookups } = countedIn(snapshot, (inputs, first) => decide(first, visitor, inputs))
    expect(decisions).toBeLessThanOrEqual(FLAGS)
    expect(lookups).toBeLessThanOrEqual(EDGES)
  })

  it('are decided twice each for all decisions of a visitor', () => {
    const { decisions, lookups } = countedIn(snapshot, (inputs) => {
      const ofVisitor = { ...inputs, required: new Map() }
      for (const flag of snapshot.flags.values()) decide(flag, visitor, ofVisitor)
    })
    expect(decisions).toBeLessThanOrEqual(2 * FLAGS)
    expect(lookups).toBeLessThanOrEqual(2 * EDGES)
  })

  it('are asked for a targeting key once each', () => {
    const { decisions, lookups } = countedIn(snapshot, (inputs) => {
      const needsKey = keyNeeds(staticContext(undefined, {}), inputs)
      for (const flag of snapshot.flags.values()) needsKey(flag)
    })
    // Decided for themselves and for others, and their rules looked at.
    expect(decisions).toBeLessThanOrEqual(3 * FLAGS)
    expect(lookups).toBeLessThanOrEqual(3 * EDGES)
  })

  it('are asked once each for requirements that no visitor meets', () => {
    const { decisions, lookups } = countedIn(snapshot, (inputs) => {
      const unmetOf = unmetRequirements(inputs)
      for (const flag of snapshot.flags.values()) unmetOf(flag)
    })
    // Where all get the same, they are decided as well, for themselves and for others.
    expect(decisions).toBeLessThanOrEqual(3 * FLAGS)
    expect(lookups).toBeLessThanOrEqual(3 * EDGES)
  })

  it('are decided once each for an explanation, whose rules are traced', () => {
    const { decisions, lookups } = countedIn(snapshot, (inputs, first) => explain(first, visitor, inputs))
    expect(decisions).toBeLessThanOrEqual(2 * FLAGS)
    expect(lookups).toBeLessThanOrEqual(2 * EDGES)
  })

  it('are decided twice each for a visitor of a simulation', () => {
    const { decisions } = countedIn(snapshot, (inputs) =>
      simulateFlags(snapshot, keys, { visitors: 3, mixture: {}, common: {} }, inputs),
    )
    expect(decisions).toBeLessThanOrEqual(3 * 2 * FLAGS)
  })
})

it('a flag is static where all that it requires serve the same to everybody', () => {
  const plain = snapshotOf({})
  expect([...plain.flags.values()].map(({ isStatic }) => isStatic)).toEqual(keys.map(() => true))
  const { flags } = snapshotOf({ percentage: 50 })
  expect(flags.get('f17')?.isStatic).toBe(false)
})

const sample = (visitor: string): DecisionSample => ({
  visitor,
  atMs: 0,
  host: 'h',
  path: '/',
  method: 'GET',
  positions: Object.fromEntries(keys.map((key) => [key, 7])),
  attributes: { country: 'RO', city: 'x' },
  hashed: {},
  held: {},
})

/** Decisions of a replay by `samples` samples. */
function replayed(after: Snapshot, samples: number) {
  let decisions = 0
  const control = compileControl(INITIAL_CONTROL_STATE, [])
  const counting = {
    ...control,
    of: (key: string) => {
      decisions++
      return control.of(key)
    },
  }
  const impact = replay({
    before: { snapshot: snapshotOf({ percentage: 1 }), control },
    after: { snapshot: after, control: counting },
    changed: new Set(keys),
    samples: Array.from({ length: samples }, (_, index) => sample(`v${index}`)),
    environment: 'production',
    nowMs: 0,
    hashes: new Map(),
  })
  return { impact, decisions }
}

describe('a replay', () => {
  it('decides each flag twice for a sample, however many require it', () => {
    const { impact, decisions } = replayed(snapshotOf({}), 10)
    expect(impact.samples).toBe(10)
    expect(decisions).toBeLessThanOrEqual(10 * 2 * FLAGS)
  })

  it('takes fewer samples where rules and values make each cost more', () => {
    const values = Array.from({ length: 2_000 }, (_, index) => `n${index}`)
    const when = [{ attribute: 'city', op: 'contains', values }]
    const costly = snapshotOf({}, { rules: Array.from({ length: 20 }, () => ({ when, serve: 'on' })) })
    const { impact } = replayed(costly, 1_000)
    expect(impact.samples).toBeGreaterThan(0)
    // The last flag's rules are asked; it is off, and so none of the others is on.
    expect(impact.samples * 20 * values.length).toBeLessThan(4_000_000)
  })
})

it('audiences take fewer samples where rules and values make each cost more', () => {
  const values = Array.from({ length: 2_000 }, (_, index) => `n${index}`)
  const { flags } = snapshotOf({ when: [{ attribute: 'city', op: 'contains', values }] })
  const [rule] = flags.get('f0')?.rules ?? []
  if (rule === undefined) throw new Error('The flag has no rule')
  let asked = 0
  const conditions = rule.conditions.map((condition) => ({
    ...condition,
    predicate: () => {
      asked++
      return false
    },
  }))
  const rules = Array.from({ length: 50 }, () => ({ conditions }))
  const samples = Array.from({ length: 1_000 }, (_, index) => sample(`v${index}`))
  const audiences = audiencesOf(rules, samples, { nowMs: 0, hashes: new Map() })
  expect(asked * values.length).toBeLessThan(2_000_000)
  expect(new Set(audiences.map((each) => each.samples)).size).toBe(1)
})
