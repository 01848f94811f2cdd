/**
 * Stepping traffic back after a rollback. A canary that carried half of the traffic gives all of it to control, which
 * may not be warm for that. So visitors move in steps, each of which waits while control's latency is climbing; after
 * `withinMs` all have moved, come what may. Each isolate steps by what it sees itself.
 */

/** Healthy, all have moved after a second and a half. */
const STEPS = 4
const STEP_MS = 500
/** Latency that counts as climbing: beyond the ratio to what it was before, and by more than noise. */
const CLIMBING_RATIO = 1.5
const CLIMBING_MS = 10

export type StepBack = {
  /** When the rollback was made: another one starts afresh. */
  atMs: number
  /** Control's latency before; undefined where it is not known. */
  baselineMs: number | undefined
  steps: number
  nextStepMs: number
}

export function startStepBack(atMs: number, baselineMs: number | undefined, nowMs: number): StepBack {
  return { atMs, baselineMs, steps: 1, nextStepMs: nowMs + STEP_MS }
}

/** Takes the steps that are due, in place; gives the share of visitors that has moved by now. */
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
