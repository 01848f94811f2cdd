/** Replays sampled visitors against a new document: who would get another variant or origin? */

import { findRoute, type Snapshot, watchedRoutes } from '../config/compile/snapshot.ts'
import type { Control } from '../config/control.ts'
import type { EvaluationContext } from '../context/attributes.ts'
import type { CompiledCondition } from '../flags/conditions.ts'
import type { CompiledFlag } from '../flags/flag.ts'
import { grouped } from '../grouped.ts'
import { LazyMap, type Lookup } from '../lazy-map.ts'
import { type DecisionInputs, decide } from './decide.ts'
import type { FlagMoves, Impact } from './impact.ts'
import type { DecisionSample } from './sample.ts'
import { SampleAnswers } from './sample-answers.ts'

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

/**
 * Bounds the cost of a replay, in flags, routes, requirements and conditions looked at; samples beyond it are left out. A document
 * decides by itself how much one visitor costs.
 */
const MOST_STEPS = 2_000_000
/** Each costs a hash; what samples answer to a list that has more is not known. */
const MOST_HASHED = 50_000
const MOST_COUNTRIES = 20

export function replay(inputs: ReplayInputs): Impact {
  const before = new Side(inputs.before, inputs)
  const after = new Side(inputs.after, inputs)
  const flags = [...closureOf(inputs)]
  const tallies = new Map(flags.map((flag) => [flag, new Tally(flag)]))
  let known = 0
  let unknown = 0
  let moved = 0
  for (const sample of inputs.samples) {
    if (before.steps + after.steps > MOST_STEPS) break
    const [was, is] = [before.visit(sample), after.visit(sample)]
    const asked = flags.filter((flag) => was.asks(flag) || is.asks(flag))
    const steps = asked.map((flag) => ({
      flag,
      from: was.variant(flag),
      to: is.variant(flag),
    }))
    const differs = was.origin() !== is.origin()
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
  const flags = [before, after].flatMap(({ snapshot }) => [...snapshot.flags.values()])
  const pairs = flags.flatMap(({ key, requires }) => requires.map(({ flag }) => ({ key, flag })))
  const requiring = grouped(pairs, ({ flag }) => flag)
  const affected = new Set(changed)
  for (const key of affected) for (const each of requiring.get(key) ?? []) affected.add(each.key)
  return affected
}

/** What one sample's visitor gets. */
type Visit = {
  /** The variant of a flag; a flag that this document lacks serves its `off` of the other. */
  variant(key: string): string
  /** Whether the request asks for a flag: by its route, by a flag that requires it, or, where no route has it, by the app. */
  asks(key: string): boolean
  /** URL of the origin that would get the request. */
  origin(): string
}

/** One document's decisions for samples. */
class Side {
  /** Set when a sample lacks what a condition asks for. */
  missed = false
  readonly #snapshot: Snapshot
  readonly #routes: Pick<Snapshot, 'routes' | 'routeIndex'>
  readonly #inputs: ReplayInputs
  readonly #answers: SampleAnswers
  readonly #conditions: CompiledCondition[] = []
  /** Flags that some route asks for. */
  readonly #routed: ReadonlySet<string>
  readonly #decisionInputs: DecisionInputs
  readonly #requirements: LazyMap<ReadonlySet<string>>
  /** Flags, requirements, shares and routes looked at. */
  #lookups = 0

  constructor({ snapshot, control }: Setting, inputs: ReplayInputs) {
    this.#snapshot = snapshot
    this.#routes = watchedRoutes(snapshot, (looked) => {
      this.#lookups += looked
    })
    this.#inputs = inputs
    this.#answers = new SampleAnswers(inputs)
    const asking = new LazyMap(snapshot.flags, (key) =>
      this.#askingSamples(snapshot.flags.get(key) as CompiledFlag),
    )
    const get = (key: string) => {
      this.#lookups++
      return asking.get(key)
    }
    const flags: Lookup<CompiledFlag> = {
      size: asking.size,
      has: (key) => asking.has(key),
      keys: () => asking.keys(),
      values: () => asking.values(),
      get,
    }
    const { environment, nowMs } = inputs
    this.#decisionInputs = { flags, control, environment, nowMs, overrides: undefined }
    this.#requirements = new LazyMap(snapshot.flags, (key) => requirementsOf([key], flags))
    const keys = snapshot.routes.flatMap(({ target }) => (target.kind === 'flag' ? [target.flag.key] : []))
    this.#routed = requirementsOf(keys, snapshot.flags)
  }

  /** Work so far. */
  get steps(): number {
    return this.#lookups + this.#answers.steps
  }

  visit(sample: DecisionSample): Visit {
    const { fallback, flags } = this.#snapshot
    const inputs: DecisionInputs = { ...this.#decisionInputs, required: new Map() }
    const context = this.#contextOf(sample)
    const target = findRoute(this.#routes, sample)?.target
    const asked = target?.kind === 'flag' ? this.#requirements.get(target.flag.key) : undefined
    const variant = (key: string) => {
      const flag = inputs.flags.get(key)
      return flag === undefined ? this.#offOf(key) : decide(flag, context, inputs).variant
    }
    return {
      variant,
      asks: (key) => {
        this.#lookups++
        return flags.has(key) && (!this.#routed.has(key) || asked?.has(key) === true)
      },
      origin: () => {
        if (target === undefined) return fallback.url
        if (target.kind === 'origin') return target.origin.url
        return (target.origins.get(variant(target.flag.key)) ?? target.stable).url
      },
    }
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
      position: (salt) => {
        this.#lookups++
        return sample.positions[salt]
      },
      attribute: (number) => this.#answer(this.#conditions[Number(number)], sample),
    }
  }

  #answer(condition: CompiledCondition | undefined, sample: DecisionSample): boolean {
    // Other bucketing schemes ask for ids by name, which samples don't keep.
    const answer = condition && this.#answers.of(condition, sample)
    if (answer === undefined) this.missed = true
    return answer === true
  }
}

/** Flags, and all that they require. */
function requirementsOf(keys: readonly string[], flags: Pick<Lookup<CompiledFlag>, 'get'>): Set<string> {
  const found = new Set(keys)
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
      for (const value of listed) {
        if (values.size >= MOST_HASHED) return values
        values.add(String(value))
      }
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
