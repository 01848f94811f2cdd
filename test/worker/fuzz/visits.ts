/** Visits to a separate gate, whose origins all say the same. What reached an origin is noted. */
import { env } from 'cloudflare:workers'
import { createEndpoints } from '../../../src/api/endpoints.ts'
import { createGate, type Gate } from '../../../src/gate/gate.ts'
import type { Env } from '../../../src/platform/env.ts'
import { document } from './document.ts'

export const SECRET = 'fuzz-signing-key'

/** What the origins were asked by the visit at hand. */
const asked: Headers[] = []
let visits = 0
/** Visits whose request is checked, and whose answer has a body. */
const WHOLE_EVERY = 8
let gate: Gate | undefined
let endpoints: ReturnType<typeof createEndpoints> | undefined

const FIELDS = { headers: { etag: '"v1"', 'cache-control': 'public, max-age=60' } }

/** Puts itself between the gate and its origins. `answer` may go to a real one; undefined says the same at once. */
export function standAsOrigin(answer?: typeof fetch): void {
  const bare = new Response(null, FIELDS)
  globalThis.fetch = async (input, init) => {
    asked.push((init?.headers ?? (input as Request).headers) as Headers)
    if (answer) return await answer(input, init)
    // Both take most of the time there is. The runtime refuses here what it would not send.
    const isWhole = visits % WHOLE_EVERY === 0
    if (isWhole) new Request(input, init)
    return isWhole ? new Response('an origin', FIELDS) : bare
  }
}

const context = {
  waitUntil: (promise: Promise<unknown>) => void promise.catch(() => {}),
  passThroughOnException() {},
} as unknown as ExecutionContext
const bindings = { ...env, SIGNING_KEY: '', JWT_SECRET: SECRET } as Env
const signing = { ...bindings, SIGNING_KEY: SECRET } as Env

/** Asks the gate, which signs what it says to origins if it shall; the answer, and what it asked of origins. */
export async function visit(
  url: string,
  init: RequestInit,
  isSigned: boolean,
): Promise<{ status: number; asked: Headers[] }> {
  gate ??= createGate({ bundled: document })
  asked.length = 0
  visits++
  const response = await gate.handle(new Request(url, init), isSigned ? signing : bindings, context)
  if (response.body) await response.arrayBuffer()
  return { status: response.status, asked: [...asked] }
}

/** Asks what the gate answers itself. */
export async function ask(path: string, init: RequestInit): Promise<number> {
  gate ??= createGate({ bundled: document })
  endpoints ??= createEndpoints(gate)
  const request = new Request(`https://shop.example.com/__sluice/${path}`, init)
  const response = await endpoints.fetch(request, bindings, context)
  await response.arrayBuffer()
  return response.status
}
