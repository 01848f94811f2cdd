/** An address with no other in it; nearly all are such. */
const PLAIN = /^https?:\/\/(?!.*:\/\/)[\w.:[\]-]+(?=[/?]|$)/

/** A request with its URL, read once: asking the runtime for it costs as much as asking for a header. */
type WebRequest = { request: Request; url: string }

/**
 * A request whose URL is one of the web; undefined where it isn't at the host that the request was sent to. The runtime
 * takes X-Forwarded-Proto for the URL's protocol as it is, whatever a proxy in front has let through, be it another URL.
 * Where each of several proxies has added its word, the first tells what the visitor spoke.
 */
export function withWebProtocol(request: Request): WebRequest | undefined {
  const { url } = request
  if (PLAIN.test(url)) return { request, url }
  const end = url.indexOf('://')
  const [protocol, place] = [url.slice(0, end), url.slice(end + 3)]
  const host = request.headers.get('host') ?? ''
  const isThere = place.slice(0, host.length).toLowerCase() === host.toLowerCase()
  if (host !== '' && !(isThere && /^[/?#*]?$/.test(place.charAt(host.length)))) return undefined
  // OPTIONS *: the server as a whole, as far as a Worker can tell.
  const isServer = host !== '' && place.slice(host.length) === '*'
  if (!isServer && (protocol === 'http' || protocol === 'https')) return { request, url }
  const proper = `${/^\W*https\b/i.test(protocol) ? 'https' : 'http'}://${isServer ? `${host}/` : place}`
  const spoken = new Request(proper, request)
  return { request: spoken, url: spoken.url }
}
