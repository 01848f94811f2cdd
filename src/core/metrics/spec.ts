/** What a flag measures, compiled: its metrics, and the variants that they compare. */

export type MetricType = 'conversion' | 'count' | 'sum'
export type Better = 'higher' | 'lower'
export type MetricRole = 'primary' | 'guard' | 'secondary'
export type MetricAction = 'rollback' | 'freeze' | 'signal'

/** How far a metric may fall (`better: higher`) or rise (`lower`) against control, and what happens beyond that. */
export type GuardLine = { readonly marginPercent: number; readonly action: MetricAction }

export type Metric = {
  readonly name: string
  readonly type: MetricType
  readonly better: Better
  /** `primary` also where the guard watches it: then it has both. */
  readonly role: MetricRole
  readonly guard: GuardLine | undefined
  /** Of a sum: what a visitor adds at most; undefined: learned. */
  readonly cap: number | undefined
  /** Events later than this after a visitor's exposure don't count; null: all of the attempt do. */
  readonly windowMs: number | null
  /** What it counts and how, as text: with another one it begins anew. Its limits and role are not part of it. */
  readonly definition: string
}

/** A metric of a flag without a split: how many events come per journey, against the weeks before. Only a fall is seen. */
export type WeeklyMetric = {
  readonly name: string
  readonly type: MetricType
  readonly guard: GuardLine
  /** Of a sum: what an event adds at most. */
  readonly cap: number | undefined
}

/** How a flag's dealing rule deals visitors among the compared variants. */
export type Measures = {
  readonly metrics: readonly Metric[]
  /** All that are compared, control first. */
  readonly variants: readonly string[]
  readonly control: string
  /** Shares (0–1) of the variants inside the rule's percentage; they add up to 1, also those that aren't compared. */
  readonly inside: ReadonlyMap<string, number>
  /** Under which name visitors outside the percentage are compared; undefined for a rule that takes everyone. */
  readonly outside: string | undefined
  /** How many stages the rule has, each compared alone; 1 without stages. */
  readonly stages: number
}

/**
 * The variant as which a visitor is exposed; undefined for one who is not compared.
 *
 * Visitors outside the percentage count as control, whatever a later rule serves them: those who are inside would have
 * got the same.
 *
 * @param arm of the decision's placement
 */
export function exposedAs(
  { variants, outside }: Measures,
  { variant, placement: { arm } }: { variant: string; placement: { arm: 'canary' | 'control' | 'other' } },
): string | undefined {
  const exposed = arm === 'canary' ? variant : arm === 'control' ? outside : undefined
  return exposed !== undefined && variants.includes(exposed) ? exposed : undefined
}

/**
 * The share (0–1) of each compared variant among all compared visitors, in the order of `variants`.
 *
 * @param percentage where the rollout stands; of no meaning for a rule that takes everyone
 */
export function sharesOf({ variants, inside, outside }: Measures, percentage: number): number[] {
  const within = outside === undefined ? 1 : Math.min(100, Math.max(0, percentage)) / 100
  const shares = variants.map(
    (variant) => within * (inside.get(variant) ?? 0) + (variant === outside ? 1 - within : 0),
  )
  const sum = shares.reduce((total, share) => total + share, 0)
  return sum > 0 ? shares.map((share) => share / sum) : shares
}
