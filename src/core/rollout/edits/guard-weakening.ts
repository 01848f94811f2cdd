/** In what a guard's new settings watch less than those before, or let a stage advance more easily. */
import type { GuardConfig } from '../../config/schema/document.ts'
import { answersOf, deadlineMsOf } from '../../config/schema/guard-tests.ts'
import { durationText } from '../../figures.ts'
import type { GuardSettings } from '../../guard/index.ts'
import { guardSettings } from '../plan.ts'

type Guard = GuardConfig | undefined

/** What is weaker, in a few words each; empty where nothing is. */
export function weakenings(before: Guard, after: Guard): string[] {
  if (before === undefined || !before.enabled) return []
  if (after === undefined) return ['the guard is removed']
  if (!after.enabled) return ['the guard is switched off']
  const [was, is] = [watchOf(before), watchOf(after)]
  const lost = Object.keys(was).filter((name) => is[name] === undefined)
  return [
    ...(before.action === 'rollback' && after.action === 'freeze'
      ? ['it freezes in place of rolling back']
      : []),
    ...lost.map((name) => `${name} no longer watched`),
    ...Object.entries(was).flatMap(([name, limits]) => looserLimits(limits, is[name] ?? [])),
    ...lostAnswers(before, after),
  ]
}

/** A setting, and in which direction it watches less. `most`: what it may be, at least `value`; `said`: as people read it. */
type Limit = { name: string; value: number; weakerWhen: 'higher' | 'lower'; most?: number; said?: string }

function looserLimits(was: readonly Limit[], is: readonly Limit[]): string[] {
  return was.flatMap(({ name, value, weakerWhen, said = String(value) }) => {
    const now = is.find((limit) => limit.name === name)
    if (now === undefined) return []
    const saidNow = now.said ?? String(now.value)
    const isLooser = weakerWhen === 'higher' ? (now.most ?? now.value) > value : now.value < value
    return isLooser && said !== saidNow ? [`${name} goes from ${said} to ${saidNow}`] : []
  })
}

const higher = (name: string, value: number, said?: string): Limit => ({
  name,
  value,
  weakerWhen: 'higher',
  ...(said !== undefined && { said }),
})
const lower = (name: string, value: number): Limit => ({ name, value, weakerWhen: 'lower' })
const lasting = (name: string, ms: number) => higher(name, ms, durationText(ms))

const ACTIONS = ['rollback', 'freeze', 'signal']

function metricLimits({ metrics = {} }: GuardConfig): Record<string, Limit[]> {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, { maxDropPercent, maxRisePercent, action }]): [string, Limit[]] => [
      `the metric ${name} is`,
      [
        maxDropPercent === undefined
          ? higher(`the tolerated rise of ${name} (%)`, maxRisePercent ?? 0)
          : higher(`the tolerated drop of ${name} (%)`, maxDropPercent),
        higher(`what happens beyond the limit of ${name}`, ACTIONS.indexOf(action), action),
      ],
    ]),
  )
}

/** What a guard watches, each with its limits, defaults filled in. What is always there can't be lost. */
function watchOf(guard: GuardConfig): Record<string, Limit[]> {
  const settings = guardSettings(guard)
  const { errors, latency, clientErrors, traffic, thresholds } = settings
  return {
    'alpha is': [lower('alpha', settings.alpha)],
    ...(errors.enabled && { 'errors are': errorLimits(settings) }),
    ...(latency.enabled && { 'latency is': latencyLimits(settings) }),
    ...quantilesOf(settings),
    ...(deadlineMsOf(guard) < Number.POSITIVE_INFINITY && {
      'a response that never comes is': [lasting('the deadline of a response', deadlineMsOf(guard))],
    }),
    ...(clientErrors.enabled && { 'client errors are': clientErrorLimits(settings) }),
    ...((errors.enabled || latency.enabled) && { 'the comparison is': advanceLimits(settings) }),
    ...(traffic.maxDropPercent !== null && {
      'traffic is': [higher('the tolerated drop of traffic (%)', traffic.maxDropPercent)],
    }),
    ...ceilingLimits(settings),
    ...(thresholds.errors !== null && {
      'the threshold of errors is': [higher('the threshold of errors', thresholds.errors)],
    }),
    ...(thresholds.slow && {
      'the threshold of slow requests is': [
        higher('the threshold of slow requests', thresholds.slow.count),
        higher('the baseline of slow requests (ms)', thresholds.slow.baselineMs),
      ],
    }),
    ...metricLimits(guard),
  }
}

