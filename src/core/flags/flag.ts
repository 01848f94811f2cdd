import type { Scalar } from '../context/attributes.ts'
import type { CompiledCondition } from './conditions.ts'
import type { FlagdBucketing } from './flagd-bucketing.ts'
import type { Salt } from './position.ts'
import type { UnleashBucketing } from './unleash-bucketing.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A stage of a gradual rollout. */
export type CompiledStage = { percentage: number; thousandths: number }

/** What a rule serves: one variant, or variants by weight (running sums beside their names). */
export type CompiledServe =
  | { kind: 'variant'; variant: string }
  | { kind: 'weights'; variants: readonly string[]; cumulative: readonly number[]; salt: Salt }

export type CompiledRule = {
  name: string
  conditions: readonly CompiledCondition[]
  /** Share of visitors inside the rule, in thousandths of a percent; undefined: everybody. */
  thousandths: number | undefined
  /** Set for the staged rule: the share comes from the current stage. */
  stages: readonly CompiledStage[] | undefined
  /** Share that stays control however far the stages go, until the rollout is finished; in thousandths. */
  holdback: number
  serve: CompiledServe
  /** Set where another system's way of placing visitors goes on; it takes the place of the salted position. */
  bucketing: UnleashBucketing | FlagdBucketing | undefined
}

/** What another flag must serve. */
export type CompiledRequirement = {
  flag: string
  /** Whether it must be on (serve another variant than its `off`), or must not be. */
  on: boolean
  /** With `on`: variants of which it must serve one; undefined: any. */
  variants: ReadonlySet<string> | undefined
}

/** A flag of the document, compiled once per document. Immutable. */
export type CompiledFlag = {
  key: string
  enabled: boolean
  off: string
  values: ReadonlyMap<string, Json>
  salt: Salt
  environments: ReadonlySet<string> | undefined
  startMs: number
  endMs: number
  requires: readonly CompiledRequirement[]
  rules: readonly CompiledRule[]
  /** The rule whose insiders are canary and whose outsiders are control; −1 where nothing is compared. */
  rolloutRule: number
  /** Within how long visitors move to `off` after a rollback while control's latency climbs; 0: at once. */
  stepBackMs: number
  /** How long a request may be without an answer before it counts as slow; Infinity where latency is not judged. */
  deadlineMs: number
  /** Plain facts that flag queries tell along with a value. */
  metadata: Readonly<Record<string, Scalar>>
  /** Never shown to browsers. */
  isPrivate: boolean
}
