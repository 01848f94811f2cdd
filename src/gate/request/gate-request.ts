import type { AttributeValue } from '../../core/context/attributes.ts'
import { cookieIn } from '../../core/context/cookie.ts'
import type { RequestFacts } from '../../core/context/request-context.ts'
import { type Env, isDevelopment, secretNamed } from '../../platform/env.ts'
import { type Claims, claimAt } from './claims.ts'
import { HeaderList } from './header-list.ts'
import { networkOf } from './network.ts'
import { type Address, addressOf } from './url-parts.ts'
import { isOnCloudflare, type VisitorAddress, visitorAddress } from './visitor-address.ts'

const DEBUG_CF_HEADER = 'sluice-debug-cf'

/** What the gate knows about one request. Everything that costs is done when it is first asked for. */
export class GateRequest implements RequestFacts {
  readonly raw: Request
  readonly nowMs: number
  readonly method: string
  readonly address: Address
  readonly #env: Env
  #headers: HeaderList | undefined
  #cf: Readonly<Record<string, unknown>> | undefined
  #claims: Claims | undefined
  #url: URL | undefined
  #hasBody: boolean | undefined
  #from: VisitorAddress | undefined
  /** Proxies of the operator's before a gate off Cloudflare; none until the document is known. */
  trustedProxies = 0
  /** Whether the answer may be changed on its way, so that it is asked for in full and uncompressed. */
  isRewritten = false
  /** Whether no part of a file goes to this visitor: the next part could come from another version. */
  isWhole = false
  #network: number | undefined

  constructor(raw: Request, env: Env, nowMs: number, url: string = raw.url) {
    this.raw = raw
    this.address = addressOf(url)
    this.nowMs = nowMs
    this.method = raw.method
    this.#env = env
  }

  get host(): string {
    return this.address.host
  }

  get path(): string {
    return this.address.path
  }

  get url(): URL {
    this.#url ??= new URL(this.raw.url)
    return this.#url
  }

  get headers(): HeaderList {
    this.#headers ??= new HeaderList(this.raw.headers)
    return this.#headers
  }

  /** Whether it asks for what there is. */
  get isRead(): boolean {
    return this.method === 'GET' || this.method === 'HEAD'
  }

  /** Whether the request brings a body. */
  get hasBody(): boolean {
    this.#hasBody ??= this.raw.body !== null
    return this.#hasBody
  }

  header(name: string): string | undefined {
    return this.headers.get(name)
  }

  cookie(name: string, accepts?: (value: string) => boolean): string | undefined {
    const header = this.header('cookie')
    return header === undefined ? undefined : cookieIn(header, name, accepts)
  }

  query(name: string): string | undefined {
    return this.url.searchParams.get(name) ?? undefined
  }

  cf(field: string): unknown {
    this.#cf ??= cfOf(this.raw, this.#env)
    return this.#cf[field]
  }

  /** Whether the gate signs operators in with Cloudflare Access. */
  get isBehindAccess(): boolean {
    return this.#env.ACCESS_AUDIENCE !== undefined
  }

  /** Whether Cloudflare's edge has sent it, as opposed to a gate elsewhere. */
  get isOnCloudflare(): boolean {
    return isOnCloudflare(this) && !isDevelopment(this.#env)
  }

  /** A secret of the Worker. */
  secret(name: string): string | undefined {
    return secretNamed(this.#env, name)
  }

  /** A binding of the Worker that sends requests. */
  fetcher(name: string): Fetcher | undefined {
    const found = (this.#env as unknown as Record<string, Partial<Fetcher> | undefined>)[name]
    return typeof found?.fetch === 'function' ? (found as Fetcher) : undefined
  }

  /** Name of the data centre, which is also the name of the Counters shard. */
  get colo(): string {
    const colo = this.cf('colo')
    return typeof colo === 'string' && colo !== '' ? colo : 'local'
  }

  /** The address that the request comes from; asked once the document is known. */
  get from(): VisitorAddress {
    this.#from ??= visitorAddress(this, this.#env, this.trustedProxies)
    return this.#from
  }

  ip(): string | undefined {
    return this.from.ip
  }

  /** The network that the request comes from, as far as evidence is concerned. */
  get network(): number {
    this.#network ??= networkOf(this.ip(), this.#env, this.#asn())
    return this.#network
  }

  /** What Cloudflare knows costs as much to read as a dozen headers; without an address it says nothing of the network. */
  #asn(): unknown {
    return this.ip() !== undefined && this.isOnCloudflare ? this.cf('asn') : undefined
  }

  claim(path: string): AttributeValue | undefined {
    return this.#claims && claimAt(this.#claims, path)
  }

  /** Sets the claims of the verified token; until then there are none. */
  accept(claims: Claims | undefined): void {
    this.#claims = claims
  }
}

/**
 * Characters that would end the host in a URL, so that what follows them would pass for a path, a query or another host; and those
 * that a URL parser makes others of, so that two spellings would be one host.
 */
const NO_HOST = /[/?#@\\%]|[^\x21-\x7e]/

/** What the gate knows about a request; undefined without a valid host, which is the visitor's mistake. */
export function gateRequestOf(raw: Request, env: Env, url?: string): GateRequest | undefined {
  try {
    const request = new GateRequest(raw, env, Date.now(), url)
    return NO_HOST.test(request.header('host') ?? '') ? undefined : request
  } catch {
    return undefined
  }
}

/** request.cf; in development a header can replace single fields, to try out geography. */
function cfOf(request: Request, env: Env): Readonly<Record<string, unknown>> {
  const real = (request.cf ?? {}) as Readonly<Record<string, unknown>>
  if (!isDevelopment(env)) return real
  const replacement = request.headers.get(DEBUG_CF_HEADER)
  if (replacement === null) return real
  try {
    const fields: unknown = JSON.parse(replacement)
    if (typeof fields !== 'object' || fields === null) return real
    // Another country is in the European Union, or not, by itself.
    return 'country' in fields ? { ...real, isEUCountry: undefined, ...fields } : { ...real, ...fields }
  } catch {
    // A debug header that isn't JSON is ignored, as is every debug header in production.
    return real
  }
}
