/** Responses that go on until one side ends them, such as event streams. */

const ENDLESS_TYPES =
  /^(?:text\/event-stream|application\/(?:x-ndjson|ndjson|jsonl|json-seq|stream\+json|grpc-web\S*)|multipart\/x-mixed-replace|(?:audio|video)\/)/i

/** By the type, or by what apps tell nginx about responses that must not be held back. */
export function isEndless(headers: Pick<Headers, 'get' | 'has'>): boolean {
  return (
    (ENDLESS_TYPES.test(headers.get('content-type') ?? '') && !headers.has('content-length')) ||
    headers.get('x-accel-buffering') === 'no'
  )
}
