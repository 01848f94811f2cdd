/**
 * The verdict that people are told, without flapping: it gets worse at once, and better after ten seconds without one as bad. Page and terminal make
 * their word of it (contract/words/verdict-word.ts); what the rollout does follows each look.
 */
import type { VerdictReport } from '../guard/index.ts'

const STANDS_MS = 10_000

/** `place`: attempt and stage; another one is news. */
export type Told = Pick<VerdictReport, 'kind' | 'action'> & { place: string; needsOperator: boolean }
/** With the time of the last look that was as bad. */
export type Steady = Told & { seenMs: number }

/**
 * What is told after a look at `nowMs`.
 *
 * @param before undefined at the first look
 * @example steadyVerdict(undefined, now, nowMs).kind // now.kind
 */
export function steadyVerdict(before: Steady | undefined, now: Told, nowMs: number): Steady {
  const isNews = before === undefined || before.place !== now.place || rankOf(now) >= rankOf(before)
  return isNews || nowMs - before.seenMs >= STANDS_MS ? { ...now, seenMs: nowMs } : before
}

/** The higher, the worse. */
function rankOf({ kind, action }: Pick<Told, 'kind' | 'action'>): number {
  if (kind === 'failing') return 3
  if (kind === 'broken-split' || action === 'freeze') return 2
  return kind === 'healthy' ? 0 : 1
}
