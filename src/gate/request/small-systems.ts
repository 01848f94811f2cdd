/**
 * Autonomous systems that carry little of the traffic. A hosting provider rents out addresses of many /24s to one person, so a
 * system below 5 % of the requests is one network as a whole; a large one (a carrier) is not, or the rule would leave a
 * fifth of the visitors out at once. Shares are those that this isolate has seen; until it has seen enough, no system is small.
 */

const SMALL = 0.05
const ENOUGH = 1_000
/** From so many requests on, earlier ones weigh half. */
const MOST = 20_000

let all = 0
const requests = new Map<number, number>()

/** Counts a request of a system; whether the system is a small one. */
export function isOfSmallSystem(asn: number): boolean {
  const own = (requests.get(asn) ?? 0) + 1
  requests.set(asn, own)
  if (++all >= MOST) halve()
  return all >= ENOUGH && own < SMALL * all
}

function halve(): void {
  all = 0
  for (const [asn, count] of requests) {
    const half = count >> 1
    all += half
    if (half === 0) requests.delete(asn)
    else requests.set(asn, half)
  }
}

/** For tests: an isolate that has seen nothing. */
export function forgetSystems(): void {
  all = 0
  requests.clear()
}
