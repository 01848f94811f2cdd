/** The guard's settings, with defaults and their reasons. docs/guard.md explains the parameters. */

import { LATENCY_QUANTILES } from './latency.ts'

/** Made by `resolveGuardSettings`. */
export type GuardSettings = {
  /** Probability that errors and latency together ever roll back a healthy canary. */
  alpha: number
  /** Probability per measure that a canary exactly at the limit of "too bad" advances. */
  beta: number
  /** `freeze` leaves the rollback to a person. */
  action: 'rollback' | 'freeze'
  /** The least time in a stage. */
  bakeMs: number
  /** After this long in a stage verdicts carry an alert; null: never. */
  maxBakeMs: number | null
  /** How long a healthy canary may take in the stage; the margin is chosen for it. */
  withinMs?: number
  /** What the stage asks for besides the tests. */
  require?: StageRequirements
  errors: {
    enabled: boolean
    /** Null: canary's error rate ≤ rho × control's + delta (a rate). */
    rho: number
    delta: number
    /** Distinct visitor slots that must have had errors. */
    minBuckets: number
  }
  latency: {
    enabled: boolean
    rho: number
    delta: number
    /** The canary counts as slow this many histogram bins (9 % each) above control's quantile. */
    marginBuckets: number
    minSlow: number
    /** Control's quantiles that are judged, of LATENCY_QUANTILES. */
    quantiles: readonly number[]
    /** How long latency is not compared after the start of a stage, unless it is three times control's. */
    warmUpMs: number
    /** With few machines a stall of one weighs less: halves the cap per batch. */
    fewMachines: boolean
  }
  /** Answers that turn visitors away: 4xx, and redirects to the page itself. */
  clientErrors: { enabled: boolean; rho: number; delta: number; action: 'rollback' | 'freeze' }
  advance: {
    /** Null of the reverse test: canary's rate ≥ rho × control's + delta; delta null: by percentage. */
    rho: number
    delta: number | null
    marginBuckets: number
    /** Stages advance by their bake time alone, without the reverse test. */
    byTime: boolean
  }
  ceilings: {
    /** Highest accepted error rate (0–1) of the canary. */
    errorRate: number | null
    /** Highest accepted p95 of the canary, in milliseconds. */
    p95Ms: number | null
    /** Canary requests in the generation before a ceiling can act. */
    minRequests: number
  }
  /** Plain counts per generation, as simpler systems have them. */
  thresholds: { errors: number | null; slow: { count: number; baselineMs: number } | null }
  /** How far the canary's completed journeys may fall below control's, in percent; null: not watched. */
  traffic: { maxDropPercent: number | null; journeysPerVisitor: number }
  split: {
    enabled: boolean
    /** Ratio by which traffic per visitor may differ between the arms before the split counts as broken. */
    tolerance: number
    /** Requests per cluster (one visitor), by which counts are divided. */
    requestsPerVisitor: number
    alpha: number
  }
  /** Metrics of the flag that are judged besides: by canary and control, or by variants that need no control. */
  metrics?: 'arms' | 'variants'
}

/** Whether the guard has limits that it judges without a control. */
export function hasLimits({ ceilings, thresholds }: Pick<GuardSettings, 'ceilings' | 'thresholds'>): boolean {
  const limits = [ceilings.errorRate, ceilings.p95Ms, thresholds.errors, thresholds.slow]
  return limits.some((limit) => limit !== null)
}

/** Whether no test can act: without a control nothing is compared, and there is no limit. */
export function judgesNothing(settings: GuardSettings, hasControl: boolean): boolean {
  const { errors, latency, clientErrors, traffic, metrics } = settings
  if (metrics === 'variants' || hasLimits(settings)) return false
  const isCompared = [errors, latency, clientErrors].some(({ enabled }) => enabled)
  return !hasControl || !(isCompared || traffic.maxDropPercent !== null || metrics === 'arms')
}

/** Whether the guard can show no canary to be not worse, so that it holds every stage that has a control. */
export function showsNothing({
  errors,
  latency,
  advance,
}: Pick<GuardSettings, 'errors' | 'latency' | 'advance'>): boolean {
  return !errors.enabled && !latency.enabled && !advance.byTime
}

/** Limits of a stage, on its own counts of the canary; null: none. */
export type StageRequirements = {
  minVisitors: number | null
  /** 0–1. */
  maxErrorRate: number | null
  maxP95Ms: number | null
  /** Answers that are counted by themselves, by id (core/flags/answers/watched-answers.ts). */
  answers: readonly { id: string; max: number }[]
}

type Part<T> = { [K in keyof T]?: T[K] | undefined }

/** A document's options. Missing ones get defaults; `false` switches a test off. */
export type GuardOptions = {
  alpha?: number | undefined
  beta?: number | undefined
  action?: 'rollback' | 'freeze' | undefined
  bakeMs?: number | undefined
  maxBakeMs?: number | null | undefined
  errors?: false | Part<GuardSettings['errors']> | undefined
  latency?: false | Part<GuardSettings['latency']> | undefined
  clientErrors?: false | Part<GuardSettings['clientErrors']> | undefined
  advance?: Part<GuardSettings['advance']> | undefined
  ceilings?: Part<GuardSettings['ceilings']> | undefined
  thresholds?: Part<GuardSettings['thresholds']> | undefined
  traffic?: Part<GuardSettings['traffic']> | undefined
  split?: false | Part<GuardSettings['split']> | undefined
}

