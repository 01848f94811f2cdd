/**
 * The network rule for metrics: whatever is said must hold without any two groups of networks.
 *
 * Ids are free and the place of an id in the split can be computed, so one machine can be thousands of visitors of one
 * variant, who buy or never do. But it has an address or two. So each claim is made once more for each of the 435 pairs of
 * groups, on the sums without the two (core/guard/networks/without-two.ts does so for errors). For the pair of an enemy,
 * all visitors are honest, and the claim is wrong with its own probability: it can't be surer than that, whatever two networks do.
 * Words are claims as they are; of the guard's evidence the rest needs a fair part (`lnHeld`), as with errors.
 *
 * Who fills one variant also breaks the split, for all others. So where it is broken, and would be as planned
 * without one group, or else without two, those take no part. That goes by who was exposed to what, never by what they did.
 */
import { UNKNOWN_GROUP } from '../entries.ts'
import { addedUp, type VariantSummary } from '../summary.ts'
import { lnSplitEvidence } from './split.ts'

/** A split that is as planned is called broken with this probability, ever. */
const SPLIT_ALPHA = 0.000_1
/** Where less is left, and too few visitors to judge by, one or two networks are the site: an office, a tunnel. */
const LEAST_REST = 0.1
const ENOUGH_REST = 200

const FAIR_PARTS = 4
const LN_OVERSHOOT = Math.log(8)
const NO_ONE = { visitors: 0, metrics: [] }
const GROUPS = Array.from({ length: UNKNOWN_GROUP }, (_, at) => at + 1)

type Arms = readonly VariantSummary[]

export type Standing = {
  /** The sums of those who take part. */
  arms: Arms
  /** Whether visitors are not split as planned, whichever two groups are left out: then nothing can be compared. */
  isBroken: boolean
  /** Visitors who take no part. */
  aside: number
}

/** @param shares of the variants, in their order */
export function standingOf(arms: Arms, shares: readonly number[]): Standing {
  const all = visitorsOf(arms)
  const lnOf = (rest: Arms) =>
    lnSplitEvidence(
      rest.map(({ visitors }) => visitors),
      shares,
    )
  const isOff = (ln: number) => ln >= Math.log(1 / SPLIT_ALPHA)
  if (!isOff(lnOf(arms))) return { arms, isBroken: false, aside: 0 }
  const groups = groupsOf(arms)
  for (const kind of groups.length < 3 ? [] : [groups.map((group) => [group]), pairsOf(groups)]) {
    const [best] = kind
      .map((gone) => without(arms, gone))
      .filter((rest) => visitorsOf(rest) >= Math.min(ENOUGH_REST, LEAST_REST * all))
      .map((rest) => ({ rest, ln: lnOf(rest) }))
      .sort((a, b) => a.ln - b.ln)
    if (best && !isOff(best.ln))
      return { arms: best.rest, isBroken: false, aside: all - visitorsOf(best.rest) }
  }
  return { arms, isBroken: true, aside: 0 }
}

/** What is left to claim by, for each pair of groups: of one group, without that one; nothing while no network is known. */
export function withoutTwo(arms: Arms): Arms[] {
  const groups = groupsOf(arms)
  return (groups.length === 1 ? [groups] : pairsOf(groups)).map((gone) => without(arms, gone))
}

/**
 * The evidence that counts, by that of all visitors and the least without two groups, all as ln. The rest must have a fair part of
 * it, its fourth root, where carriers are half of a site; where all have far more than that, the rest alone counts
 * (holdsWithoutTwo of core/guard/networks/without-two.ts says why). It is never more than that of all.
 */
export function lnHeld(all: number, rest: number): number {
  const most = FAIR_PARTS * rest
  return all <= most + LN_OVERSHOOT ? Math.max(rest, Math.min(all, most)) : rest
}

const visitorsOf = (arms: Arms) => arms.reduce((sum, { visitors }) => sum + visitors, 0)

/** Groups of networks that have visitors; none where all that is known is that they are unknown. */
function groupsOf(arms: Arms): number[] {
  const known = GROUPS.filter((group) => arms.some(({ groups }) => groups?.[group]?.visitors))
  return known.some((group) => group !== UNKNOWN_GROUP) ? known : []
}

function pairsOf(groups: readonly number[]): number[][] {
  return groups.flatMap((a, at) => groups.slice(at + 1).map((b) => [a, b]))
}

function without(arms: Arms, gone: readonly number[]): Arms {
  return arms.map((arm) => {
    const groups = (arm.groups ?? [arm]).map((sums, group) => (gone.includes(group) ? NO_ONE : sums))
    return { variant: arm.variant, groups, ...addedUp(groups, arm.metrics.length) }
  })
}
