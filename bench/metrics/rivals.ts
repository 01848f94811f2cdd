/** Other ways to compare two rates, on the same data. */
import type { Summaries } from '../../src/core/metrics/summary.ts'

type Compared = { difference: number; variance: number }

function compared({ variants: [control, variant] }: Summaries): Compared | undefined {
  const [a, b] = [variant?.metrics[0]?.nonzero ?? 0, control?.metrics[0]?.nonzero ?? 0]
  const [n, m] = [variant?.visitors ?? 0, control?.visitors ?? 0]
  if (n === 0 || m === 0 || a + b === 0) return undefined
  const [p, q] = [a / n, b / m]
  const pooled = (a + b) / (n + m)
  return { difference: p - q, variance: pooled * (1 - pooled) * (1 / n + 1 / m) }
}

/** Two-sided z-test (for numbers as these the t-test) at 5 %: made to be looked at once. */
export function isSignificant(summaries: Summaries): boolean {
  const found = compared(summaries)
  return found !== undefined && found.difference ** 2 > 1.96 ** 2 * found.variance
}

/** A tenth of the rate, in the middle of what people look for. */
const MIXING = 0.1

/**
 * mSPRT with a normal mixture: Johari, Koomen, Pekelis, Walsh, "Always valid inference: continuous monitoring of A/B
 * tests" (Operations Research 2022).
 */
export function isDecidedByMsprt(summaries: Summaries, rate: number): boolean {
  const found = compared(summaries)
  if (found === undefined) return false
  const { difference, variance } = found
  const mixing = (MIXING * rate) ** 2
  const ln =
    0.5 * Math.log(variance / (variance + mixing)) +
    (difference ** 2 * mixing) / (2 * variance * (variance + mixing))
  return ln >= Math.log(1 / 0.05)
}
