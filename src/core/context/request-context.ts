import { remembered } from '../remembered.ts'
import type { AttributeValue, EvaluationContext, KeyStanding } from './attributes.ts'
import { type Device, describeDevice } from './device.ts'
import type { IdentitySettings, Source } from './identity.ts'

/** Facts of a request. Each method does its work when called. */
export interface RequestFacts {
  readonly nowMs: number
  readonly method: string
  readonly host: string
  readonly path: string
  /** A request header, by its name in lower case. */
  header(name: string): string | undefined
  cookie(name: string): string | undefined
  query(name: string): string | undefined
  /** A field of request.cf. */
  cf(field: string): unknown
  /** A claim of the verified token, by dotted path; undefined without a valid token. */
  claim(path: string): AttributeValue | undefined
  ip(): string | undefined
}

/** A visitor whom no configured source identifies. */
export type AnonymousVisitor = {
  /** Their id; issued at the first call where they have none. Undefined for one who gets none. */
  key(): string | undefined
  /** The id that they bring, if it counts. */
  broughtKey(): string | undefined
  keyStanding(): KeyStanding
}

/** A visitor without an id, who has no place in any split. */
export const NO_VISITOR: AnonymousVisitor = {
  key: () => undefined,
  broughtKey: () => undefined,
  keyStanding: () => 'excluded',
}

/** An anonymous visitor with this id, for where none is issued: explanations, tests. */
export function anonymousAs(key: string): AnonymousVisitor {
  return { key: () => key, broughtKey: () => key, keyStanding: () => 'unproven' }
}

/** Fields of request.cf that are attributes of the same name. */
const CF_ATTRIBUTES: ReadonlySet<string> = new Set([
  'country',
  'continent',
  'region',
  'regionCode',
  'city',
  'colo',
  'asn',
  'timezone',
])

const MEMBER_STATES =
  'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' ')

/** Browsers that have it send it to sites that ask for it. */
export const MODEL_HINT = 'sec-ch-ua-model'

/**
 * A cookie's limit. Longer ids are cut, since origins get them in a header. Tokens all begin alike, so a shorter
 * limit would give many visitors one position.
 */
const LONGEST_TARGETING_KEY = 4_096

/**
 * The lazy evaluation context of a request: a document that never asks for the browser never pays for parsing the
 * user agent.
 */
export class RequestContext implements EvaluationContext {
  readonly #facts: RequestFacts
  readonly #identity: IdentitySettings
  readonly #anonymous: AnonymousVisitor
  readonly random: () => number
  #targetingKey: string | undefined
  #isKeyKnown = false
  /** Undefined for the key of an anonymous visitor. */
  #keySource: Source | undefined
  #device: Device | undefined

  constructor(
    facts: RequestFacts,
    identity: IdentitySettings,
    anonymous: AnonymousVisitor,
    random: () => number,
  ) {
    this.#facts = facts
    this.#identity = identity
    this.#anonymous = anonymous
    this.random = random
  }

  targetingKey(): string | undefined {
    if (!this.#isKeyKnown) {
      this.#targetingKey = this.#findKey()
      this.#isKeyKnown = true
    }
    return this.#targetingKey
  }

  #findKey(): string | undefined {
    const first = this.#identity.keepsFirst ? this.#anonymous.broughtKey() : undefined
    return first ?? this.#configuredKey() ?? this.#anonymous.key()
  }

  keyStanding(): KeyStanding {
    this.targetingKey()
    if (this.#keySource === undefined) return this.#anonymous.keyStanding()
    return this.#keySource.kind === 'jwt' ? 'proven' : 'unproven'
  }

  attribute(name: string): AttributeValue | undefined {
    const configured = this.#identity.attributes.get(name)
    if (configured) return this.#firstOf(configured)
    if (CF_ATTRIBUTES.has(name)) return scalar(this.#facts.cf(name))
    switch (name) {
      case 'targetingKey':
        return this.targetingKey()
      case 'eu':
        return this.#isInEu()
      case 'model':
        return modelIn(this.#facts.header(MODEL_HINT))
      case 'device':
      case 'os':
      case 'browser':
      case 'bot':
        return this.#describeDevice()[name]
      case 'userId':
        return this.#configured()?.key
      case 'ip':
      case 'remoteAddress':
        return this.#facts.ip()
      case 'path':
        return this.#facts.path
      case 'host':
        return this.#facts.host
      case 'method':
        return this.#facts.method
      case 'language':
        return preferredLanguage(this.#facts.header('accept-language'))
      case 'now':
        return this.#facts.nowMs
      default:
        return this.#family(name)
    }
  }

  #family(name: string): string | undefined {
    if (name.startsWith('header.')) return this.#facts.header(headerIn(name))
    if (name.startsWith('cookie.')) return this.#facts.cookie(name.slice(7))
    if (name.startsWith('query.')) return this.#facts.query(name.slice(6))
    return undefined
  }

  #configuredKey(): string | undefined {
    const found = this.#configured()
    this.#keySource = found?.source
    return found?.key
  }

  #configured(): { key: string; source: Source } | undefined {
    for (const source of this.#identity.targetingKey) {
      const value = this.#read(source)
      if (value === undefined || value === '') continue
      if (typeof value === 'object') return undefined
      return { key: String(value).slice(0, LONGEST_TARGETING_KEY), source }
    }
    return undefined
  }

  #firstOf(sources: readonly Source[]): AttributeValue | undefined {
    for (const source of sources) {
      const value = this.#read(source)
      if (value !== undefined && value !== '') return value
    }
    return undefined
  }

  #read(source: Source): AttributeValue | undefined {
    switch (source.kind) {
      case 'header':
        return this.#facts.header(source.name)
      case 'cookie':
        return this.#facts.cookie(source.name)
      case 'query':
        return this.#facts.query(source.name)
      case 'jwt':
        return this.#facts.claim(source.name)
    }
  }

  /** What Cloudflare says; of a country alone, whether it is a member state. */
  #isInEu(): boolean | undefined {
    if (this.#facts.cf('isEUCountry') === '1') return true
    const country = this.#facts.cf('country')
    return typeof country === 'string' ? MEMBER_STATES.includes(country) : undefined
  }

  #describeDevice(): Device {
    this.#device ??= describeDevice({
      userAgent: this.#facts.header('user-agent'),
      mobile: this.#facts.header('sec-ch-ua-mobile'),
      platform: this.#facts.header('sec-ch-ua-platform'),
    })
    return this.#device
  }
}

/** The header of an attribute, in lower case. A document asks for the same few in each request. */
const headerIn = remembered((attribute) => attribute.slice('header.'.length).toLowerCase())

/** The text of a structured field; desktops say that they have no model. */
function modelIn(header: string | undefined): string | undefined {
  const [, text] = /^\s*"((?:[^"\\]|\\.)*)"/.exec(header ?? '') ?? []
  return text?.replace(/\\(.)/g, '$1') || undefined
}

function scalar(value: unknown): AttributeValue | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : undefined
}

/** The language of an Accept-Language header with the highest weight (RFC 9110, 12.5.4); the first on a tie. */
function preferredLanguage(header: string | undefined): string | undefined {
  let best: string | undefined
  let bestWeight = 0
  for (const part of (header ?? '').split(',')) {
    const [tag = '', ...parameters] = part.split(';').map((piece) => piece.trim())
    const quality = parameters.find((parameter) => /^q=/i.test(parameter))
    const weight = quality === undefined ? 1 : Number(quality.slice(2))
    if (tag !== '' && tag !== '*' && weight > bestWeight) {
      best = tag
      bestWeight = weight
    }
  }
  return best
}
