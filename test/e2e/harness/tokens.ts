/** Visitors' tokens, and the server that publishes the keys to verify them. */
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import type { KeyPurpose } from '../../../src/platform/keys.ts'
import { derivedKeyOf } from '../../vectors/reference.ts'
import { SIGNING_KEY } from './running-gate.ts'

export const ISSUER = 'https://accounts.example.com'
export const AUDIENCE = 'shop'

export type SigningKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey']
export type TokenParts = {
  key: SigningKey | Uint8Array
  alg: 'RS256' | 'ES256' | 'HS256'
  kid?: string
  claims?: JWTPayload
  issuer?: string
  audience?: string
  /** Seconds from now; negative for a token that has expired. */
  expiresInSeconds?: number
}

/** A signed token; everything is as the gate wants it, but for what the test changes. */
export async function signToken(parts: TokenParts): Promise<string> {
  const { key, alg, kid, claims = {}, issuer = ISSUER, audience = AUDIENCE, expiresInSeconds = 600 } = parts
  return await new SignJWT(claims)
    .setProtectedHeader({ alg, ...(kid !== undefined && { kid }) })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1_000) + expiresInSeconds)
    .sign(key)
}

/** Publishes the public keys of a fresh RSA and a fresh EC pair, and counts who asks. */
export async function startKeyServer() {
  const pairs = { RS256: await generateKeyPair('RS256'), ES256: await generateKeyPair('ES256') }
  const keys = await Promise.all(
    (['RS256', 'ES256'] as const).map(async (alg) => ({
      ...(await exportJWK(pairs[alg].publicKey)),
      alg,
      kid: alg,
      use: 'sig',
    })),
  )
  let asked = 0
  const server = createServer((_, response) => {
    asked += 1
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}/jwks.json`,
    keys: { RS256: pairs.RS256.privateKey, ES256: pairs.ES256.privateKey },
    asked: () => asked,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The key for one purpose, of a gate of these tests. */
export function derivedKey(purpose: KeyPurpose, signingKey = SIGNING_KEY): string {
  return derivedKeyOf(signingKey, purpose)
}

/** A token that forces variants, as the holder of the key for previews makes it. */
export function debugToken(
  overrides: Readonly<Record<string, string>>,
  { key = derivedKey('preview'), expiresInSeconds = 600 } = {},
): string {
  const payload = { exp: Math.floor(Date.now() / 1_000) + expiresInSeconds, overrides }
  const body = Buffer.from(JSON.stringify(payload)).toString('base64url')
  return `${body}.${createHmac('sha256', key).update(`debug.${body}`).digest('hex')}`
}
