/** What shadow traffic compares: two answers to one request, field by field. */

/** An origin's answer, as far as it is compared. */
export type ShadowAnswer = {
  status: number
  /** Lower-case names; `set-cookie` as often as it was sent. */
  headers: readonly (readonly [name: string, value: string])[]
  body: ShadowBody
}

/** A text, or what is known of a body that is none, or is too long to be read. */
export type ShadowBody = { kind: 'text'; text: string } | { kind: 'bytes'; bytes: number; hash: string }

/** No answer came: why. */
export type Unanswered = { failure: 'timeout' | 'connect' }

/**
 * Names of parts of an answer, each with its values. A part that can be there several times (the prices in a list) has
 * several values, sorted: their order is a field by itself.
 */
export type Fields = ReadonlyMap<string, readonly string[]>

/** How the bodies of a route are read. */
export type ReadingRules = {
  /** Hosts and origins that stand for this site, such as both origins' own: they read as the site's. */
  hosts: readonly string[]
  /** By the path of an array: the property by which its items are matched, such as `{ "$.items": "id" }`. */
  keys?: Readonly<Record<string, string>>
}

/** Fields of one answer that are told apart; what is beyond shares one. */
export const MOST_FIELDS = 64
/** The field of what is beyond. */
export const OTHER_FIELDS = '(other fields)'
