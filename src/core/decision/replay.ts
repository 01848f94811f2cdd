/** Replays sampled visitors against a new document: who would get another variant or origin? */

import { findRoute, type Snapshot } from '../config/compile/snapshot.ts'
import type { Control } from '../config/control.ts'
import type { EvaluationContext } from '../context/attributes.ts'
import type { CompiledCondition } from '../flags/conditions.ts'
import type { CompiledFlag } from '../flags/flag.ts'
import { LazyMap } from '../lazy-map.ts'
import { type DecisionInputs, decide } from './decide.ts'
import type { FlagMoves, Impact } from './impact.ts'
import type { DecisionSample } from './sample.ts'
import { answerOf } from './sample-answers.ts'

/** A document, and the control state that goes with it. */
type Setting = { snapshot: Snapshot; control: Control }

export type ReplayInputs = {
  before: Setting
  after: Setting
  /** Flags with different definitions. */
  changed: ReadonlySet<string>
  samples: readonly DecisionSample[]
  environment: string
  nowMs: number
  /** Value → its hash, for conditions on attributes that are kept hashed. */
  hashes: ReadonlyMap<string, string>
}

/** Bounds the cost of a replay; samples beyond it are left out. */
const MOST_DECISIONS = 300_000
const MOST_COUNTRIES = 20

export function replay(inputs: ReplayInputs): Impact {
  const before = new Side(inputs.before, inputs)
  const after = new Side(inputs.after, inputs)
  const flags = [...closureOf(inputs)]
  const fitting = Math.max(1, Math.floor(MOST_DECISIONS / (2 * flags.length + 2)))
  const tallies = new Map(flags.map((flag) => [flag, new Tally(flag)]))
  let known = 0
  let unknown = 0
  let moved = 0
  for (const sample of inputs.samples.slice(0, fitting)) {
    const asked = flags.filter((flag) => before.asks(flag, sample) || after.asks(flag, sample))
    const steps = asked.map((flag) => ({
      flag,
      from: before.variant(flag, sample),
      to: after.variant(flag, sample),
    }))
    const differs = before.origin(sample) !== after.origin(sample)
    if (before.missed || after.missed) {
      unknown++
      before.missed = after.missed = false
      continue
    }
    known++
    const changes = steps.filter(({ from, to }) => from !== to)
    if (differs || changes.length > 0) moved++
    for (const { flag, from, to } of steps) tallies.get(flag)?.count(from, to, sample)
  }
  return {
    samples: known,
    unknown,
    movedPercent: known === 0 ? null : percent(moved, known),
    flags: [...tallies.values()].map((tally) => tally.toMoves()).filter((moves) => moves.moved > 0),
  }
}

/** The changed flags, and every flag that requires one of them. */
function closureOf({ before, after, changed }: ReplayInputs): Set<string> {
  const affected = new Set(changed)
  for (let size = -1; size !== affected.size; ) {
    size = affected.size
    for (const { snapshot } of [before, after]) {
      for (const flag of snapshot.flags.values())
        if (flag.requires.some((required) => affected.has(required.flag))) affected.add(flag.key)
    }
  }
  return affected
}

/** One document's decisions for samples. */
class Side {
  /** Set when a sample lacks what a condition asks for. */
  missed = false
  readonly #snapshot: Snapshot
  readonly #inputs: ReplayInputs
  readonly #conditions: CompiledCondition[] = []
  /** Flags that some route asks for. */
  #routed: ReadonlySet<string> | undefined
  readonly #decisionInputs: DecisionInputs

  constructor({ snapshot, control }: Setting, inputs: ReplayInputs) {
    this.#snapshot = snapshot
    this.#inputs = inputs
    const flags = new LazyMap(snapshot.flags, (key) =>
      this.#askingSamples(snapshot.flags.get(key) as CompiledFlag),
    )
    const { environment, nowMs } = inputs
    this.#decisionInputs = { flags, control, environment, nowMs, overrides: undefined }
  }

