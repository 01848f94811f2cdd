/** A ratio, and between what it lies with a probability of 95 %. */
export type Ratio = { value: number; low: number; high: number }

/** Of the normal distribution. */
const Z = 1.96

/**
 * The ratio of two costs from pairs that were measured one just after the other: the geometric mean of their ratios.
 * The interval is that of Student's t for the mean of the logarithms.
 */
export function ratioOf(costs: readonly number[], others: readonly number[]): Ratio {
  const logs = costs.map((cost, pair) => Math.log(cost / (others[pair] ?? Number.NaN)))
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1)
  const reach = studentT(logs.length - 1) * Math.sqrt(variance / logs.length)
  return { value: Math.exp(mean), low: Math.exp(mean - reach), high: Math.exp(mean + reach) }
}

/** The 97.5 % quantile of Student's t. Source: Abramowitz and Stegun, 26.7.5, the first three terms. */
function studentT(freedom: number): number {
  return Z + (Z ** 3 + Z) / (4 * freedom) + (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / (96 * freedom ** 2)
}

export function ratioText({ value, low, high }: Ratio): string {
  return low === high ? value.toFixed(2) : `${value.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`
}