function errorLimits({ errors }: GuardSettings): Limit[] {
  return [
    higher('the tolerated ratio of errors', errors.rho),
    higher('the tolerated difference of errors', errors.delta),
    higher('the number of visitors that must see errors', errors.minBuckets),
  ]
}

function latencyLimits({ latency }: GuardSettings): Limit[] {
  const { fewMachines } = latency
  return [
    higher('the tolerated ratio of slow requests', latency.rho),
    higher('the tolerated difference of slow requests', latency.delta),
    higher('the margin of slow requests (steps)', latency.marginBuckets),
    higher('the number of slow requests that it takes', latency.minSlow),
    lasting('the warm-up of a stage', latency.warmUpMs),
    higher('the allowance for few machines', fewMachines ? 1 : 0, fewMachines ? 'on' : 'off'),
  ]
}

function quantilesOf({ latency }: GuardSettings): Record<string, Limit[]> {
  const quantiles = latency.enabled ? latency.quantiles : []
  return Object.fromEntries(quantiles.map((quantile) => [`p${quantile * 100} is`, []]))
}

function clientErrorLimits({ clientErrors: { rho, delta, action } }: GuardSettings): Limit[] {
  return [
    higher('the tolerated ratio of client errors', rho),
    higher('the tolerated difference of client errors', delta),
    higher('the action on client errors', action === 'freeze' ? 1 : 0, action),
  ]
}

function ceilingLimits({ ceilings }: GuardSettings): Record<string, Limit[]> {
  const { errorRate, p95Ms, minRequests } = ceilings
  return {
    ...(errorRate !== null && {
      'the ceiling of the error rate is': [higher('the ceiling of the error rate', errorRate)],
    }),
    ...(p95Ms !== null && { 'the ceiling of p95 is': [higher('the ceiling of p95 (ms)', p95Ms)] }),
    ...((errorRate ?? p95Ms) !== null && {
      'any ceiling is': [higher('the number of requests before a ceiling applies', minRequests)],
    }),
  }
}

/** What the reverse test asks of a canary before it advances. */
function advanceLimits({ advance, beta }: GuardSettings): Limit[] {
  const { byTime, delta } = advance
  return [
    higher('what advances a stage', byTime ? 1 : 0, byTime ? 'time' : 'evidence'),
    higher('the chance to advance at the limit', beta),
    higher('the ratio of errors that still advances', advance.rho),
    {
      ...higher('the difference of errors that still advances', delta ?? DEFAULT_DELTA.least),
      ...(delta === null && { most: DEFAULT_DELTA.most, said: 'the default' }),
    },
    higher('the margin that still advances (steps)', advance.marginBuckets),
  ]
}

/** It goes by the stage's percentage. */
const DEFAULT_DELTA = { least: 0.0005, most: 0.005 }
const STATUSES = Array.from({ length: 200 }, (_, index) => 400 + index)
const GRPC_STATUSES = Array.from({ length: 16 }, (_, index) => 1 + index)

/** Answers that were errors. */
function lostAnswers(before: GuardConfig, after: GuardConfig): string[] {
  const [was, is] = [answersOf(before), answersOf(after)]
  const statuses = STATUSES.filter((status) => was.isError(status) && !is.isError(status))
  const grpc = GRPC_STATUSES.map(String).filter((status) => was.grpc?.has(status) && !is.grpc?.has(status))
  const text = (kind: string, [first, ...more]: readonly (string | number)[]) => {
    if (first === undefined) return []
    const others =
      more.length === 0 ? 'is no longer an error' : `and ${more.length} more are no longer errors`
    return [`${kind} ${first} ${others}`]
  }
  return [...text('status', statuses), ...text('gRPC status', grpc)]
}
