/** When a circuit opens, and when it is half-open: what the circuit of everybody and that of a network have in common. */

export const WINDOW_MS = 10_000
/** Fewer may be a hiccup of the network. */
export const FAILURES_TO_OPEN = 5

const SHORTEST_PROBE_MS = 1_000
/** A hanging origin holds every probe up, so it is probed less often. */
const LONGEST_PROBE_MS = 5_000

/** How long to wait between probes of an origin whose last failure took `tookMs`. */
export function probeIntervalMs(tookMs: number): number {
  return Math.min(Math.max(tookMs, SHORTEST_PROBE_MS), LONGEST_PROBE_MS)
}

/** Whether a request may probe; `overdueMs`: only if no other came for so long. */
export function isProbeDue(nextProbeMs: number, overdueMs: number, nowMs: number): boolean {
  const waitMs = nextProbeMs - nowMs
  // A longer wait than any that is ever set: the clock has jumped.
  return waitMs <= -overdueMs || waitMs > LONGEST_PROBE_MS
}
