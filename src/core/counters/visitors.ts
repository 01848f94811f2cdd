/**
 * Distinct visitors, as a bottom-k sketch (Bar-Yossef et al., 2002): of the visitors' positions, mixed so that they are
 * spread evenly and no visitor can choose their own, the smallest `k`. A visitor counts once, however many requests they
 * make; the share of canary in the union of two sketches estimates the split.
 */

/** A visitor: the mixed position, and the network that they came from first; 32 bits each. */
export type VisitorMark = [mixed: number, network: number]

/** Visitors that a sketch keeps: k. */
export const MOST_VISITORS = 64

/** Adds `source` to the sketch `target`, in place. */
export function mergeVisitors(target: VisitorMark[], source: readonly VisitorMark[]): void {
  for (const mark of source) if (!target.some(([mixed]) => mixed === mark[0])) target.push(mark)
  if (target.length <= MOST_VISITORS) return
  target.sort(([a], [b]) => a - b)
  target.length = MOST_VISITORS
}
