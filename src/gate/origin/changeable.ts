/** Copies of answers, whose headers can be changed. */

/** The runtime refuses to make a response with a status beyond this one. */
export const HIGHEST_STATUS = 599

/** The response, with headers that can be changed. */
export function changeable(response: Response, body: ReadableStream | null = response.body): Response {
  return new Response(body, response)
}

/** What the runtime decodes, in the spelling that it takes. */
const DECODED: ReadonlySet<string | null> = new Set(['gzip', 'br'])

/**
 * A page without its compression, if the runtime knows that. It goes on uncompressed: compressing it again would hold a
 * streamed page back to its end. Cloudflare compresses what it sends to visitors.
 */
export function decoded(response: Response): Response {
  const { status, headers } = response
  if (!DECODED.has(headers.get('content-encoding')) || status === 206 || status > HIGHEST_STATUS)
    return response
  const copy = changeable(response)
  copy.headers.delete('content-encoding')
  copy.headers.delete('content-length')
  return copy
}
