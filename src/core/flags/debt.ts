/** Flag debt: flags that somebody should look at, and most likely remove. */

export type Debt = { kind: 'expired' | 'finished' | 'unused' | 'ownerless'; text: string }

/** What is known of a flag, as far as debt goes. */
export type DebtFacts = {
  owner: string | undefined
  /** When the document says that it should be gone, ms since 1970. */
  expiresMs: number | undefined
  /** Since when everybody gets the same, ms since 1970; undefined where somebody doesn't. */
  settledSinceMs: number | undefined
  /** When it was last evaluated; null for never. Undefined where that is not known. */
  lastSeenMs: number | null | undefined
  /** Since when the document has it, ms since 1970. */
  knownSinceMs: number
}

const DAY_MS = 24 * 3_600_000
/** A flag that is done is cleaned up within a fortnight. */
const SETTLED_MS = 14 * DAY_MS
/** A flag that nothing asks for in a month is not used. */
const UNUSED_MS = 30 * DAY_MS

/** Why a flag is debt, most pressing first; empty for one that isn't. */
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
