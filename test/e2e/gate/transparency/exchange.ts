/** One request of a shape through a server: what the origin gets of it, and what the client gets. */
import type { Message } from './message.ts'
import { hostOf, type Rig } from './rig.ts'
import type { Shape } from './shape.ts'
import { type Got, send } from './wire.ts'

export type Exchange = { sent: readonly Message[]; got: Got }

let cases = 0

export async function exchange(
  { origin }: Rig,
  through: string,
  { shape, way }: { shape: Shape; way: string },
): Promise<Exchange> {
  const key = String(cases++)
  if (shape.respond !== undefined) origin.responses.set(key, shape.respond)
  const text = shape.request.toString('latin1').replaceAll('HOST', hostOf(way)).replace('CASE', key)
  const got = await send(through, Buffer.from(text, 'latin1'))
  return { sent: origin.seen.get(key) ?? [], got }
}

/** What came of an answer, whole or broken off. */
export const headOf = (got: Got) => (got.kind === 'answer' ? got.message : got.head)
