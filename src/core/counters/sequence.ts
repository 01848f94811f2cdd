/**
 * Which numbers of one sender have been seen, in constant space: the highest one and a bit for each of the 31
 * before it. Repeated numbers are refused, reordered ones accepted once, and those too old to tell refused, so
 * that nothing is ever counted twice.
 */
export type SequenceWindow = { highest: number; seen: number }

export const EMPTY_WINDOW: SequenceWindow = { highest: 0, seen: 0 }
const WINDOW_BITS = 32

/** The window after taking `seq`, or undefined where it has been seen or is too old. */
export function take(window: SequenceWindow, seq: number): SequenceWindow | undefined {
  if (seq > window.highest) {
    const shift = seq - window.highest
    const older = shift >= WINDOW_BITS ? 0 : window.seen << shift
    return { highest: seq, seen: (older | 1) >>> 0 }
  }
  const age = window.highest - seq
  if (age >= WINDOW_BITS || (window.seen >>> age) & 1) return undefined
  return { highest: window.highest, seen: (window.seen | (1 << age)) >>> 0 }
}
