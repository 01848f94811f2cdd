/** Where GrowthBook places visitors: coverage, ranges, namespaces and filters as places of its hash. */
import { type Alternatives, NEVER, type PlaceInput } from '../alternatives.ts'
import { attributeNamed } from './conditions.ts'
import type { GrowthBookRule } from './file.ts'

type Range = readonly [from: number, to: number]
type Hashed = { seed: string; attribute: string | undefined; version: number | undefined }

/** Steps of the hash by its version. */
const STEPS: Readonly<Record<number, number>> = { 1: 1_000, 2: 10_000 }

/** Visitors in one of the ranges; a hash of an unknown version holds no visitor. */
export function placed(
  { seed, attribute = 'id', version = 1 }: Hashed,
  ranges: readonly Range[],
): Alternatives {
  const id = { attribute: attributeNamed(attribute || 'id') }
  const known: PlaceInput['algorithm'] | undefined =
    version === 1 ? 'fnv1a' : version === 2 ? 'fnv1a-twice' : undefined
  if (known === undefined || ranges.length === 0) return NEVER
  const hash = version === 1 ? [id, { text: seed }] : [{ text: seed }, id]
  return [[{ algorithm: known, hash, ranges: ranges.map(([from, to]): [number, number] => [from, to]) }]]
}

/** Visitors whom the filters of a rule let through, one list for each filter. */
export function filtersOf({ filters = [] }: GrowthBookRule): Alternatives[] {
  return filters.map(({ seed, attribute, hashVersion, ranges }) =>
    placed({ seed, attribute, version: hashVersion || 2 }, ranges),
  )
}

/** Visitors of a namespace. */
export function namespaceOf({ namespace, filters, hashAttribute }: GrowthBookRule): Alternatives[] {
  if (namespace === undefined || filters !== undefined) return []
  const [name, from, to] = namespace
  return [placed({ seed: `__${name}`, attribute: hashAttribute, version: 1 }, [[from, to]])]
}

/** The share of a forced value, whose last step is inside. */
export function coverageOf(rule: GrowthBookRule, seed: string): Alternatives[] {
  const { range, coverage, hashAttribute, hashVersion } = rule
  const hashed = { seed, attribute: hashAttribute, version: hashVersion || 1 }
  if (range !== undefined) return [placed(hashed, [range])]
  if (coverage === undefined) return []
  const steps = STEPS[hashed.version] ?? 1
  if (coverage <= 0) return [NEVER]
  let last = Math.min(steps, Math.floor(coverage * steps) + 1)
  while (last / steps > coverage) last--
  return [placed(hashed, [[0, (last + 1) / steps]])]
}

/** The ranges of an experiment's variations. Where some overlap, the first one has the visitor. */
export function rangesOf(rule: GrowthBookRule, count: number): Range[][] {
  const taken: Range[] = []
  return writtenRanges(rule, count).map((range) => {
    const free = taken.reduce<Range[]>(
      (parts, [from, to]) => {
        const outside = parts.flatMap(([start, end]): Range[] => [
          [start, Math.min(end, from)],
          [Math.max(start, to), end],
        ])
        return outside.filter(([start, end]) => start < end)
      },
      [range],
    )
    taken.push(range)
    return free
  })
}

function writtenRanges({ ranges, weights, coverage = 1 }: GrowthBookRule, count: number): readonly Range[] {
  if (ranges !== undefined) return ranges
  const equal = Array.from({ length: count }, () => 1 / count)
  const total = (weights ?? []).reduce((sum, weight) => weight + sum, 0)
  const isValid = weights?.length === count && total >= 0.99 && total <= 1.01
  const share = Math.min(1, Math.max(0, coverage))
  let sum = 0
  return (isValid ? weights : equal).map((weight): Range => {
    const from = sum
    sum += weight
    return [from, from + share * weight]
  })
}
