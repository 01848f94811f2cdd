/**
 * Attributes: plain values by name that rules ask for. A context looks them up: the gate's from a request (request-
 * context.ts), an OpenFeature client's from JSON (staticContext).
 */

import { ownOf } from '../json-object.ts'

export type Scalar = string | number | boolean
/** A list (such as a token's roles) satisfies a condition when any element does. */
export type AttributeValue = Scalar | readonly Scalar[]

/**
 * What the gate knows of a targeting key. `proven`: it comes from a verified token, or the gate has signed it.
 * `unproven`: the visitor could have made it up. `excluded`: nothing that happens to this visitor may be compared.
 */
export type KeyStanding = 'proven' | 'unproven' | 'excluded'

export interface EvaluationContext {
  /** The stable id that percentages and weights hash; undefined for an unknown visitor. */
  targetingKey(): string | undefined
  /** The value of an attribute, or undefined when it is missing. */
  attribute(name: string): AttributeValue | undefined
  /** The position for a salt, for visitors whose position is known but not their id. */
  position?(salt: string): number | undefined
  /** What is known of the targeting key; of a context that doesn't say nothing is against a comparison. */
  keyStanding?(): KeyStanding
  /** A random number in [0, 1), for rules that place a visitor anew each time. */
  random?(): number
}

/** Attributes that need no configuration, with their line on the reference page. */
export const BUILT_IN_ATTRIBUTES: Readonly<Record<string, string>> = {
  targetingKey: 'the id that percentages hash, from `context.targetingKey` or the `sluice_id` cookie',
  country: 'two-letter country code (ISO 3166-1 in capitals, so `GB`; `T1` for Tor), from request.cf',
  eu: 'true for a country in the European Union, from request.cf',
  continent: 'two-letter continent code, from request.cf',
  region: 'name of the region, from request.cf',
  regionCode: 'ISO 3166-2 code of the region, from request.cf',
  city: 'name of the city, from request.cf',
  colo: 'three-letter code of the Cloudflare data centre, from request.cf',
  asn: 'number of the autonomous system, from request.cf',
  timezone: 'IANA name of the timezone, from request.cf',
  device: '`desktop`, `mobile`, `tablet` or `tv`, from client hints and the user agent',
  os: 'for example `Windows`, `macOS`, `iOS`, `Android`, `Linux`',
  browser: 'for example `Chrome`, `Safari`, `Firefox`, `Microsoft Edge`',
  model: 'for example `Pixel 8`, from the client hint Sec-CH-UA-Model: Chromium on phones only',
  bot: 'true for a known crawler',
  ip: 'address of the visitor, from CF-Connecting-IP',
  remoteAddress: 'the same, as Unleash calls it',
  userId: 'the id from `context.targetingKey`; missing for visitors whom only the `sluice_id` cookie knows',
  path: 'path of the URL',
  host: 'host of the URL, with its port where it has one',
  method: 'HTTP method',
  language: 'the language that Accept-Language prefers',
  now: 'time of the request',
}

/** Families of named attributes: `header.x-plan`, `cookie.beta`, `query.preview`. */
export const ATTRIBUTE_FAMILIES = ['header', 'cookie', 'query'] as const

/**
 * A context from plain data.
 *
 * @example staticContext('user-1', { country: 'RO', roles: ['admin'] })
 */
export function staticContext(
  targetingKey: string | undefined,
  attributes: Readonly<Record<string, AttributeValue | undefined>>,
): EvaluationContext {
  return {
    targetingKey: () => targetingKey,
    attribute: (name) => (name === 'targetingKey' ? targetingKey : ownOf(attributes, name)),
  }
}
