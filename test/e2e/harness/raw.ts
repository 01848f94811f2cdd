/** Requests as node:http sends them: any header, any case, nothing decoded, nothing followed. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'

export type RawRequest = {
  method?: string
  headers?: Readonly<Record<string, string | string[]>>
  body?: string | Buffer
}

export type RawResponse = {
  status: number
  headers: Headers
  text: string
  bytes: Buffer
  response: IncomingMessage
}

/**
 * The response with its body; header lines stay as they came in `response.rawHeaders`. Throws where the response breaks
 * off, or there is none.
 */
export async function raw(
  url: string,
  { method = 'GET', headers = {}, body }: RawRequest = {},
): Promise<RawResponse> {
  const sent = request(url, { method, headers: { ...headers }, agent: false })
  // After the response has begun, a reset is an error of the body too, and that is the one to throw.
  sent.on('error', () => {})
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const pairs = response.rawHeaders.flatMap((name, index, all): [string, string][] =>
    index % 2 === 0 ? [[name, all[index + 1] ?? '']] : [],
  )
  const bytes = Buffer.concat(chunks)
  return {
    status: response.statusCode ?? 0,
    headers: new Headers(pairs),
    text: bytes.toString(),
    bytes,
    response,
  }
}
