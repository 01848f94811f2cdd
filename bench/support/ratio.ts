/** A ratio, and between what it lies with a probability of 95 %. */
export type Ratio = { value: number; low: number; high: number }

const STANDARD_ERRORS_AT_95_PERCENT = 1.96

/**
 * The ratio of two costs from pairs that were measured one just after the other: the geometric mean of their ratios.
 * Source of the interval: the standard error of the mean of the logarithms.
 */
export function ratioOf(costs: readonly number[], others: readonly number[]): Ratio {
  const logs = costs.map((cost, pair) => Math.log(cost / (others[pair] ?? Number.NaN)))
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1)
  const reach = STANDARD_ERRORS_AT_95_PERCENT * Math.sqrt(variance / logs.length)
  return { value: Math.exp(mean), low: Math.exp(mean - reach), high: Math.exp(mean + reach) }
}

export function ratioText({ value, low, high }: Ratio): string {
  return low === high ? value.toFixed(2) : `${value.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`
}
