/**
 * The wealth of a test: a weighted sum of products of factors, one product per λ, plus cash not yet bet.
 *
 * Most of the wealth, 0.6, is bet at once; 0.24 enters in instalments every 10 s, `w_j = 0.24·(G(j−1) − G(j))` with
 * `G(j) = J/(J + j)`; and 0.16 is for the starts of later stages, a quarter each, as that is when a regression shows that
 * waits for load. Stages start at times that depend on the past alone, so the sum stays a supermartingale. Late bets have lost nothing in the healthy time before, so a regression after an hour is
 * found almost as fast as one at the start; without instalments it takes 20 times longer. Source: the
 * Shiryaev–Roberts procedure, kept summable so that the total stays at most 1 in expectation.
 */

import type { Counts, Null } from './formula.ts'
import { logFactor } from './formula.ts'

/** A ratio that a test bets on, and its share of what enters; a test's weights sum to 1. */
export type Bet = { readonly lambda: number; readonly weight: number }

export function equalBets(lambdas: readonly number[]): readonly Bet[] {
  return lambdas.map((lambda) => ({ lambda, weight: 1 / lambdas.length }))
}

/** What a batch is tested against; `logCap` bounds ln f per batch, as min(f, c) keeps E ≤ 1. */
export type Test = { readonly bets: readonly Bet[]; readonly null_: Null; readonly logCap: number }

/** The wealth is `cash + Σ parts`, one part per bet. All finite, ≥ 0. */
export type Wealth = { cash: number; parts: readonly number[] }

const INSTALMENT_MS = 10_000
/** J: after this many instalments half of the reserve is bet. */
const INSTALMENT_SCALE = 60
const START_SHARE = 0.6
/** More changes no decision; min(wealth, constant) stays a supermartingale and JSON stays finite. */
export const MOST_WEALTH = 1e100

const reserve = (instalments: number): number =>
  (1 - START_SHARE) * (INSTALMENT_SCALE / (INSTALMENT_SCALE + instalments))

export function initialWealth(bets: readonly Bet[]): Wealth {
  return { cash: reserve(0), parts: bets.map(({ weight }) => START_SHARE * weight) }
}

/** What stays for the starts of stages after the first, in as many parts. */
const STAGE_RESERVE = 0.16
const STAGE_PARTS = 4

/**
 * How much of the reserve is due: as the number of instalments, not always whole, after which it would be without
 * stages.
 *
 * @param elapsedMs since the generation's start
 * @param stageStarts stages that have begun since then, without the first
 */
export function instalmentsAfter(elapsedMs: number, stageStarts = 0): number {
  const instalments = elapsedMs > 0 ? Math.floor(elapsedMs / INSTALMENT_MS) : 0
  const stagesLeft = Math.max(0, STAGE_PARTS - stageStarts) / STAGE_PARTS
  const left = (1 - START_SHARE - STAGE_RESERVE) * (INSTALMENT_SCALE / (INSTALMENT_SCALE + instalments))
  return INSTALMENT_SCALE * ((1 - START_SHARE) / (left + STAGE_RESERVE * stagesLeft) - 1)
}

/**
 * Wealth after one batch.
 *
 * @param wealth before
 * @param counts of the batch
 * @param paid instalments paid so far, including those that enter with this batch; must depend on time only
 */
export function grow(wealth: Wealth, counts: Counts, paid: number, { bets, null_, logCap }: Test): Wealth {
  const entering = enteringWith(wealth, paid)
  const parts = bets.map(({ lambda, weight }, k) => {
    const log = Math.min(logFactor(counts, lambda, null_), logCap)
    return Math.min(((wealth.parts[k] ?? 0) + entering * weight) * Math.exp(log), MOST_WEALTH)
  })
  return { cash: wealth.cash - entering, parts }
}

/** Cash that is bet with the next batch. */
export function enteringWith({ cash }: Wealth, paid: number): number {
  return Math.max(0, cash - reserve(paid))
}

/** The wealth: 1 at the start. Under the null `P(ever ≥ x) ≤ 1/x` (Ville's inequality). */
export function totalWealth(wealth: Wealth): number {
  let sum = wealth.cash
  for (const part of wealth.parts) sum += part
  return sum
}

/** Of tests that are averaged. */
export function meanWealth(wealths: readonly Wealth[]): number {
  let sum = 0
  for (const wealth of wealths) sum += totalWealth(wealth) / wealths.length
  return sum
}

/** Log wealth per component, all bet at once: for tests that restart with each stage. */
export type LogWealth = readonly number[]

/** Below this a component is lost; the floor keeps it finite. */
const LEAST_LOG = -1e6

export function initialLogWealth(components: number): LogWealth {
  return new Array<number>(components).fill(-Math.log(components))
}

/** Log wealth after one batch; see `grow`. */
export function growLog(
  wealth: LogWealth,
  counts: Counts,
  lambdas: readonly number[],
  null_: Null,
): LogWealth {
  return wealth.map((log, k) => {
    const next = log + logFactor(counts, lambdas[k] ?? 1, null_)
    return Math.max(LEAST_LOG, Math.min(next, 230))
  })
}

/** ln of the summed wealth, without overflow. */
export function logTotal(wealth: LogWealth): number {
  const top = Math.max(...wealth)
  let sum = 0
  for (const log of wealth) sum += Math.exp(log - top)
  return top + Math.log(sum)
}
