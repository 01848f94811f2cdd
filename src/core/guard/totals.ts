/** Plain sums, for thresholds, for sentences and for what is expected of a split. */

/** Raw sums of both arms. */
export type Totals = {
  canaryRequests: number
  controlRequests: number
  canaryErrors: number
  controlErrors: number
  journeys: number
  /** Requests slower than `thresholds.slow.baselineMs`. */
  canarySlow: number
  controlSlow: number
}

export const NO_TOTALS: Readonly<Totals> = {
  canaryRequests: 0,
  controlRequests: 0,
  canaryErrors: 0,
  controlErrors: 0,
  journeys: 0,
  canarySlow: 0,
  controlSlow: 0,
}

/** `a × factor + b`, element by element. */
export function addTotals(a: Totals, b: Totals, factor = 1): Totals {
  return {
    canaryRequests: a.canaryRequests * factor + b.canaryRequests,
    controlRequests: a.controlRequests * factor + b.controlRequests,
    canaryErrors: a.canaryErrors * factor + b.canaryErrors,
    controlErrors: a.controlErrors * factor + b.controlErrors,
    journeys: a.journeys * factor + b.journeys,
    canarySlow: a.canarySlow * factor + b.canarySlow,
    controlSlow: a.controlSlow * factor + b.controlSlow,
  }
}
