/**
 * Simulates flags for a synthetic population: visitors per variant, in total and by attribute. A visitor follows from
 * a number alone, so each run gives the same population.
 */
import type { Snapshot } from '../config/compile/snapshot.ts'
import { type AttributeValue, staticContext } from '../context/attributes.ts'
import { murmur3 } from '../flags/murmur3.ts'
import { pickWeighted } from '../flags/position.ts'
import { type DecisionInputs, decide } from './decide.ts'

/** Attribute → value → weight. */
export type Mixture = Readonly<Record<string, Readonly<Record<string, number>>>>

export type Population = {
  visitors: number
  /** Attributes that vary, independently of each other. */
  mixture: Mixture
  /** Attributes that all visitors share. */
  common: Readonly<Record<string, AttributeValue>>
}

export type GroupShares = {
  /** The group's attribute and value; both empty for the whole population. */
  attribute: string
  value: string
  visitors: number
  /** Variant → visitors. */
  variants: Record<string, number>
}

export type SimulatedFlag = { flag: string; groups: GroupShares[] }

/**
 * Decides flags for every visitor of a population.
 *
 * @example simulateFlags(snapshot, ['new-checkout'], { visitors: 10_000, mixture: { country: { RO: 1, DE: 3 } },
 *   common: {} }, inputs)
 */
export function simulateFlags(
  snapshot: Snapshot,
  flags: readonly string[],
  population: Population,
  inputs: DecisionInputs,
): SimulatedFlag[] {
  const tallies = flags.map((flag) => ({ flag, groups: new Map<string, GroupShares>() }))
  const sources = Object.entries(population.mixture).map(([attribute, weights]) => ({
    attribute,
    values: Object.keys(weights),
    cumulative: runningSums(Object.values(weights)),
  }))
  for (let index = 0; index < population.visitors; index++) {
    const key = `visitor-${index}`
    const own: Record<string, string> = {}
    for (const { attribute, values, cumulative } of sources) {
      own[attribute] = values[pickWeighted(murmur3(`population:${attribute}:${key}`, 0), cumulative)] ?? ''
    }
    const context = {
      ...staticContext(key, { now: inputs.nowMs, ...own, ...population.common }),
      random: () => murmur3(`population:random:${key}`, 0) / 2 ** 32,
    }
    const ofVisitor: DecisionInputs = { ...inputs, required: new Map() }
    for (const { flag, groups } of tallies) {
      const compiled = snapshot.flags.get(flag)
      if (compiled === undefined) continue
      const { variant } = decide(compiled, context, ofVisitor)
      for (const [attribute, value] of [['', ''], ...Object.entries(own)] as const) {
        countIn(groups, attribute, value, variant)
      }
    }
  }
  return tallies.map(({ flag, groups }) => ({ flag, groups: [...groups.values()].sort(byPlace) }))
}

function countIn(groups: Map<string, GroupShares>, attribute: string, value: string, variant: string): void {
  const id = JSON.stringify([attribute, value])
  const group = groups.get(id) ?? { attribute, value, visitors: 0, variants: {} }
  group.visitors++
  group.variants[variant] = (group.variants[variant] ?? 0) + 1
  groups.set(id, group)
}

/** The whole population first, then by attribute, largest group first. */
function byPlace(a: GroupShares, b: GroupShares): number {
  if (a.attribute !== b.attribute) return a.attribute < b.attribute ? -1 : 1
  return b.visitors - a.visitors
}

function runningSums(weights: readonly number[]): number[] {
  let sum = 0
  return weights.map((weight) => {
    sum += weight
    return sum
  })
}
