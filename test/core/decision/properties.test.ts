/** What holds of every decision, whatever the document, the visitor and the state of control. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileSnapshot, type Snapshot } from '../../../src/core/config/compile/snapshot.ts'
import { compileControl, INITIAL_CONTROL_STATE } from '../../../src/core/config/control.ts'
import { parseDocument } from '../../../src/core/config/parse/parse.ts'
import { type EvaluationContext, staticContext } from '../../../src/core/context/attributes.ts'
import { type Decision, type DecisionInputs, decide } from '../../../src/core/decision/decide.ts'
import { explain } from '../../../src/core/decision/explain.ts'
import { unmetRequirements } from '../../../src/core/decision/unmet.ts'
import type { CompiledFlag } from '../../../src/core/flags/flag.ts'
import { controlStates, documents, type Visitor, visitors } from '../../support/arbitrary.ts'

const NOW_MS = Date.UTC(2026, 6, 1)

function snapshotOf(document: unknown): Snapshot {
  const parsed = parseDocument(JSON.stringify(document))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return compileSnapshot(parsed.value)
}

function inputsOf(snapshot: Snapshot, state = INITIAL_CONTROL_STATE): DecisionInputs {
  const control = compileControl(state, [])
  return { flags: snapshot.flags, control, environment: 'production', nowMs: NOW_MS, overrides: undefined }
}

function contextOf(visitor: Visitor): EvaluationContext {
  const { targetingKey, beta, preview, version, age, since, ...named } = visitor
  return staticContext(targetingKey, {
    ...named,
    now: NOW_MS,
    'cookie.beta': beta,
    'query.preview': preview,
    'header.x-version': version,
    'header.x-age': age,
    'header.x-since': since,
  })
}

const positionIn = ({ placement }: Decision) => ('position' in placement ? placement.position : undefined)

describe('a decision', () => {
  it('is off for all where a requirement is met by no visitor', () => {
    const unmet = { closed: 0, depends: 0 }
    const decided = fc.property(documents, controlStates, visitors, (document, state, visitor) => {
      const inputs = inputsOf(snapshotOf(document), state)
      const unmetOf = unmetRequirements(inputs)
      for (const flag of (inputs.flags as Map<string, CompiledFlag>).values()) {
        const found = unmetOf(flag)
        if (found === undefined) {
          unmet.depends += flag.requires.length
          continue
        }
        unmet.closed++
        expect(flag.requires.map((requirement) => requirement.flag)).toContain(found)
        expect(decide(flag, contextOf(visitor), inputs).variant).toBe(flag.off)
      }
    })
    fc.assert(decided, { numRuns: 300 })
    expect(unmet.closed).toBeGreaterThan(20)
    expect(unmet.depends).toBeGreaterThan(20)
  })

  it('is made for everybody: a variant of the flag, its value, and an arm that fits', () => {
    const reasons = new Set<string>()
    const decided = fc.property(documents, controlStates, visitors, (document, state, visitor) => {
      const snapshot = snapshotOf(document)
      const inputs = inputsOf(snapshot, state)
      for (const flag of snapshot.flags.values()) {
        const decision = decide(flag, contextOf(visitor), inputs)
        expect(flag.values.has(decision.variant)).toBe(true)
        expect(decision.value).toEqual(flag.values.get(decision.variant))
        expect(decision.placement.arm === 'other').toBe(!('position' in decision.placement))
        if (decision.placement.arm !== 'other') expect(flag.rolloutRule).toBeGreaterThanOrEqual(0)
        reasons.add(decision.reason)
      }
    })
    fc.assert(decided, { numRuns: 300 })
    expect(reasons).toEqual(
      new Set(['KILLED', 'ROLLED_BACK', 'DISABLED', 'STATIC', 'TARGETING_MATCH', 'SPLIT', 'DEFAULT']),
    )
  })

  it('is the same when it is made again, and when it is explained', () => {
    const same = fc.property(documents, controlStates, visitors, (document, state, visitor) => {
      const [snapshot, again] = [snapshotOf(document), snapshotOf(document)]
      for (const flag of snapshot.flags.values()) {
        const decision = decide(flag, contextOf(visitor), inputsOf(snapshot, state))
        const twin = again.flags.get(flag.key) as CompiledFlag
        expect(decide(twin, contextOf(visitor), inputsOf(again, state))).toEqual(decision)
        const explained = explain(twin, contextOf(visitor), inputsOf(again, state))
        expect(explained.decision).toEqual(decision)
        expect(explained.rules.filter(({ outcome }) => outcome === 'served').map(({ rule }) => rule)).toEqual(
          decision.rule === undefined ? [] : [decision.rule],
        )
      }
    })
    fc.assert(same)
  })

  it('depends on no other flag than those that are required, and on no route', () => {
    const alone = fc.property(documents, controlStates, visitors, (document, state, visitor) => {
      const snapshot = snapshotOf(document)
      for (const flag of snapshot.flags.values()) {
        const needed = requiredBy(flag, snapshot)
        const flags = Object.fromEntries(Object.entries(document.flags).filter(([key]) => needed.has(key)))
        const smaller = snapshotOf({ ...document, flags, routes: [{ path: '/*', origin: 'old' }] })
        const twin = smaller.flags.get(flag.key) as CompiledFlag
        expect(decide(twin, contextOf(visitor), inputsOf(smaller, state))).toEqual(
          decide(flag, contextOf(visitor), inputsOf(snapshot, state)),
        )
      }
    })
    fc.assert(alone)
  })

  it('never opens a flag that is killed or rolled back, whatever overrides say of a kill', () => {
    const closed = fc.property(documents, visitors, fc.boolean(), (document, visitor, overridden) => {
      const snapshot = snapshotOf(document)
      for (const flag of snapshot.flags.values()) {
        const overrides = overridden
          ? new Map([...flag.values.keys()].map((key) => [flag.key, key]))
          : undefined
        const killed = inputsOf(snapshot, { ...INITIAL_CONTROL_STATE, killed: [flag.key] })
        expect(decide(flag, contextOf(visitor), { ...killed, overrides })).toMatchObject({
          variant: flag.off,
          reason: 'KILLED',
        })
        const rolledBack = { generation: 1, stage: 0, rolledBack: { atMs: 1, reason: 'errors' } }
        const back = inputsOf(snapshot, { ...INITIAL_CONTROL_STATE, flags: { [flag.key]: rolledBack } })
        expect(decide(flag, contextOf(visitor), back)).toMatchObject({
          variant: flag.off,
          reason: 'ROLLED_BACK',
        })
      }
    })
    fc.assert(closed)
  })

  it('requires what it requires: a rule decides only where every requirement serves what it must', () => {
    const met = fc.property(documents, controlStates, visitors, (document, state, visitor) => {
      const snapshot = snapshotOf(document)
      const inputs = inputsOf(snapshot, state)
      for (const flag of snapshot.flags.values()) {
        const { reason } = decide(flag, contextOf(visitor), inputs)
        if (['KILLED', 'ROLLED_BACK', 'DISABLED'].includes(reason)) continue
        for (const { flag: key, on, variants } of flag.requires) {
          const required = snapshot.flags.get(key) as CompiledFlag
          const { variant } = decide(required, contextOf(visitor), inputs)
          if (on && variants !== undefined) expect(variants).toContain(variant)
          else expect(variant !== required.off).toBe(on)
        }
      }
    })
    fc.assert(met)
  })
})

function requiredBy({ key, requires }: CompiledFlag, snapshot: Snapshot): Set<string> {
  const further = requires.map((each) => requiredBy(snapshot.flags.get(each.flag) as CompiledFlag, snapshot))
  return new Set([key, ...further.flatMap((keys) => [...keys])])
}

describe('a share', () => {
  const share = fc.nat(100_000).map((thousandths) => thousandths / 1_000)
  const ofShare = (percentage: number, serve: unknown = 'on') =>
    snapshotOf({
      origins: { old: { url: 'https://old.example.com' } },
      routes: [{ path: '/*', origin: 'old' }],
      flags: {
        f: { variants: { on: 1, other: 2, off: 0 }, off: 'off', rules: [{ percentage, serve }] },
      },
    })
  const decideFor = (snapshot: Snapshot, key: string, state = INITIAL_CONTROL_STATE): Decision =>
    decide(snapshot.flags.get('f') as CompiledFlag, staticContext(key, {}), inputsOf(snapshot, state))

  it('loses no visitor as it grows, changes no variant, and never changes a position', () => {
    const weights = { on: 30, other: 70 }
    const grows = fc.property(
      share,
      share,
      fc.string(),
      fc.constantFrom<unknown>('on', weights),
      (a, b, key, serve) => {
        const [less, more] = a < b ? [a, b] : [b, a]
        const [before, after] = [decideFor(ofShare(less, serve), key), decideFor(ofShare(more, serve), key)]
        if (before.placement.arm === 'canary') expect(after.variant).toBe(before.variant)
        if (after.placement.arm === 'control') expect(before.placement.arm).toBe('control')
        expect(positionIn(after)).toBe(positionIn(before))
      },
    )
    fc.assert(grows, { numRuns: 500 })
  })

  it('loses no visitor as stages advance and the rollout is finished', () => {
    const stages = [1, 5, 25, 50, 100].map((percentage) => ({ percentage }))
    const staged = snapshotOf({
      origins: { old: { url: 'https://old.example.com' } },
      routes: [{ path: '/*', origin: 'old' }],
      flags: { f: { variants: { on: 1, off: 0 }, off: 'off', rules: [{ stages, serve: 'on' }], guard: {} } },
    })
    const at = (stage: number, finished = false) => ({
      ...INITIAL_CONTROL_STATE,
      flags: { f: { generation: 1, stage, finished } },
    })
    const climbs = fc.property(fc.string(), (key) => {
      const ladder = [...stages.keys()].map((stage) => decideFor(staged, key, at(stage)).variant)
      ladder.push(decideFor(staged, key, at(4, true)).variant)
      expect(ladder).toEqual(ladder.toSorted((a, b) => Number(a === 'on') - Number(b === 'on')))
      expect(ladder.at(-1)).toBe('on')
    })
    fc.assert(climbs, { numRuns: 500 })
  })

  it('is met by 20,000 keys within 3 standard deviations, the same ones each time', () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `visitor-${index}`)
    const insideOf = (percentage: number) => {
      const snapshot = ofShare(percentage)
      return new Set(keys.filter((key) => decideFor(snapshot, key).placement.arm === 'canary'))
    }
    for (const percentage of [1, 25, 50]) {
      const expected = (keys.length * percentage) / 100
      const deviation = Math.sqrt((expected * (100 - percentage)) / 100)
      expect(Math.abs(insideOf(percentage).size - expected)).toBeLessThan(3 * deviation)
    }
    const [tenth, half, all] = [insideOf(10), insideOf(50), insideOf(100)]
    expect([...tenth].every((key) => half.has(key)) && all.size === keys.length).toBe(true)
  })

  it('says nothing about the share of another flag: χ² of two flags, and of percentage and weight', () => {
    const flag = (serve: unknown) => ({
      variants: { on: 1, a: 2, b: 3, off: 0 },
      off: 'off',
      rules: [{ percentage: 30, serve }],
    })
    const { flags, ...rest } = inputsOf(
      snapshotOf({
        origins: { old: { url: 'https://old.example.com' } },
        routes: [{ path: '/*', origin: 'old' }],
        flags: { one: flag('on'), two: flag('on'), weighted: flag({ a: 50, b: 50 }) },
      }),
    )
    const table = [0, 0, 0, 0]
    let first = 0
    let inside = 0
    for (let index = 0; index < 20_000; index++) {
      const [one, two, weighted] = ['one', 'two', 'weighted'].map((key) =>
        decide(flags.get(key) as CompiledFlag, staticContext(`visitor-${index}`, {}), { flags, ...rest }),
      )
      const cell = 2 * Number(one?.variant === 'on') + Number(two?.variant === 'on')
      table[cell] = (table[cell] ?? 0) + 1
      if (weighted?.placement.arm !== 'canary') continue
      inside++
      if (weighted.variant === 'a') first++
    }
    expect(chiSquared(table)).toBeLessThan(10.83)
    expect((first - inside / 2) ** 2 / (inside / 4)).toBeLessThan(10.83)
  })
})

/** Of a table of two by two; above 10.83 less than once in a thousand, if the two have nothing to do with each other. */
function chiSquared([a = 0, b = 0, c = 0, d = 0]: readonly number[]): number {
  const total = a + b + c + d
  return (total * (a * d - b * c) ** 2) / ((a + b) * (c + d) * (a + c) * (b + d))
}
