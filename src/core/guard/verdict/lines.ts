/** Where the guard acts: what each test tolerates, and the wealth at which it decides alone. */
import { levelOf } from '../evidence/alpha.ts'
import type { GuardSettings } from '../evidence/settings.ts'
import { weightsOf } from '../tests/rollback.ts'

/** The canary's rate may be `rho` times control's, plus `delta` (0–1); beyond that the test decides at `level`. */
export type GuardLine = { rho: number; delta: number; level: number }

/** Null for a test that is off. */
export type GuardLines = {
  errors: GuardLine | null
  latency: GuardLine | null
  clientErrors: GuardLine | null
  /** The least share of control's journeys per visitor that the canary must complete. */
  journeys: number | null
}

export function guardLines(settings: GuardSettings): GuardLines {
  const { alpha, errors, latency, clientErrors, traffic } = settings
  const weights = weightsOf(settings)
  const line = ({ rho, delta }: { rho: number; delta: number }, level: number) => ({ rho, delta, level })
  return {
    errors: errors.enabled ? line(errors, 1 / (weights.errors * alpha)) : null,
    latency: latency.enabled ? line(latency, 1 / (weights.latency * alpha)) : null,
    clientErrors: clientErrors.enabled ? line(clientErrors, levelOf('clientErrors', alpha)) : null,
    journeys: traffic.maxDropPercent === null ? null : 1 - traffic.maxDropPercent / 100,
  }
}
