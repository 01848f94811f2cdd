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

/** Answers that turned visitors away (core/flags/answers). */
export type ClientErrors = {
  requests: number
  /** Distinct failure marks (slot and group of the network) of those that are compared; bounded as `erroredBuckets` is. */
  marks: number[]
}

/** A cell, as far as client errors are concerned. */
type CountingCell = { clientErrors?: ClientErrors }

/**
 * Counts an answer that turned a visitor away, in place.
 *
 * @param mark from `failureMark`; left out where the visitor is not compared
 */
export function countClientError(cell: CountingCell, mark?: number): void {
  cell.clientErrors ??= { requests: 0, marks: [] }
  cell.clientErrors.requests++
  if (mark !== undefined) addSlot(cell.clientErrors.marks, mark)
}

/** Counts an answer that a stage sets a limit for, in place. */
export function countWatched(
  cell: { watched?: Record<string, ClientErrors> },
  id: string,
  mark: number,
): void {
  cell.watched ??= {}
  cell.watched[id] ??= { requests: 0, marks: [] }
  const counts = cell.watched[id]
  counts.requests++
  addSlot(counts.marks, mark)
}

/** Adds counts by id, in place. */
export function mergeWatched(
  target: Record<string, ClientErrors>,
  source: Readonly<Record<string, ClientErrors>> = {},
): void {
  for (const [id, { requests, marks }] of Object.entries(source)) {
    target[id] ??= { requests: 0, marks: [] }
    target[id].requests += requests
    for (const mark of marks) addSlot(target[id].marks, mark)
  }
}

/** Adds the counts of `source` to those of `target`, in place. */
export function mergeClientErrors(target: CountingCell, source: CountingCell): void {
  if (source.clientErrors === undefined) return
  target.clientErrors ??= { requests: 0, marks: [] }
  target.clientErrors.requests += source.clientErrors.requests
  for (const mark of source.clientErrors.marks) addSlot(target.clientErrors.marks, mark)
}
