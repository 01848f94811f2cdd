/** Tokens of the admin API, shared keys, and webhooks. A token's text is made here and given once; only its hash is kept. */

import type { TokenRole } from '../../../contract/routes.ts'
import type { TokenInfo } from '../../../durable/storage/token-store.ts'
import { sha256Hex } from '../../../platform/crypto.ts'
import { keysOf, SHARED_KEY_PURPOSES, signingKeysOf } from '../../../platform/keys.ts'
import { problemDetails } from '../../../platform/problem-details.ts'
import { isAccessConfigured } from '../../auth/access-assertion.ts'
import { type Handlers, isoTime } from '../answers/call.ts'

const TOKEN_BYTES = 32
const DAY_MS = 24 * 3_600_000

export const tokenHandlers: Handlers<
  'showKey' | 'listTokens' | 'createToken' | 'revokeToken' | 'testWebhook'
> = {
  listTokens: async ({ controller }) => ({ tokens: (await controller.tokens()).map(viewOf) }),

  createToken: async ({ controller, body, actor, env, nowMs }) => {
    const { name, role, expiresInDays } = body
    if (isAccessConfigured(env) && name.includes('@')) {
      const detail =
        'body.name: must be without "@": those are the names of people whom Cloudflare Access signs in'
      return problemDetails(400, 'Bad Request', detail)
    }
    const token = `sluice_${randomText()}`
    const info: TokenInfo = {
      id: crypto.randomUUID(),
      name,
      role,
      createdAtMs: nowMs,
      createdBy: actor.name,
      expiresAtMs: expiresInDays === undefined ? undefined : nowMs + expiresInDays * DAY_MS,
      lastUsedAtMs: undefined,
    }
    if ((await controller.addToken(info, await sha256Hex(token))) === false) {
      const detail = `Cannot create the token: one is called ${name}. Choose another name, or revoke it`
      return problemDetails(409, 'Conflict', detail)
    }
    return { token, ...viewOf(info) }
  },

  revokeToken: async ({ controller, params, actor }) => {
    const id = params.id ?? ''
    const revoked = await controller.revokeToken(id, actor.name)
    if (revoked === undefined)
      return problemDetails(404, 'Not Found', `Cannot revoke ${id}: there is no such token`)
    return { id }
  },

  showKey: async ({ controller, params, actor, env, nowMs }) => {
    const purpose = SHARED_KEY_PURPOSES.find((each) => each === params.purpose)
    if (purpose === undefined)
      return problemDetails(
        404,
        'Not Found',
        'Keys for others are "origin" and "webhook"; no other leaves the gate',
      )
    const [signingKey] = signingKeysOf(env)
    if (signingKey === undefined) {
      const detail =
        'Cannot show a key: the gate has no SIGNING_KEY. Set it with "wrangler secret put SIGNING_KEY"'
      return problemDetails(409, 'Conflict', detail)
    }
    const reason = `${actor.name} was shown the ${purpose} key`
    const record = {
      atMs: nowMs,
      actor: actor.name,
      action: 'key-shown',
      reason,
      evidence: { purpose },
    } as const
    await controller.note({ ...record, flag: undefined, before: null, after: null })
    return { purpose, key: (await keysOf(signingKey))[purpose] }
  },

  testWebhook: async ({ controller, body, actor }) => {
    const result = await controller.testWebhook(body.url, actor.name)
    if (result !== undefined) return result
    return problemDetails(404, 'Not Found', `Cannot test ${body.url}: the document has no such webhook`)
  },
}

function viewOf({ id, name, role, createdAtMs, createdBy, expiresAtMs, lastUsedAtMs }: TokenInfo) {
  return {
    id,
    name,
    role: role as TokenRole,
    createdAt: isoTime(createdAtMs),
    createdBy,
    expiresAt: expiresAtMs === undefined ? null : isoTime(expiresAtMs),
    lastUsedAt: lastUsedAtMs === undefined ? null : isoTime(lastUsedAtMs),
  }
}

function randomText(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES))
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}
