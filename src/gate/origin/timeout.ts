/**
 * The time that an origin has for its answer.
 *
 * Each request has its own timer, although that costs as much as its decision. Hazard: sharing another request's timer
 * looks cheaper and loses answers. A promise that another request resolves continues only while the runtime still has
 * both requests; otherwise the visitor gets a 500.
 *
 * The timer is not cleared when the answer comes: the runtime drops it with the request, and clearing it costs as much
 * again. An AbortController, joined with the visitor's signal, would cancel the fetch too, but costs even more. The
 * runtime drops a fetch that hangs once the visitor has been answered.
 */

/** The origin took too long. */
export class TimeoutError extends Error {}

/** What happens once a response is late, before its time is up. */
export type Late = { afterMs: number; run(): void }

/**
 * The response.
 *
 * @throws TimeoutError when it hasn't come within `timeoutMs`, or what `sent` rejects with
 */
export function within(sent: Promise<Response>, timeoutMs: number, late?: Late): Promise<Response> {
  return new Promise((resolve, reject) => {
    let isOver = false
    const giveUp = () => {
      if (isOver) return
      reject(new TimeoutError())
      sent.then(
        ({ body }) => body?.cancel(),
        () => {},
      )
    }
    if (late === undefined || late.afterMs >= timeoutMs) setTimeout(giveUp, timeoutMs)
    else
      setTimeout(() => {
        if (isOver) return
        setTimeout(giveUp, timeoutMs - late.afterMs)
        late.run()
      }, late.afterMs)
    sent.then(
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
