/**
 * Where a request goes. Reading the parts of a URL object costs as much as reading all headers, so an ordinary address
 * is read off its text; a URL object is parsed only where a parser might change anything.
 */
import { remembered } from '../../core/remembered.ts'

export type Address = {
  /** With the port, where it isn't the protocol's own. */
  host: string
  /** `http` or `https`. */
  protocol: string
  /** Both of them: `https://www.example.com`. */
  site: string
  path: string
  /** Path and query, byte for byte. */
  tail: string
}

type Site = Pick<Address, 'host' | 'protocol' | 'site'>

/** What a URL parser leaves unchanged: no dot segments, nothing that it would encode. */
const PLAIN_TAIL = /^(?:\/(?![.])(?:[\w~!$&()*+,;=:@.-]|%(?!2e))*)+(?:\?[\w~!$&()*+,;=:@./?%-]*)?$/i
const PLAIN_SITE = /^https?:\/\/[\w.:[\]-]+$/

/** The parts of an absolute URL. Throws where it is not one. */
export function addressOf(text: string): Address {
  const start = text.indexOf('/', text.indexOf('//') + 2)
  const tail = text.slice(start)
  const site = start > 0 && PLAIN_TAIL.test(tail) ? siteOf(text.slice(0, start)) : undefined
  if (site === undefined) return parsedAddress(new URL(text))
  const query = tail.indexOf('?')
  return { ...site, path: query === -1 ? tail : tail.slice(0, query), tail }
}

/** The parts of what may be an absolute URL; undefined for what is none. */
export function addressIn(text: string | undefined): Address | undefined {
  try {
    return text === undefined ? undefined : addressOf(text)
  } catch {
    return undefined
  }
}

/** Undefined where the text may be more than a site. */
const siteOf = remembered((text): Site | undefined => {
  if (!PLAIN_SITE.test(text)) return undefined
  const { host, protocol, site } = parsedAddress(new URL(text))
  return { host, protocol, site }
})

function parsedAddress(url: URL): Address {
  // Not `url.search`: that would lose a question mark with nothing behind it.
  const [whole = ''] = url.href.split('#')
  const tail = whole.slice(whole.indexOf('/', url.protocol.length + 2))
  const { host, origin: site, pathname: path } = url
  return { host, protocol: url.protocol.slice(0, -1), site, path, tail }
}
