import type { Scalar } from '../context/attributes.ts'
import type { Measures, WeeklyMetric } from '../metrics/spec.ts'
import type { JudgedAnswers } from './answers/judged-answers.ts'
import type { WatchedAnswer } from './answers/watched-answers.ts'
import type { CompiledCondition } from './conditions.ts'
import type { FeaturesBucketing } from './features-bucketing.ts'
import type { FlagdBucketing } from './flagd-bucketing.ts'
import type { Salt } from './position.ts'
import type { RangeBucketing } from './range-bucketing.ts'
import type { UnleashBucketing } from './unleash-bucketing.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** `shadow`: percentage of requests that are copied to the new variant, without a visitor there. */
export type CompiledStage = { percentage: number; thousandths: number; shadow: number }

/** One variant, or variants by weight with running sums. */
export type CompiledServe =
  | { kind: 'variant'; variant: string }
  | { kind: 'weights'; variants: readonly string[]; cumulative: readonly number[]; salt: Salt }

export type CompiledRule = {
  name: string
  conditions: readonly CompiledCondition[]
  /** Share of visitors inside the rule, in thousandths of a percent; undefined: all. */
  thousandths: number | undefined
  /** Only the staged rule has stages; its share is the current stage's. */
  stages: readonly CompiledStage[] | undefined
  /** Share that stays control until the rollout is finished, in thousandths of a percent. */
  holdback: number
  serve: CompiledServe
  /** Digest of the split that this rule deals, made on first use; only the rule that a rollout moves has one. */
  split: (() => string) | undefined
  /** Another system's hash, in place of the salted position. */
  bucketing: UnleashBucketing | FlagdBucketing | FeaturesBucketing | RangeBucketing | undefined
}

export type CompiledRequirement = {
  flag: string
  /** True: must be on (serve another variant than `off`); false: must not. */
  on: boolean
  /** With `on`: the variants of which it must serve one; undefined: any. */
  variants: ReadonlySet<string> | undefined
}

/** A compiled flag; immutable. */
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
  /** Whether no context can change what it serves: one variant for all, and so do the flags that it requires. */
  isStatic: boolean
  rules: readonly CompiledRule[]
  /** Index of the compared rule: inside is canary, outside control; −1 without a comparison. */
  rolloutRule: number
  /** Whether a stage copies requests to the new variant. */
  shadows: boolean
  /** Bound of a gradual rollback in milliseconds; 0: at once. */
  stepBackMs: number
  /**
   * Milliseconds after which a request without a response counts as slow; Infinity when the guard ignores latency.
   */
  deadlineMs: number
  /** What its origins' answers count as. */
  answers: JudgedAnswers
  /** Answers of its canary that a stage sets a limit for; undefined without one. */
  watched: readonly WatchedAnswer[] | undefined
  /** Its metrics, and the variants that they compare; undefined for a flag that measures nothing. */
  measures: Measures | undefined
  /** Without a split: the metrics of its guard, which are compared with the weeks before. */
  weekly: readonly WeeklyMetric[] | undefined
  /** Sent along with the value in flag queries. */
  metadata: Readonly<Record<string, Scalar>>
  /** Browsers never see it. */
  isPrivate: boolean
}
