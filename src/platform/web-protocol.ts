const WEB_PROTOCOL = /^https?:\/\//

/**
 * A request whose URL is one of the web. The runtime takes X-Forwarded-Proto for the URL's protocol as it is, whatever a
 * proxy in front has put there. Where each of several proxies has added its word, the first tells what the visitor spoke.
 */
export function withWebProtocol(request: Request): Request {
  const { url } = request
  if (WEB_PROTOCOL.test(url)) return request
  const protocol = /^\W*https\b/i.test(url) ? 'https' : 'http'
  return new Request(protocol + url.slice(url.indexOf('://')), request)
}
