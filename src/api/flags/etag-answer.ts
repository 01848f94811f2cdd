/** A response with an ETag, or 304 for a client that already has it. */
import { sha256Hex } from '../../platform/crypto.ts'

export type TaggedAnswer = {
  body: string
  /** Everything that the response depends on. */
  tag: readonly string[]
  setCookie: string | undefined
}

export async function taggedAnswer(
  request: Request,
  { body, tag, setCookie }: TaggedAnswer,
): Promise<Response> {
  const hash = await sha256Hex(tag.join(''))
  const etag = `"${hash.slice(0, 32)}"`
  const headers = { 'cache-control': 'no-store', etag, ...(setCookie && { 'set-cookie': setCookie }) }
  return isAmong(request.headers.get('if-none-match') ?? '', etag)
    ? new Response(null, { status: 304, headers })
    : new Response(body, { headers: { 'content-type': 'application/json', ...headers } })
}

/** If-None-Match is a list; weak and strong tags are compared alike (RFC 9110, 13.1.2). */
function isAmong(list: string, etag: string): boolean {
  return list.split(',').some((each) => {
    const tag = each.trim().replace(/^W\//, '')
    return tag === etag || tag === '*'
  })
}
