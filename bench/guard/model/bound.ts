/**
 * The information bound: no test with error probability α can find a difference faster, on average, than
 * ln(1/α) divided by the information per second. For two samples that is the least Kullback–Leibler divergence
 * from the truth to any point of the null, taken over the unknown rate of control.
 */

import type { Null } from '../../../src/core/guard/evidence/formula.ts'

/** Divergence of Bernoulli(p) from Bernoulli(q), in nats. */
function divergence(p: number, q: number): number {
  const part = (a: number, b: number) => (a === 0 ? 0 : a * Math.log(a / b))
  return part(p, q) + part(1 - p, 1 - q)
}

/** Nats per second for canary and control with `canaryRps`, `controlRps` requests and the true rates. */
function informationPerSecond(
  canaryRps: number,
  controlRps: number,
  canaryRate: number,
  controlRate: number,
  { rho, delta }: Null,
): number {
  const at = (guess: number) =>
    canaryRps * divergence(canaryRate, Math.min(1 - 1e-12, rho * guess + delta)) +
    controlRps * divergence(controlRate, guess)
  let low = Math.max(controlRate, 1e-9)
  let high = Math.min(Math.max((canaryRate - delta) / rho, low), (1 - 1e-9 - delta) / rho)
  // Both terms are convex in the guess, so a golden-section search finds the least.
  for (let step = 0; step < 200; step++) {
    const a = high - (high - low) * 0.618
    const b = low + (high - low) * 0.618
    if (at(a) < at(b)) high = b
    else low = a
  }
  return at((low + high) / 2)
}

/** Seconds, not whole: ln(1/α) / information. */
export function boundSeconds(
  percentage: number,
  rps: number,
  canaryRate: number,
  controlRate: number,
  null_: Null,
  alpha: number,
): number {
  const share = percentage / 100
  const information = informationPerSecond(rps * share, rps * (1 - share), canaryRate, controlRate, null_)
  return Math.log(1 / alpha) / information
}
