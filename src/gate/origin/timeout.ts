/**
 * The time that an origin has for its answer.
 *
 * Each request has a timer of its own, although that costs as much as its decision. Hazard: waiting together, and being
 * woken by another request's timer, looks cheaper and loses answers. A promise that another request resolves goes on
 * only while the runtime still has both, and where it doesn't the visitor gets a 500.
 *
 * The timer is left alone when the answer comes: the runtime drops it with the request, and clearing it costs as much
 * again. An AbortController, joined with the visitor's signal, would end the question too, but costs more still. What
 * hangs past its time is dropped by the runtime when the visitor has been answered.
 */

/** The origin took too long. */
export class TimeoutError extends Error {}

/**
 * The answer.
 *
 * @throws TimeoutError when it hasn't come within `timeoutMs`, or what `asked` rejects with
 */
export function within(asked: Promise<Response>, timeoutMs: number): Promise<Response> {
  return new Promise((resolve, reject) => {
    let isOver = false
    setTimeout(() => {
      if (isOver) return
      reject(new TimeoutError())
      asked.then(
        ({ body }) => body?.cancel(),
        () => {},
      )
    }, timeoutMs)
    asked.then(
      (response) => {
        isOver = true
        resolve(response)
      },
      (error) => {
        isOver = true
        reject(error)
      },
    )
  })
}
