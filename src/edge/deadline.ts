/**
 * The time that an origin has for its answer.
 *
 * Each request has a timer of its own, although that costs as much as its decision. Hazard: waiting together, and being
 * woken by another request's timer, looks cheaper and loses answers. A promise that another request resolves goes on
 * only while the runtime still has both, and where it doesn't the visitor gets a 500.
 *
 * An AbortController, joined with the visitor's signal, would end the question too, but costs more still. What hangs
 * past its time is dropped by the runtime when the visitor has been answered.
 */

/** The origin took too long. */
export class TimeIsUp extends Error {}

/**
 * The answer.
 *
 * @throws TimeIsUp when it hasn't come within `timeoutMs`, or what `asked` rejects with
 */
export function within(asked: Promise<Response>, timeoutMs: number): Promise<Response> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new TimeIsUp())
      asked.then(
        ({ body }) => body?.cancel(),
        () => {},
      )
    }, timeoutMs)
    asked.then(
      (response) => {
        clearTimeout(timer)
        resolve(response)
      },
      (error) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
