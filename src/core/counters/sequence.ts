/**
 * Which batch numbers of a sender have been seen, in constant space: the highest, and a bit for each of the 31 before
 * it. A repeated number is refused, a reordered one accepted once, and one too old to tell refused: nothing counts
 * twice.
 */
export type SequenceWindow = { highest: number; seen: number }

export const EMPTY_WINDOW: SequenceWindow = { highest: 0, seen: 0 }
const WINDOW_BITS = 32

/**
 * The window after taking `seq`; undefined when it was seen or is too old.
 *
 * @example take({ highest: 3, seen: 0b111 }, 2) // undefined: seen
 */
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
