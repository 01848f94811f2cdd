import { type WatchedAnswer, watchedAnswer } from '../../flags/answers/watched-answers.ts'
import type { CompiledCondition } from '../../flags/conditions.ts'
import { parseTimeMs } from '../../flags/date-time.ts'
import type { CompiledFlag, CompiledRequirement, CompiledRule, CompiledServe } from '../../flags/flag.ts'
import { compileOperator } from '../../flags/operators.ts'
import { compileSalt, toThousandths } from '../../flags/position.ts'
import { compilePath } from '../routes/route-pattern.ts'
import type { FlagConfig, GateDocument, RuleConfig } from '../schema/document.ts'
import { parseDurationMs } from '../schema/duration.ts'
import { answersOf, comparesArms, deadlineMsOf } from '../schema/guard-tests.ts'
import { normalisedAttribute } from '../split/canonical.ts'
import { dealingRule } from '../split/dealing-rule.ts'
import { type SplitSurroundings, splitOf } from '../split/split.ts'
import { compileMeasures, compileWeekly } from './measures.ts'

const DEFAULT_HOLDBACK_PERCENT = 1

/**
 * Compiles a flag of a parsed document.
 *
 * @param around what else of the document its split depends on
 * @param metrics of the document
 * @param isStatic whether the flag and those that it requires serve all the same (static-flags.ts)
 */
export function compileFlag(
  key: string,
  flag: FlagConfig,
  around?: SplitSurroundings,
  metrics: GateDocument['metrics'] = {},
  isStatic = false,
): CompiledFlag {
  const saltText = flag.salt ?? key
  const dealing = dealingRule(flag)
  const firstShare = flag.rules.findIndex(hasShare)
  const measures = compileMeasures(flag, metrics)
  return {
    key,
    enabled: flag.enabled,
    off: flag.off,
    values: new Map(Object.entries(flag.variants)),
    salt: compileSalt(saltText),
    environments: flag.environments && new Set(flag.environments),
    startMs: flag.schedule?.start === undefined ? Number.NEGATIVE_INFINITY : parseTimeMs(flag.schedule.start),
    endMs: flag.schedule?.end === undefined ? Number.POSITIVE_INFINITY : parseTimeMs(flag.schedule.end),
    requires: flag.requires.map(compileRequirement),
    isStatic,
    rules: flag.rules.map((rule, index) =>
      compileRule(rule, index, {
        salt: weightSalt(saltText, firstShare >= 0 && firstShare <= index),
        holdback: holdbackOf(flag),
        split: around && index === dealing ? onFirstUse(() => splitOf(key, flag, around)) : undefined,
      }),
    ),
    // With a guard the last rule too, so that ceilings still watch a flag at 100 %.
    rolloutRule: flag.guard || measures || firstShare >= 0 ? dealing : -1,
    shadows: flag.rules.some(({ stages = [] }) => stages.some(({ shadow }) => shadow !== undefined)),
    stepBackMs: parseDurationMs(flag.rollout?.stepBack ?? '') ?? 0,
    deadlineMs: deadlineMsOf(flag.guard),
    answers: answersOf(flag.guard),
    watched: watchedOf(flag),
    measures,
    weekly: compileWeekly(flag, metrics),
    metadata: flag.metadata,
    isPrivate: flag.private,
  }
}

/** Limits of all stages, each once: a cell tells of the stage that it counts for. */
function watchedOf({ rules }: FlagConfig): readonly WatchedAnswer[] | undefined {
  const limits = rules.flatMap(({ stages = [] }) => stages.flatMap(({ require }) => require?.paths ?? []))
  const byId = new Map(
    limits.map((limit): [string, WatchedAnswer] => {
      const path = compilePath(limit.path)
      const watched = watchedAnswer(limit, (asked) => path.matches(asked))
      return [watched.id, watched]
    }),
  )
  return byId.size === 0 ? undefined : [...byId.values()]
}

function compileRequirement(required: FlagConfig['requires'][number]): CompiledRequirement {
  if (typeof required === 'string') return { flag: required, on: true, variants: undefined }
  return { ...required, variants: required.variants && new Set(required.variants) }
}

function hasShare(rule: RuleConfig): boolean {
  return rule.stages !== undefined || rule.percentage !== undefined
}

/**
 * A percentage at this rule or an earlier one has already sorted visitors by position, so those who get here are not
 * spread evenly: weights then need a salt that differs from the flag's.
 */
function weightSalt(salt: string, positionIsUsed: boolean): string {
  return positionIsUsed ? `${salt}:variant` : salt
}

/** A comparison needs a control, also at 100 %. */
function holdbackOf(flag: FlagConfig): number {
  if (!comparesArms(flag.guard)) return 0
  return toThousandths(flag.rollout?.holdbackPercent ?? DEFAULT_HOLDBACK_PERCENT) ?? 0
}

/** A rule's parts that its flag decides. */
type RuleParts = Pick<CompiledRule, 'holdback' | 'split'> & { salt: string }

function compileRule(rule: RuleConfig, index: number, { salt, holdback, split }: RuleParts): CompiledRule {
  return {
    name: rule.name ?? `rule ${index + 1}`,
    conditions: rule.when.map((condition): CompiledCondition => {
      const compiled = compileOperator(condition.op, condition.values, condition)
      if ('problem' in compiled) throw new Error(`Cannot compile the rule: ${compiled.problem.expected}`)
      return {
        attribute: normalisedAttribute(condition.attribute),
        op: condition.op,
        negate: condition.negate,
        ignoreCase: condition.ignoreCase,
        type: condition.type,
        versions: condition.versions,
        values: condition.values,
        predicate: compiled.predicate,
      }
    }),
    thousandths: rule.percentage === undefined ? undefined : toThousandths(rule.percentage),
    stages: rule.stages?.map(({ percentage = 0, shadow = 0 }) => ({
      percentage,
      shadow,
      thousandths: toThousandths(percentage) ?? 0,
    })),
    holdback: rule.stages === undefined ? 0 : holdback,
    serve: compileServe(rule.serve, salt),
    split,
    bucketing: rule.bucketing && compileBucketing(rule.bucketing),
  }
}

/** Most flags are never rollouts, and a document may have thousands. */
function onFirstUse(make: () => string): () => string {
  let made: string | undefined
  return () => {
    made ??= make()
    return made
  }
}

function compileBucketing(config: NonNullable<RuleConfig['bucketing']>): CompiledRule['bucketing'] {
  if (config.scheme !== 'unleash') return config
  const { group, stickiness, variantGroup = group, variantStickiness = stickiness } = config
  const overrides = config.overrides.map(({ attribute, values, serve }) => ({
    attribute: normalisedAttribute(attribute),
    values: new Set(values),
    variant: serve,
  }))
  return { scheme: 'unleash', group, stickiness, variantGroup, variantStickiness, overrides }
}

function compileServe(serve: RuleConfig['serve'], salt: string): CompiledServe {
  if (typeof serve === 'string') return { kind: 'variant', variant: serve }
  const variants = Object.keys(serve)
  let sum = 0
  const cumulative = Object.values(serve).map((weight) => {
    sum += weight
    return sum
  })
  return { kind: 'weights', variants, cumulative, salt: compileSalt(salt) }
}
