/** What a new document would do to the people whose requests were sampled lately. */

export type FlagMoves = {
  flag: string
  samples: number
  moved: number
  movedPercent: number
  /** Moves by variant. */
  moves: { from: string; to: string; count: number }[]
  /** Distinct sampled visitors that change variant. */
  visitors: number
  countries: string[]
}

export type PeopleMoved = {
  /** Sampled requests that could be replayed; 0: nothing is known about people. */
  samples: number
  /** Requests that could not be: a document asks for an attribute that was not recorded. */
  unknown: number
  movedPercent: number | null
  flags: FlagMoves[]
}

export const NOBODY_KNOWN: PeopleMoved = { samples: 0, unknown: 0, movedPercent: null, flags: [] }
