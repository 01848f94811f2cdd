/** Copies of answers, whose headers can be changed. */

/** The runtime refuses to make a response with a status beyond this one. */
export const HIGHEST_STATUS = 599

/** The response, with headers that can be changed. */
export function changeable(response: Response, body: ReadableStream | null = response.body): Response {
  return new Response(body, response)
}
