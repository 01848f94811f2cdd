/**
 * Slots kept per list and cell between two flushes: an isolate with more distinct failing visitors in a second has
 * proved its point. Errors beyond them still count.
 */
export const MOST_ERRORED_SLOTS = 2_000

/** Adds a visitor slot to a list, once, in place; whether it is new there. */
export function addSlot(slots: number[], slot: number): boolean {
  if (slots.length >= MOST_ERRORED_SLOTS || slots.includes(slot)) return false
  slots.push(slot)
  return true
}