  /** The variant of a flag; a flag that this document lacks serves its `off` of the other. */
  variant(key: string, sample: DecisionSample): string {
    const flag = this.#decisionInputs.flags.get(key)
    if (flag === undefined) return this.#offOf(key)
    return decide(flag, this.#contextOf(sample), this.#decisionInputs).variant
  }

  /**
   * Whether a sample's request asks for a flag: by its route, by a flag that requires it, or, where no route has it, by the
   * app.
   */
  asks(key: string, sample: DecisionSample): boolean {
    const { routes, flags } = this.#snapshot
    if (!flags.has(key)) return false
    this.#routed ??= flagsOfRoutes(routes, flags)
    if (!this.#routed.has(key)) return true
    const target = findRoute(this.#snapshot, sample)?.target
    return target?.kind === 'flag' && requirementsOf(target.flag, flags).has(key)
  }

  /** URL of the origin that would get the sample's request. */
  origin(sample: DecisionSample): string {
    const target = findRoute(this.#snapshot, sample)?.target
    if (target === undefined) return this.#snapshot.fallback.url
    if (target.kind === 'origin') return target.origin.url
    return (target.origins.get(this.variant(target.flag.key, sample)) ?? target.stable).url
  }

  #offOf(key: string): string {
    const { before, after } = this.#inputs
    return (before.snapshot.flags.get(key) ?? after.snapshot.flags.get(key))?.off ?? ''
  }

  /** The flag with conditions that samples answer: each asks for its own number. */
  #askingSamples(flag: CompiledFlag): CompiledFlag {
    const rules = flag.rules.map((rule) => ({
      ...rule,
      conditions: rule.conditions.map((condition): CompiledCondition => {
        const attribute = String(this.#conditions.push(condition) - 1)
        return {
          ...condition,
          attribute,
          op: 'eq',
          negate: false,
          type: undefined,
          predicate: (answer) => answer === true,
        }
      }),
    }))
    return { ...flag, rules }
  }

  #contextOf(sample: DecisionSample): EvaluationContext {
    return {
      targetingKey: () => sample.visitor,
      position: (salt) => sample.positions[salt],
      attribute: (number) => this.#answer(this.#conditions[Number(number)], sample),
    }
  }

  #answer(condition: CompiledCondition | undefined, sample: DecisionSample): boolean {
    if (condition === undefined) {
      // Other bucketing schemes ask for ids by name, which samples don't keep.
      this.missed = true
      return false
    }
    const answer = answerOf(condition, sample, this.#inputs)
    if (answer === undefined) this.missed = true
    return answer === true
  }
}

function flagsOfRoutes(routes: Snapshot['routes'], flags: Snapshot['flags']): Set<string> {
  return new Set(
    routes.flatMap(({ target }) => (target.kind === 'flag' ? [...requirementsOf(target.flag, flags)] : [])),
  )
}

/** A flag and all that it requires. */
function requirementsOf(flag: CompiledFlag, flags: Snapshot['flags']): Set<string> {
  const found = new Set([flag.key])
  for (const key of found) for (const required of flags.get(key)?.requires ?? []) found.add(required.flag)
  return found
}

/** Values whose hashes a replay needs: operands that conditions compare with hashed attributes. */
export function valuesToHash({ flags }: Snapshot, samples: readonly DecisionSample[]): Set<string> {
  const hashed = new Set(samples.flatMap((sample) => Object.keys(sample.hashed)))
  const values = new Set<string>()
  for (const flag of flags.values()) {
    for (const { attribute, op, values: listed } of flag.rules.flatMap((rule) => rule.conditions)) {
      if (!hashed.has(attribute) || (op !== 'in' && op !== 'not_in')) continue
      for (const value of listed) values.add(String(value))
    }
  }
  return values
}

class Tally {
  readonly #flag: string
  readonly #moves = new Map<string, { from: string; to: string; count: number }>()
  readonly #countries = new Map<string, number>()
  #samples = 0
  #moved = 0

  constructor(flag: string) {
    this.#flag = flag
  }

  count(from: string, to: string, sample: DecisionSample): void {
    this.#samples++
    if (from === to) return
    this.#moved++
    const id = JSON.stringify([from, to])
    const move = this.#moves.get(id) ?? { from, to, count: 0 }
    move.count++
    this.#moves.set(id, move)
    const { country } = sample.attributes
    if (typeof country === 'string') this.#countries.set(country, (this.#countries.get(country) ?? 0) + 1)
  }

  toMoves(): FlagMoves {
    const countries = [...this.#countries].sort((a, b) => b[1] - a[1]).slice(0, MOST_COUNTRIES)
    return {
      flag: this.#flag,
      samples: this.#samples,
      moved: this.#moved,
      movedPercent: percent(this.#moved, this.#samples),
      moves: [...this.#moves.values()].sort((a, b) => b.count - a.count),
      visitors: this.#moved,
      countries: countries.map(([country]) => country),
    }
  }
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((10_000 * part) / whole) / 100
}
