/**
 * A key set by which tokens are verified: those of visitors, at the address that the document gives, or those of Cloudflare
 * Access. Its owner's trouble must not become the visitors': one fetch at a time, whatever number of tokens wait for it; keys that were good go on
 * counting while new ones are fetched in the background; and after a failure no token waits for the next attempt.
 */
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { JWKSNoMatchingKey } from 'jose/errors'
import { noteInternalError } from '../../platform/internal-errors.ts'

const FETCH_TIMEOUT_MS = 2_000
/** Keys are fetched again after this. */
const FRESH_MS = 600_000
/** A token may name a key that is newer than the set; the set is fetched for such tokens no more often than this. */
const UNKNOWN_KEY_EVERY_MS = 30_000
const RETRY_AFTER_MS = 10_000
/** How often a token that waits for the fetch of another request looks. */
const POLL_MS = 10

/** Keeps work going after the response. */
export type WaitUntil = (work: Promise<unknown>) => void

/** There is no key set; why is noted already. */
export class KeysUnavailable extends Error {}

export class KeySet {
  readonly #url: string
  readonly #place: string
  #keys: JWTVerifyGetKey | undefined
  #fetchedMs = Number.NEGATIVE_INFINITY
  #triedMs = Number.NEGATIVE_INFINITY
  #hasFailed = false
  /** When the fetch under way began. */
  #fetchingMs: number | undefined

  /** `place`: what failed fetches are noted under, as internal errors. */
  constructor(url: string, place: string) {
    this.#url = url
    this.#place = place
  }

  /**
   * The key of a token.
   *
   * @throws JWKSNoMatchingKey where the set has none; KeysUnavailable where there never was a set
   */
  async find(
    token: Parameters<JWTVerifyGetKey>,
    waitUntil: WaitUntil | undefined,
  ): Promise<Awaited<ReturnType<JWTVerifyGetKey>>> {
    const isFirst = this.#keys === undefined && !this.#hasFailed
    if (isFirst || (this.#ageMs >= FRESH_MS && this.#mayTry(RETRY_AFTER_MS))) {
      const refresh = this.#refreshed(waitUntil)
      if (isFirst || waitUntil === undefined) await refresh
    }
    try {
      return await this.#keyOf(token)
    } catch (error) {
      if (!(error instanceof JWKSNoMatchingKey) || !this.#mayTry(UNKNOWN_KEY_EVERY_MS)) throw error
      await this.#refreshed(waitUntil)
      return await this.#keyOf(token)
    }
  }

  async #keyOf(token: Parameters<JWTVerifyGetKey>) {
    if (this.#keys === undefined) throw new KeysUnavailable(this.#url)
    return await this.#keys(...token)
  }

  get #ageMs(): number {
    return Date.now() - this.#fetchedMs
  }

  #mayTry(everyMs: number): boolean {
    return Math.abs(Date.now() - this.#triedMs) >= everyMs
  }

  /** Settles once a fetch has ended, this request's or another's; never throws. */
  #refreshed(waitUntil: WaitUntil | undefined): Promise<void> {
    const refresh = this.#refresh()
    // Also where it is awaited: a visitor who leaves must not take the fetch along for which others wait.
    waitUntil?.(refresh)
    return refresh
  }

  async #refresh(): Promise<void> {
    const isUnderWay = () =>
      this.#fetchingMs !== undefined && Math.abs(Date.now() - this.#fetchingMs) < FETCH_TIMEOUT_MS
    if (!isUnderWay()) return await this.#fetch()
    // Hazard: a promise of another request never settles once its client disconnects, so this polls.
    const untilMs = Date.now() + FETCH_TIMEOUT_MS
    while (isUnderWay() && Date.now() < untilMs) await scheduler.wait(POLL_MS)
  }

  async #fetch(): Promise<void> {
    this.#fetchingMs = Date.now()
    this.#triedMs = this.#fetchingMs
    try {
      const headers = { accept: 'application/json, application/jwk-set+json' }
      const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS)
      const response = await fetch(this.#url, { headers, signal, redirect: 'manual' })
      if (response.status !== 200) throw new Error(`The key set answered ${response.status}`)
      this.#keys = createLocalJWKSet((await response.json()) as JSONWebKeySet)
      this.#fetchedMs = Date.now()
      this.#hasFailed = false
    } catch (error) {
      this.#hasFailed = true
      noteInternalError(this.#place, error)
    } finally {
      this.#fetchingMs = undefined
    }
  }
}
