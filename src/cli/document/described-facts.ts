/** A request that the options describe, as the gate would see it. */
import type { Visitor } from '../../contract/requests.ts'
import type { AttributeValue } from '../../core/context/attributes.ts'
import { cookieIn } from '../../core/context/cookie.ts'
import type { RequestFacts } from '../../core/context/request-context.ts'

export type DescribedRequest = NonNullable<Visitor['request']>

export class DescribedFacts implements RequestFacts {
  readonly nowMs: number
  readonly method: string
  readonly host: string
  readonly path: string
  readonly #url: URL
  readonly #headers: Headers
  readonly #request: DescribedRequest

  /** Throws where URL or headers are not valid. */
  constructor(request: DescribedRequest, nowMs: number) {
    this.#request = request
    this.#url = new URL(request.url)
    this.#headers = new Headers(request.headers)
    this.nowMs = nowMs
    this.method = request.method
    this.host = this.#url.host
    this.path = this.#url.pathname
  }

  header(name: string): string | undefined {
    return this.#headers.get(name) ?? undefined
  }

  cookie(name: string): string | undefined {
    return cookieIn(this.#headers.get('cookie') ?? '', name)
  }

  query(name: string): string | undefined {
    return this.#url.searchParams.get(name) ?? undefined
  }

  cf(field: string): unknown {
    return this.#request.cf[field]
  }

  claim(path: string): AttributeValue | undefined {
    // Options give texts only.
    return Object.hasOwn(this.#request.claims, path) ? String(this.#request.claims[path]) : undefined
  }

  ip(): string | undefined {
    return this.header('cf-connecting-ip')
  }
}
