/** No response of one's own may have a status beyond. */
export const HIGHEST_STATUS = 599

/** The response, with headers that can be changed. */
export function mutable(response: Response, body: ReadableStream | null = response.body): Response {
  return new Response(body, response)
}

/** The same; the response itself where the runtime makes no copy of such: that is no failure of the origin. */
export function mutableOrItself(response: Response, status: number): Response {
  if (status > HIGHEST_STATUS) return response
  try {
    return mutable(response)
  } catch {
    return response
  }
}
