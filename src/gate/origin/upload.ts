/**
 * A request's body on its way to the origin. It streams, and the gate watches it: a visitor who sends it slowly, breaks
 * it off or garbles it must not count as a failure of the origin, or anyone could have a canary rolled back.
 */

import type { GateRequest } from '../request/gate-request.ts'

export type Upload = {
  /** What the origin gets. */
  body: ReadableStream
  /** Resolves when the body has ended, however it did. */
  ended: Promise<void>
  /** Whether the visitor's side ended it too early. */
  isBroken(): Promise<boolean>
}

/**
 * Passes a body on and watches it; undefined where that is impossible. Hazard: a body without a length must pass
 * untouched, since a stream in between makes a broken one look complete to the origin.
 */
export function watchUpload({ raw, isRead, headers }: GateRequest): Upload | undefined {
  if (isRead) return undefined
  const length = headers.get('content-length')
  if (length === undefined) return undefined
  const { body } = raw
  if (body === null) return undefined
  const { readable, writable } = new FixedLengthStream(Number(length))
  // How it ended, `isBroken` finds out.
  const ended = body.pipeTo(writable, { preventCancel: true }).catch(() => {})
  return { body: readable, ended, isBroken: () => isBroken(body, ended) }
}

async function isBroken(body: ReadableStream, ended: Promise<void>): Promise<boolean> {
  // The origin's failure may become known a little before the visitor's that caused it.
  await Promise.race([ended, scheduler.wait(1)])
  if (body.locked) return false
  const failed = body.getReader().closed.then(
    () => false,
    () => true,
  )
  return await Promise.race([failed, scheduler.wait(1).then(() => false)])
}
