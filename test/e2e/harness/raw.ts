/** Requests as node:http sends them: any header, any case, nothing decoded, nothing followed. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'

export type RawRequest = {
  method?: string
  headers?: Readonly<Record<string, string | string[]>>
  body?: string | Buffer
}

/** The response with its body; header lines stay as they came in `rawHeaders`. */
export async function raw(url: string, { method = 'GET', headers = {}, body }: RawRequest = {}) {
  const sent = request(url, { method, headers: { ...headers }, agent: false })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: Buffer.concat(chunks).toString(),
    response,
  }
}
