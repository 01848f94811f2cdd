import { printableDeep } from '../plain-text.ts'
import type { Comparison, Difference } from './compare.ts'

/** One compared request, on its way from an isolate to the Controller. */
export type ShadowSample = Comparison & {
  flag: string
  generation: number
  stage: number
  atMs: number
  /** The group of networks of the visitor; undefined for no network. */
  group?: number
  /** What differs, for people to look at: only as many as fit, masked unless the route says otherwise. */
  shown: Difference[]
}

/** Differences of one sample that are shown. */
export const MOST_SHOWN = 3

/** Fields are bounded where they are read; escapes make them longer. */
const LONGEST_TEXT = 160

/** The sample with every name and value plain and bounded: both origins, and visitors' URLs, have a say in them. */
export function plainSample(sample: ShadowSample): ShadowSample {
  return { ...printableDeep(sample, LONGEST_TEXT), flag: sample.flag }
}
