/**
 * Gradual rollback. A canary with half of the traffic gives all of it to control, which may not be warm. So visitors
 * move in steps, each of which waits while control's latency climbs; after `withinMs` all have moved regardless. Each
 * isolate steps by what it sees itself.
 */

/** When control is healthy, all have moved after 1.5 s. */
const STEPS = 4
const STEP_MS = 500
/** Climbing latency: above this ratio to the baseline, and beyond noise. */
const CLIMBING_RATIO = 1.5
const CLIMBING_MS = 10

export type StepBack = {
  /** Time of the rollback; another rollback starts afresh. */
  atMs: number
  /** Control's latency before the rollback; undefined when unknown. */
  baselineMs: number | undefined
  steps: number
  nextStepMs: number
}

export function startStepBack(atMs: number, baselineMs: number | undefined, nowMs: number): StepBack {
  return { atMs, baselineMs, steps: 1, nextStepMs: nowMs + STEP_MS }
}

/** Takes the steps that are due, in place; returns the share of visitors (0–1) moved so far. */
export function movedShare(
  stepBack: StepBack,
  now: { nowMs: number; withinMs: number; controlMs: number | undefined },
): number {
  const { nowMs, withinMs, controlMs = 0 } = now
  if (nowMs >= stepBack.nextStepMs) {
    const { baselineMs = 0 } = stepBack
    const isClimbing = controlMs > baselineMs * CLIMBING_RATIO && controlMs > baselineMs + CLIMBING_MS
    if (!isClimbing) stepBack.steps = Math.min(STEPS, stepBack.steps + 1)
    stepBack.nextStepMs = nowMs + STEP_MS
  }
  const elapsed = Math.max(0, nowMs - stepBack.atMs) / withinMs
  return Math.min(1, Math.max(stepBack.steps / STEPS, elapsed))
}
