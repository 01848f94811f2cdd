/**
 * The network rule for copies: a verdict must hold without any two groups of networks, as the guard's do
 * (guard/networks/without-two.ts has the argument). Who sends one page that works, again and again, would otherwise hide
 * what the others' requests show; who sends one that differs would hold a release back.
 *
 * Two groups less is less evidence, so the rest needs a quarter of what the whole has (on the scale of logarithms) while the
 * whole has just reached its line, and as much as the whole needs from four times that on.
 */

/** Of a group: compared requests, and those in which a quiet field differs at the canary (`up`) or control (`down`) alone. */
export type GroupTally = { samples: number; up: number; down: number }
/** By group; none for requests of no network. */
export type Tallies = Readonly<Record<number, GroupTally>>
/** How often the canary alone differed in a field, by group. */
export type SeenBy = Readonly<Record<number, number>>

/** As in counters/networks.ts; group 0 is no network. */
const NETWORK_GROUPS = 30
const FAIR_PART = 0.25
/** With fewer groups there is no one else to confirm anything. */
const FEWEST_GROUPS = 3
/** Groups that a field tells apart. Where so many have seen a difference, no two of them made it up. */
const MOST_SEEN_BY = 8

/** With one more request; x is 1 where the canary alone differs, -1 where control does. */
export function tallied(tallies: Tallies | undefined, group: number, x: number): Tallies | undefined {
  if (group <= 0 || group > NETWORK_GROUPS) return tallies
  const { samples, up, down } = tallies?.[group] ?? { samples: 0, up: 0, down: 0 }
  return { ...tallies, [group]: { samples: samples + 1, up: up + Number(x > 0), down: down + Number(x < 0) } }
}

/** The groups that saw a difference, with one more. */
export function seenBy(seen: SeenBy | undefined, group: number): SeenBy | undefined {
  if (group <= 0 || group > NETWORK_GROUPS) return seen
  const known = seen?.[group]
  if (known === undefined && Object.keys(seen ?? {}).length >= MOST_SEEN_BY) return seen
  return { ...seen, [group]: (known ?? 0) + 1 }
}

/** Whether so few networks have sent anything that none can be left out. */
export function isOfFew(tallies: Tallies = {}): boolean {
  return Object.keys(tallies).length < FEWEST_GROUPS
}

/**
 * The least, over all pairs of groups left out, of a wealth that is a sum of logarithms over requests.
 *
 * @param logsOf a group's part of the logarithms, one for each bet
 */
export function leastWithoutTwo(
  whole: readonly number[],
  tallies: Tallies,
  logsOf: (tally: GroupTally) => readonly number[],
  wealthOf: (logs: readonly number[]) => number,
): number {
  const each = Object.values(tallies).map(logsOf)
  let least = Number.POSITIVE_INFINITY
  for (const [at, a] of each.entries())
    for (const b of each.slice(at + 1))
      least = Math.min(least, wealthOf(whole.map((log, k) => log - (a[k] ?? 0) - (b[k] ?? 0))))
  return least
}

/** The number without the two groups that have most of it. */
export function withoutTwoMost(all: number, seen: SeenBy = {}): number {
  const [first = 0, second = 0] = Object.values(seen).sort((a, b) => b - a)
  return all - first - second
}

/** Whether evidence holds with what is left of it; 1 is the line that it must reach. */
export function isCarriedBy(rest: number, whole: number): boolean {
  return rest >= Math.min(1, FAIR_PART * Math.max(1, whole))
}
