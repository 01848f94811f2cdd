/** Which tests have no evidence yet: what they count from now on is what a sentence would name. */

import { NOTHING_JUDGED } from './evidence/judged.ts'
import type { GuardSettings } from './evidence/settings.ts'
import { totalWealth } from './evidence/wealth.ts'
import { slowWealth } from './latency/slow.ts'
import type { GuardState } from './tests/guard-state.ts'
import { noteRises, type Rises } from './tests/rises.ts'

/** A test starts with a wealth of 1; health and instalments lower it. */
const NO_EVIDENCE = 1.001

/** The rises of a state, before it counts another tick. */
export function risesBefore(settings: GuardSettings, state: GuardState): Rises {
  const { rollback, clientErrors, collapse, share, batch } = state
  // What an open batch holds is not judged yet, and belongs to what comes.
  const isJudged = batch.canaryRequests + batch.controlRequests === 0
  const before = { atMs: state.lastAtMs, totals: state.totals, judged: state.judged ?? NOTHING_JUDGED }
  return noteRises(state.rises, before, {
    errors: isJudged && totalWealth(rollback.errors) <= NO_EVIDENCE,
    latency: isJudged && slowWealth(settings, rollback.slow).all <= NO_EVIDENCE,
    answers:
      clientErrors.canaryRequests + clientErrors.controlRequests === 0 &&
      totalWealth(clientErrors.wealth) <= NO_EVIDENCE,
    collapse: collapse.run.length === 0,
    traffic: totalWealth(share.drop) <= NO_EVIDENCE,
  })
}
