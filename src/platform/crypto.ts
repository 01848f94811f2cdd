const encoder = new TextEncoder()

/** SHA-256 of bytes, or of a text's UTF-8 bytes, in lower-case hex. */
export async function sha256Hex(data: string | ArrayBuffer): Promise<string> {
  const bytes = typeof data === 'string' ? encoder.encode(data) : data
  return toHex(await crypto.subtle.digest('SHA-256', bytes))
}

/** HMAC-SHA256 of a text, in lower-case hex. */
export async function hmacHex(secret: string, text: string): Promise<string> {
  return toHex(await crypto.subtle.sign('HMAC', await hmacKey(secret), encoder.encode(text)))
}

/** Whether two texts are equal, in time that depends on neither: both are hashed first. */
export async function equalInConstantTime(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([
    crypto.subtle.digest('SHA-256', encoder.encode(a)),
    crypto.subtle.digest('SHA-256', encoder.encode(b)),
  ])
  return crypto.subtle.timingSafeEqual(left, right)
}

/** An isolate has few secrets, so each is imported once. */
const MOST_KEYS = 16
const imported = new Map<string, CryptoKey>()

async function hmacKey(secret: string): Promise<CryptoKey> {
  const known = imported.get(secret)
  if (known !== undefined) return known
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), algorithm, false, ['sign'])
  if (imported.size >= MOST_KEYS) imported.clear()
  imported.set(secret, key)
  return key
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function toHex(bytes: ArrayBuffer): string {
  let hex = ''
  for (const byte of new Uint8Array(bytes)) hex += HEX[byte]
  return hex
}
