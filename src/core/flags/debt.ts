/** Flag debt: flags due for cleanup. */

export type Debt = { kind: 'expired' | 'finished' | 'unused' | 'ownerless'; text: string }

/** Facts that make a flag debt. */
export type DebtFacts = {
  owner: string | undefined
  /** When the flag expires, ms since 1970. */
  expiresMs: number | undefined
  /** Since when all visitors get the same variant, ms since 1970; undefined while they don't. */
  settledSinceMs: number | undefined
  /** Last evaluation, ms since 1970; null: never; undefined: unknown. */
  lastSeenMs: number | null | undefined
  /** When the flag entered the document, ms since 1970. */
  knownSinceMs: number
}

const DAY_MS = 24 * 3_600_000
/** A finished flag is cleaned up within a fortnight. */
const SETTLED_MS = 14 * DAY_MS
/** A flag without an evaluation in a month is unused. */
const UNUSED_MS = 30 * DAY_MS

/** Why a flag needs cleanup, most pressing first; empty when it doesn't. */
export function debtOf(facts: DebtFacts, nowMs: number): Debt[] {
  const { owner, expiresMs, settledSinceMs, lastSeenMs, knownSinceMs } = facts
  const debts: Debt[] = []
  if (expiresMs !== undefined && nowMs >= expiresMs) {
    debts.push({ kind: 'expired', text: `should have been gone by ${dayOf(expiresMs)}` })
  }
  if (settledSinceMs !== undefined && nowMs - settledSinceMs >= SETTLED_MS) {
    debts.push({ kind: 'finished', text: `everybody has got the same since ${dayOf(settledSinceMs)}` })
  }
  const silentSinceMs = lastSeenMs ?? knownSinceMs
  if (lastSeenMs !== undefined && nowMs - silentSinceMs >= UNUSED_MS) {
    const text =
      lastSeenMs === null ? 'has never been evaluated' : `was last evaluated on ${dayOf(silentSinceMs)}`
    debts.push({ kind: 'unused', text })
  }
  if (!owner) debts.push({ kind: 'ownerless', text: 'has no owner to ask' })
  return debts
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
