/** The impact (blast radius) of a new document on recently sampled visitors. */

export type FlagMoves = {
  flag: string
  samples: number
  moved: number
  movedPercent: number
  moves: { from: string; to: string; count: number }[]
  /** Distinct visitors who change variant. */
  visitors: number
  countries: string[]
}

export type Impact = {
  /** Replayed requests; 0: the impact is unknown. */
  samples: number
  /** Requests that can't be replayed: a document asks for an attribute that no sample has. */
  unknown: number
  movedPercent: number | null
  flags: FlagMoves[]
}

export const UNKNOWN_IMPACT: Impact = { samples: 0, unknown: 0, movedPercent: null, flags: [] }
