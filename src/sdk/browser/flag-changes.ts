/** The gate's change stream, kept open while the page is. */

/** EventSource reconnects after a broken connection, but not after a refusal, such as "too many queries". */
const REFUSED_RETRY_MS = 10_000

/** Calls `refresh` at each change from the moment at which the flags are known. Returns how to stop. */
export function watchChanges(
  ready: Promise<void>,
  urlOf: () => string | undefined,
  refresh: () => Promise<void>,
): () => void {
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let isOver = false

  function open(): void {
    if (isOver) return
    const url = urlOf()
    if (url === undefined) {
      later()
      return
    }
    source = new EventSource(url)
    source.addEventListener('message', refresh)
    source.addEventListener('error', () => source?.readyState === EventSource.CLOSED && later())
  }

  /** The flags may be others by then. */
  function later(): void {
    timer = setTimeout(() => refresh().then(open), REFUSED_RETRY_MS)
  }

  ready.then(open)
  return () => {
    isOver = true
    clearTimeout(timer)
    source?.close()
  }
}
