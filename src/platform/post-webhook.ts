/** Posts a notification to a webhook, signed. */
import { messageOf } from '../core/message-of.ts'
import { hmacHex } from './crypto.ts'
import { type Env, secretNamed } from './env.ts'
import { keysOf } from './keys.ts'

const DELIVERY_TIMEOUT_MS = 5_000

/** What signs messages unless the webhook names a secret: the key for webhooks, which this one leads to. */
export const DEFAULT_SECRET = 'SIGNING_KEY'

/** `message`: its id, by which a receiver drops repeats. `secret`: name of the secret that signs it. */
export type Posting = { url: string; body: string; message: string; secret: string }

/** Whether the receiver took the message, and its answer. Never throws. */
export async function postWebhook(
  env: Env,
  { url, body, message, secret }: Posting,
): Promise<{ delivered: boolean; detail: string }> {
  try {
    const seconds = Math.floor(Date.now() / 1_000)
    const key = await keyOf(env, secret)
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.timeout(DELIVERY_TIMEOUT_MS),
      headers: {
        'content-type': 'application/json',
        'sluice-delivery': message,
        ...(key && { 'sluice-signature': `t=${seconds},v1=${await hmacHex(key, `${seconds}.${body}`)}` }),
      },
      body,
    })
    await response.body?.cancel()
    return { delivered: response.ok, detail: `The receiver answered ${response.status}` }
  } catch (error) {
    return { delivered: false, detail: `The receiver could not be reached: ${messageOf(error)}` }
  }
}

async function keyOf(env: Env, secret: string): Promise<string | undefined> {
  const named = secretNamed(env, secret)
  return named !== undefined && secret === DEFAULT_SECRET ? (await keysOf(named)).webhook : named
}
