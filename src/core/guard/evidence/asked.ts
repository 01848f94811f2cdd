/**
 * Control's failures about which the canary was not asked, in the advance test.
 *
 * Questions to the canary are a tenth of what its visitors ask at most, so a small canary is asked about few of control's failures.
 * If the others counted for nothing, control would seem to fail hardly ever, and a healthy canary of a site that fails in 1 % of
 * its requests would never be shown to be not worse. So of `U` unasked failures `d·U` count, where d is not above the share of
 * asked ones that the canary answered well.
 *
 * Why E ≤ 1 stays: which failures are asked depends on their order alone, so each unasked one is discordant with the share δ of
 * the asked ones. For λ < 1 the factor of a control failure is `x = 1/D > 1`, and for `d ≤ δ` the Poisson bound holds as
 * before: `E[x^(d·U)] = exp(μ·(x^d − 1)) ≤ exp(μ·δ·(x − 1))`, since `x^d ≤ 1 + d·(x − 1)`. d is the share of the past less two
 * standard errors, and at most that of the same tick: as `f` rises with control's failures, a smaller d only costs evidence,
 * so an outage of both origins, in which none is discordant, lets none count at once. The network rule applies to them.
 */

import type { Pairing } from '../../counters/pairing.ts'

/** Control's failures about which the canary was asked, with a half-life; discordant and shared. */
export type Asked = { discordant: number; shared: number }

export const NONE_ASKED: Asked = { discordant: 0, shared: 0 }

const HALF_LIFE_MS = 600_000

/** The sums after a tick. */
export function noteAsked({ discordant, shared }: Asked, control: Pairing, elapsedMs: number): Asked {
  const kept = 0.5 ** (elapsedMs / HALF_LIFE_MS)
  return {
    discordant: discordant * kept + control.discordant.length,
    shared: shared * kept + control.sharedFailures,
  }
}

/** The part (0–1) of unasked failures that counts. */
export function countedPart({ discordant, shared }: Asked, control: Pairing): number {
  const now = control.discordant.length / (control.discordant.length + control.sharedFailures)
  const all = discordant + shared
  if (!(all > 0) || !(now > 0)) return 0
  const share = discordant / all
  // One shared failure more than seen, so that few asked ones have a standard error.
  const error = Math.sqrt(((discordant + 1) * (shared + 1)) / (all + 2) ** 3)
  return Math.max(0, Math.min(now, share - 2 * error))
}
