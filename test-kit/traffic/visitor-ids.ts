/** Ids of visitors as a gate with a signing key gives them out, for tests and load in which such visitors come back. */
import { sha256 } from '../../src/core/flags/sha.ts'
import { type VisitorIds, visitorIdsOf } from '../../src/gate/request/visitor-ids.ts'

const HOUR_MS = 3_600_000
const RANDOM_LENGTH = 16

/** A visitor by name: the Cookie header, and the targeting key that the gate reads from it. */
export type KnownVisitor = { cookie: string; key: string }

/**
 * The visitors of a gate, by name: the same name is the same visitor, at the same place of every split.
 *
 * @param signingKey the gate's SIGNING_KEY
 * @param nowMs when the ids were signed, ms since 1970
 * @example
 * const visitor = await gateVisitors(SIGNING_KEY)
 * await fetch(gate.url, { headers: { cookie: visitor('ann').cookie } })
 */
export async function gateVisitors(
  signingKey: string,
  nowMs = Date.now(),
): Promise<(name: string | number) => KnownVisitor> {
  const ids = (await visitorIdsOf({ SIGNING_KEY: signingKey })) as VisitorIds
  return (name) => {
    const random = sha256(String(name))
      .map((word) => word.toString(36))
      .join('')
      .slice(0, RANDOM_LENGTH)
    const key = `${Math.floor(nowMs / HOUR_MS).toString(36)}.${random}`
    return { key, cookie: `sluice_id=${ids.signed(key, nowMs)}` }
  }
}
