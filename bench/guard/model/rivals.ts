/** Other rules on the same stream of raw counts, for comparison. Each returns true from the second it fires. */

import type { Batch } from '../../../src/core/guard/evidence/batch.ts'
import { EMPTY_BATCH } from '../../../src/core/guard/evidence/batch.ts'
import { resolveGuardSettings } from '../../../src/core/guard/evidence/settings.ts'
import { instalmentsAfter } from '../../../src/core/guard/evidence/wealth.ts'
import type { GuardTick } from '../../../src/core/guard/index.ts'
import { NO_WIDENING } from '../../../src/core/guard/latency/population.ts'
import { initialRollback, rollbackWealth, stepRollback } from '../../../src/core/guard/tests/rollback.ts'

export type Rival = (tick: GuardTick) => boolean

/** Flagger's defaults: success rate of the last 60 s under 99 %, checked once a minute; five failed checks. */
export function flagger(): Rival {
  let requests = 0
  let errors = 0
  let failed = 0
  return ({ atMs, canary }) => {
    requests += canary.requests
    errors += canary.errors
    if (atMs % 60_000 === 0) {
      if (requests > 0 && errors / requests > 0.01) failed++
      requests = 0
      errors = 0
    }
    return failed >= 5
  }
}

/** A two-proportion z-test on all counts so far, one-sided p < 0.01, looked at every second. */
export function zTest(): Rival {
  let n1 = 0
  let n2 = 0
  let e1 = 0
  let e2 = 0
  let fired = false
  return ({ canary, control }) => {
    n1 += canary.requests
    n2 += control.requests
    e1 += canary.errors
    e2 += control.errors
    if (fired || n1 === 0 || n2 === 0 || e1 === 0) return fired
    const pooled = (e1 + e2) / (n1 + n2)
    const deviation = Math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    fired = deviation > 0 && (e1 / n1 - e2 / n2) / deviation > 2.326
    return fired
  }
}

/** The guard's own error test on raw request counts: what dedupe by visitor is for. */
export function rawCounts(): Rival {
  const errorsOnly = resolveGuardSettings({ latency: false })
  let state = initialRollback(0)
  let fired = false
  return ({ atMs, canary, control }) => {
    const batch: Batch = {
      ...EMPTY_BATCH,
      errors: {
        canaryN: canary.requests,
        controlN: control.requests,
        canaryBad: canary.errors,
        controlBad: control.errors,
      },
    }
    state = stepRollback(errorsOnly, state, {
      batch,
      paid: instalmentsAfter(atMs),
      widening: NO_WIDENING,
    })
    fired ||= rollbackWealth(errorsOnly, state).all >= 1 / errorsOnly.alpha
    return fired
  }
}