export const DEFAULT_GUARD_SETTINGS: GuardSettings = {
  alpha: 0.01,
  beta: 0.05,
  action: 'rollback',
  bakeMs: 600_000,
  maxBakeMs: null,
  errors: { enabled: true, rho: 1.1, delta: 1e-4, minBuckets: 3 },
  latency: {
    enabled: true,
    rho: 1.1,
    delta: 1e-4,
    marginBuckets: 1,
    minSlow: 5,
    quantiles: LATENCY_QUANTILES,
    // New machines fill caches, open connections and compile; most are through with it after a minute.
    warmUpMs: 120_000,
    fewMachines: false,
  },
  clientErrors: { enabled: true, rho: 1.5, delta: 0.01, action: 'freeze' },
  advance: { rho: 1.5, delta: null, marginBuckets: 3, byTime: false },
  ceilings: { errorRate: null, p95Ms: null, minRequests: 50 },
  thresholds: { errors: null, slow: null },
  // Page views of a visitor cluster; most sessions have fewer than ten.
  traffic: { maxDropPercent: null, journeysPerVisitor: 10 },
  // Small imbalances of requests mean nothing, and a broken split is seldom small.
  split: { enabled: true, tolerance: 1.5, requestsPerVisitor: 50, alpha: 1e-6 },
}

/**
 * Fills in defaults and checks ranges.
 *
 * @throws RangeError "Cannot resolve guard settings: <what> must be <range>, got <value>"
 */
export function resolveGuardSettings(options: GuardOptions = {}): GuardSettings {
  const base = DEFAULT_GUARD_SETTINGS
  const settings: GuardSettings = {
    alpha: options.alpha ?? base.alpha,
    beta: options.beta ?? base.beta,
    action: options.action ?? base.action,
    bakeMs: options.bakeMs ?? base.bakeMs,
    maxBakeMs: options.maxBakeMs ?? base.maxBakeMs,
    errors: fill(base.errors, options.errors),
    latency: fill(base.latency, options.latency),
    clientErrors: fill(base.clientErrors, options.clientErrors),
    advance: fill(base.advance, options.advance),
    ceilings: fill(base.ceilings, options.ceilings),
    thresholds: fill(base.thresholds, options.thresholds),
    traffic: fill(base.traffic, options.traffic),
    split: fill(base.split, options.split),
  }
  checkRanges(settings)
  return settings
}

function fill<T extends object>(base: T, part: false | Part<T> | undefined): T {
  if (part === false) return { ...base, enabled: false }
  const given = Object.entries(part ?? {}).filter(([key, value]) => value !== undefined && key in base)
  return { ...base, ...Object.fromEntries(given) }
}

function checkRanges(settings: GuardSettings): void {
  const { errors, latency, clientErrors, advance, ceilings, thresholds, traffic, split } = settings
  within('alpha', settings.alpha, 1e-9, 0.5)
  within('beta', settings.beta, 1e-9, 0.5)
  within('bakeMs', settings.bakeMs, 0, 1e12)
  within('maxBakeMs', settings.maxBakeMs, 0, 1e12)
  within('errors.rho', errors.rho, 1, 100)
  within('errors.delta', errors.delta, 0, 1)
  within('errors.minBuckets', errors.minBuckets, 1, 100)
  within('latency.rho', latency.rho, 1, 100)
  within('latency.delta', latency.delta, 0, 1)
  within('latency.marginBuckets', latency.marginBuckets, 0, 80)
  within('latency.minSlow', latency.minSlow, 1, 1e6)
  within('latency.warmUpMs', latency.warmUpMs, 0, 1e12)
  checkQuantiles(latency.quantiles)
  within('clientErrors.rho', clientErrors.rho, 1, 100)
  within('clientErrors.delta', clientErrors.delta, 0, 1)
  within('advance.rho', advance.rho, 1, 100)
  within('advance.delta', advance.delta, 0, 1)
  within('advance.marginBuckets', advance.marginBuckets, 0, 80)
  within('ceilings.errorRate', ceilings.errorRate, 1e-6, 1)
  within('ceilings.p95Ms', ceilings.p95Ms, 1, 1e9)
  within('ceilings.minRequests', ceilings.minRequests, 0, 1e12)
  within('thresholds.errors', thresholds.errors, 0, 1e12)
  within('thresholds.slow.count', thresholds.slow?.count ?? null, 0, 1e12)
  within('thresholds.slow.baselineMs', thresholds.slow?.baselineMs ?? null, 0, 1e9)
  within('traffic.maxDropPercent', traffic.maxDropPercent, 1, 99)
  within('traffic.journeysPerVisitor', traffic.journeysPerVisitor, 1, 1e6)
  within('split.tolerance', split.tolerance, 1, 100)
  within('split.requestsPerVisitor', split.requestsPerVisitor, 1, 1e6)
  within('split.alpha', split.alpha, 1e-12, 0.5)
}

function checkQuantiles(quantiles: readonly number[]): void {
  if (quantiles.length > 0 && quantiles.every((each) => LATENCY_QUANTILES.includes(each))) return
  const known = LATENCY_QUANTILES.join(', ')
  throw new RangeError(
    `Cannot resolve guard settings: latency.quantiles must be some of ${known}, got ${quantiles.join(', ')}`,
  )
}

function within(name: string, value: number | null, least: number, most: number): void {
  if (value === null || (value >= least && value <= most)) return
  throw new RangeError(`Cannot resolve guard settings: ${name} must be ${least}–${most}, got ${value}`)
}
