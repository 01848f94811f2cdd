/** No response of one's own may have a status beyond. */
export const HIGHEST_STATUS = 599

/** The response, with headers that can be changed. */
export function mutable(response: Response, body: ReadableStream | null): Response {
  return new Response(body, response)
}
