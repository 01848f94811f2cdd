/** A visitor's browser, as far as hosts, cookies, forms and redirects are concerned. */
import { type RawResponse, raw } from '../harness/raw.ts'

type Cookie = { value: string; path: string }

export class UserAgent {
  readonly site: string
  readonly headers: Readonly<Record<string, string>>
  readonly #cookies = new Map<string, Cookie>()
  /** The page that is shown. */
  page: string
  /** Cookies that the browser refused, as they are for another host. */
  readonly refused: string[] = []

  constructor(site: string, headers: Readonly<Record<string, string>> = {}) {
    this.site = site
    this.headers = headers
    this.page = `${site}/`
  }

  /** Names of the cookies of the app. */
  get cookies(): string[] {
    return [...this.#cookies.keys()].filter((name) => !name.startsWith('sluice_')).sort()
  }

  /** Types an address in, or follows a link. */
  open(path: string): Promise<RawResponse> {
    return this.#navigate(new URL(path, this.page).href, 'GET', undefined)
  }

  /** Submits a form of the page that is shown. */
  submit(path: string, fields: Readonly<Record<string, string>>): Promise<RawResponse> {
    return this.#navigate(new URL(path, this.page).href, 'POST', new URLSearchParams(fields).toString())
  }

  async #navigate(address: string, method: string, body: string | undefined): Promise<RawResponse> {
    const from = this.page
    let [at, how, sent] = [address, method, body]
    for (let hop = 0; hop < 10; hop++) {
      const answer = await this.#ask(at, how, sent, from)
      const location = answer.headers.get('location')
      if (location === null) {
        this.page = at
        return answer
      }
      at = new URL(location, at).href
      if (new URL(at).origin !== this.site) throw new Error(`${address} leads out of the gate, to ${at}`)
      if (answer.status === 303 || how === 'POST') [how, sent] = ['GET', undefined]
    }
    throw new Error(`${address} redirects for ever`)
  }

  async #ask(at: string, method: string, body: string | undefined, from: string): Promise<RawResponse> {
    const { pathname } = new URL(at)
    const cookie = [...this.#cookies]
      .filter(([, { path }]) => pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`)
    const answer = await raw(at, {
      method,
      headers: {
        ...this.headers,
        accept: 'text/html',
        'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
        'sec-fetch-site': from.startsWith(`${this.site}/`) ? 'same-origin' : 'cross-site',
        referer: from,
        ...(cookie.length > 0 && { cookie: cookie.join('; ') }),
        ...(body !== undefined && {
          origin: new URL(from).origin,
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': `${body.length}`,
        }),
      },
      ...(body !== undefined && { body }),
    })
    for (const field of answer.headers.getSetCookie()) this.#keep(field)
    return answer
  }

  /** RFC 6265, 5.3: a cookie for a host that is not above the site's is refused. */
  #keep(field: string): void {
    const [pair = '', ...attributes] = field.split(/;\s*/)
    const of = (name: string) =>
      attributes.find((each) => each.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1)
    const domain = of('domain')?.replace(/^\./, '')
    const { hostname } = new URL(this.site)
    if (domain !== undefined && hostname !== domain && !hostname.endsWith(`.${domain}`)) {
      this.refused.push(field)
      return
    }
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    if (of('max-age') === '0') this.#cookies.delete(name)
    else this.#cookies.set(name, { value, path: of('path') ?? '/' })
  }
}
