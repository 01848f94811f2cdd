/** Whom a new document would move: where the samples know enough to tell, they tell the truth. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { compileSnapshot, findRoute, type Snapshot } from '../../../src/core/config/compile/snapshot.ts'
import { compileControl } from '../../../src/core/config/control.ts'
import { parseDocument } from '../../../src/core/config/parse/parse.ts'
import { staticContext } from '../../../src/core/context/attributes.ts'
import { decide } from '../../../src/core/decision/decide.ts'
import { replay, valuesToHash } from '../../../src/core/decision/replay.ts'
import { samplingPlanOf, sealSample, takeSample } from '../../../src/core/decision/sample.ts'
import {
  type ArbitraryDocument,
  controlStates,
  documents,
  flagOf,
  type Visitor,
  visitors,
} from '../../support/arbitrary.ts'

const NOW_MS = Date.UTC(2026, 6, 1)
const hash = async (text: string) => `#${text}`

type Place = Parameters<typeof findRoute>[1]

/** Whether a request asks for a flag: by its route and what that requires; the app asks for flags without a route. */
function asks(snapshot: Snapshot, name: string, request: Place): boolean {
  const { flags, routes } = snapshot
  const needs = (key: string): string[] => [
    key,
    ...(flags.get(key)?.requires ?? []).flatMap((required) => needs(required.flag)),
  ]
  const named = routes.flatMap(({ target }) => (target.kind === 'flag' ? needs(target.flag.key) : []))
  if (!flags.has(name)) return false
  if (!named.includes(name)) return true
  const target = findRoute(snapshot, request)?.target
  return target?.kind === 'flag' && needs(target.flag.key).includes(name)
}

function snapshotOf(document: ArbitraryDocument): Snapshot {
  const parsed = parseDocument(JSON.stringify(document))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return compileSnapshot(parsed.value)
}

function contextOf({ targetingKey, beta, preview, version, age, since, ...named }: Visitor) {
  const given = { 'cookie.beta': beta, 'query.preview': preview, 'header.x-version': version }
  return staticContext(targetingKey, {
    ...named,
    ...given,
    now: NOW_MS,
    'header.x-age': age,
    'header.x-since': since,
  })
}

/** The same variants, decided in another way. */
const changedDocuments = fc
  .tuple(documents, fc.nat(4), flagOf([]))
  .map(([before, index, { rules, ...other }]) => {
    const keys = Object.keys(before.flags)
    const key = keys[index % keys.length] ?? ''
    const flag = before.flags[key] as ArbitraryDocument['flags'][string]
    const variants = new Set(Object.keys(flag.variants))
    const fitting = rules.filter(({ serve }) =>
      (typeof serve === 'string' ? [serve] : Object.keys(serve as object)).every((name) =>
        variants.has(name),
      ),
    )
    const changed = { ...flag, ...('enabled' in other && { enabled: other.enabled }), rules: fitting }
    return { before, after: { ...before, flags: { ...before.flags, [key]: changed } }, key }
  })

it('a replayed request moves just if it really would, or is said to be unknown', async () => {
  let told = 0
  let moved = 0
  const property = fc.asyncProperty(
    changedDocuments,
    controlStates,
    fc.array(visitors, { minLength: 5, maxLength: 5 }),
    async ({ before: earlier, after: later, key }, state, people) => {
      const [before, after] = [snapshotOf(earlier), snapshotOf(later)]
      const plan = samplingPlanOf(before)
      const known = new Set(plan.salts)
      if (samplingPlanOf(after).salts.some((salt) => !known.has(salt))) return
      const control = compileControl(state, [])
      const fixed = { control, environment: 'production', nowMs: NOW_MS }
      for (const visitor of people) {
        const { path, method, targetingKey } = visitor
        const request = { host: 'shop.test', path, method, nowMs: NOW_MS }
        const raw = takeSample(plan, contextOf(visitor), request, targetingKey)
        const samples = [await sealSample(raw, hash)]
        const hashes = new Map<string, string>()
        for (const value of valuesToHash(after, samples)) hashes.set(value, await hash(value))
        const result = replay({
          before: { snapshot: before, control },
          after: { snapshot: after, control },
          changed: new Set([key]),
          samples,
          hashes,
          ...fixed,
        })
        expect(result.samples + result.unknown).toBe(1)
        if (result.unknown > 0) continue
        const variantIn = ({ flags }: Snapshot, name: string) => {
          const flag = flags.get(name)
          return flag && decide(flag, contextOf(visitor), { flags, overrides: undefined, ...fixed }).variant
        }
        const isAsked = (name: string) => asks(before, name, request) || asks(after, name, request)
        const truth = [...after.flags.keys()].filter(
          (name) => isAsked(name) && variantIn(before, name) !== variantIn(after, name),
        )
        expect(result.flags.map(({ flag }) => flag).toSorted()).toEqual(truth.toSorted())
        told++
        moved += Math.sign(truth.length)
      }
    },
  )
  await fc.assert(property, { numRuns: 200 })
  // Neither "all unknown" nor "none move" would show anything.
  expect(told).toBeGreaterThan(100)
  expect(moved).toBeGreaterThan(5)
})
