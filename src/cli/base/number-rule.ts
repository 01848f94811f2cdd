/** What the number of an option must be, in words and as a test. */
export type NumberRule = { must: string; accepts(value: number): boolean }

/** Ids and versions have as many digits as the admin API reads. */
const LARGEST_WHOLE = 1e15 - 1

/** @example wholeNumber(1, 1_000).must // a whole number from 1 to 1000 */
export function wholeNumber(least: number, most = LARGEST_WHOLE): NumberRule {
  const range = most === LARGEST_WHOLE ? `, at least ${least}` : ` from ${least} to ${most}`
  return {
    must: `a whole number${range}`,
    accepts: (value) => Number.isInteger(value) && value >= least && value <= most,
  }
}

/** @example numberFrom(0, 100).must // a number from 0 to 100 */
export function numberFrom(least: number, most: number): NumberRule {
  return { must: `a number from ${least} to ${most}`, accepts: (value) => value >= least && value <= most }
}

/** Without the least one: nothing can be done in no time. */
export function numberAbove(bound: number, most: number): NumberRule {
  return {
    must: `a number above ${bound}, at most ${most}`,
    accepts: (value) => value > bound && value <= most,
  }
}

/** Longer times don't fit into a timer. */
export const DAY_SECONDS = 86_400
