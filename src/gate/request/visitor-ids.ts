/**
 * The ids that the gate gives to visitors who bring no other: `<born>.<random>.<signed>.<mac>`.
 *
 * `born` and `signed` are hours since 1970 to the base 36, `random` has 96 bits, `mac` is SipHash-2-4 of what stands before
 * it, by a key that never leaves the gate. So ids can be collected, one visit each, but not computed: who wants
 * three of one variant can't pick them by their position.
 *
 * A visitor's place in a split hangs on `<born>.<random>` alone. An id that comes back after a month is signed anew, with
 * a later `signed`, and so keeps its place for as long as the visitor keeps coming; one that has not been signed for 400
 * days, the longest time that browsers keep a cookie, is no id any more. Origins see the part that makes the place, never
 * the whole: they can't make an id either.
 */
import { type SipKey, sipHash, sipKeyOf } from '../../core/context/siphash.ts'
import { keysOf, type PurposeKeys, type SigningKeys, signingKeysOf } from '../../platform/keys.ts'

const HOUR_MS = 3_600_000
const DAY_HOURS = 24
/** Ids live so long after they were signed. */
export const LIFE_DAYS = 400
const RENEWED_AFTER_DAYS = 30
/** Clocks of two data centres differ by less; hours end in between. */
const SKEW_HOURS = 1
const RANDOM_BYTES = 12
const SHAPE = /^(([0-9a-z]{4,6})\.[\w-]{16})\.([0-9a-z]{4,6})\.[0-9a-f]{16}$/
const LONGEST = 46
/** Memory: some hundred bytes each. */
const MOST_KNOWN = 10_000

/** An id whose signature was right, at whatever time. */
type Signed = { key: string; bornHour: number; signedHour: number; isByPresentKey: boolean }

/** An id as it counts now; `cookie` is set where the visitor should get it again. */
export type VisitorId = { key: string; bornMs: number; cookie: string | undefined }

export class VisitorIds {
  readonly #keys: readonly SipKey[]
  /** A visitor sends the same id with each request. */
  readonly #known = new Map<string, Signed>()

  /** `keys`: the present one first; what another has signed counts as well. */
  constructor(keys: readonly SipKey[]) {
    this.#keys = keys
  }

  /** A new id, with its cookie. */
  issue(nowMs: number): VisitorId {
    const bornHour = hourOf(nowMs)
    const key = `${bornHour.toString(36)}.${randomText()}`
    return { key, bornMs: bornHour * HOUR_MS, cookie: this.signed(key, nowMs) }
  }

  /** The id of a cookie; undefined for one that is not this gate's, or not of its time. */
  read(cookie: string, nowMs: number): VisitorId | undefined {
    const signed = this.#known.get(cookie) ?? this.#verify(cookie)
    if (signed === undefined) return undefined
    const nowHour = hourOf(nowMs)
    const ageHours = nowHour - signed.signedHour
    const isOfItsTime = ageHours <= LIFE_DAYS * DAY_HOURS && ageHours >= -SKEW_HOURS
    if (!isOfItsTime || signed.bornHour > signed.signedHour) return undefined
    const isFresh = signed.isByPresentKey && ageHours < RENEWED_AFTER_DAYS * DAY_HOURS
    const { key, bornHour } = signed
    return { key, bornMs: bornHour * HOUR_MS, cookie: isFresh ? undefined : this.signed(key, nowMs) }
  }

  /** The cookie of a place, signed now. */
  signed(key: string, nowMs: number): string {
    const text = `${key}.${hourOf(nowMs).toString(36)}`
    return `${text}.${sipHash(this.#keys[0] as SipKey, text)}`
  }

  #verify(cookie: string): Signed | undefined {
    const [, key, born, hour] = shapeOf(cookie) ?? []
    if (key === undefined || born === undefined || hour === undefined) return undefined
    const at = cookie.lastIndexOf('.')
    const [text, mac] = [cookie.slice(0, at), cookie.slice(at + 1)]
    const signer = this.#keys.findIndex((each) => sipHash(each, text) === mac)
    if (signer < 0) return undefined
    const signed = {
      key,
      bornHour: Number.parseInt(born, 36),
      signedHour: Number.parseInt(hour, 36),
      isByPresentKey: signer === 0,
    }
    if (this.#known.size >= MOST_KNOWN) this.#known.clear()
    this.#known.set(cookie, signed)
    return signed
  }
}

/** The part of an id that makes the visitor's place, signed or not; undefined for what has another form. */
export function placeOf(cookie: string): string | undefined {
  return shapeOf(cookie)?.[1]
}

function shapeOf(cookie: string): RegExpExecArray | null {
  return cookie.length > LONGEST ? null : SHAPE.exec(cookie)
}

let latest: { of: SigningKeys; ids: VisitorIds } | undefined

/**
 * What signs and reads the ids of a gate; undefined where it has no signing key. A promise only for the first request of
 * an isolate, until its keys are derived.
 */
export function visitorIdsOf(env: SigningKeys): VisitorIds | undefined | Promise<VisitorIds> {
  if (!env.SIGNING_KEY) return undefined
  const isKnown =
    latest?.of.SIGNING_KEY === env.SIGNING_KEY && latest.of.SIGNING_KEY_PREVIOUS === env.SIGNING_KEY_PREVIOUS
  return isKnown ? latest?.ids : makeIds(env)
}

async function makeIds({ SIGNING_KEY, SIGNING_KEY_PREVIOUS }: SigningKeys): Promise<VisitorIds> {
  const of = { SIGNING_KEY, SIGNING_KEY_PREVIOUS }
  const keys = await Promise.all(signingKeysOf(of).map(async (each) => sipKeyIn(await keysOf(each))))
  const ids = new VisitorIds(keys)
  latest = { of, ids }
  return ids
}

/** The first half of the 256 bits of the key for identities. */
function sipKeyIn({ identity }: PurposeKeys): SipKey {
  const text = identity.slice(identity.indexOf('-', 'sluice-'.length) + 1)
  const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return sipKeyOf(Uint8Array.from(bytes, (character) => character.charCodeAt(0)).slice(0, 16))
}

function hourOf(ms: number): number {
  return Math.floor(ms / HOUR_MS)
}

function randomText(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES))
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
}
