/** Server-sent events for open pages: an event whenever decisions may have changed, so that they query again. */
const LOOK_EVERY_MS = 500
/** Proxies close connections that stay silent. */
const KEEP_ALIVE_EVERY_MS = 15_000
const RECONNECT_AFTER_MS = 1_000
/**
 * A request may make 10,000 subrequests, and this one makes about one a second. Before that limit the stream ends, and
 * EventSource reconnects.
 */
const LONGEST_MS = 3_600_000

const REFETCH = JSON.stringify({ type: 'refetchEvaluation' })

/**
 * Sends a `message` event with every new revision. `known` is the revision of the client's flags: a different one means
 * that the client has missed a change.
 */
export function changeStream(
  revision: () => Promise<string>,
  known: string | undefined,
  longestMs = LONGEST_MS,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let last = known
  let isFirst = true
  let quietMs = 0
  let openMs = 0
  let isOver = false
  return new ReadableStream({
    async pull(stream) {
      const say = (text: string) => stream.enqueue(encoder.encode(text))
      while (!isOver) {
        if (!isFirst) await scheduler.wait(LOOK_EVERY_MS)
        const now = await revision()
        const missed = last !== undefined && last !== now
        const greeting = isFirst ? `retry: ${RECONNECT_AFTER_MS}\nid: ${now}\n: open\n\n` : ''
        last = now
        isFirst = false
        quietMs += LOOK_EVERY_MS
        openMs += LOOK_EVERY_MS
        if (openMs > longestMs) return stream.close()
        if (missed) return say(`${greeting}id: ${now}\nevent: message\ndata: ${REFETCH}\n\n`)
        if (greeting !== '') return say(greeting)
        if (quietMs >= KEEP_ALIVE_EVERY_MS) {
          quietMs = 0
          return say(': nothing new\n\n')
        }
      }
    },
    cancel() {
      isOver = true
    },
  })
}
