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

/** Error pages are smaller. */
const LARGEST_READ_BYTES = 65_536
/** A body that has not come by then is lost: the status can be told without it. */
const READ_WITHIN_MS = 3_000

/**
 * A redirect or an error whose body has come; without its body where that is lost. An origin that says no to an upload may
 * close the connection with the upload unread. As soon as the runtime then writes on, it drops what it has not read
 * of the answer: the visitor would get no answer at all, as the runtime sends no head without a body.
 */
export async function readAhead(response: Response): Promise<Response> {
  const { body, status, headers } = response
  const lengthBytes = Number(headers.get('content-length') ?? Number.NaN)
  if (body === null || status > HIGHEST_STATUS || !(lengthBytes <= LARGEST_READ_BYTES)) return response
  const { promise: isLate, resolve } = Promise.withResolvers<null>()
  setTimeout(resolve, READ_WITHIN_MS, null)
  const bytes = await Promise.race([response.arrayBuffer().catch(() => null), isLate])
  const copy = new Response(bytes, response)
  if (bytes === null) for (const name of ['content-length', 'content-encoding']) copy.headers.delete(name)
  return copy
}
