/**
 * The address that a request comes from, as far as it can be known. `CF-Connecting-IP` and `X-Forwarded-For` are headers,
 * which a visitor can write. The first counts on Cloudflare, whose edge sets it, and in development; the second as far as
 * the operator's proxies wrote it: each adds an address at its right end.
 */
import { type Env, isDevelopment } from '../../platform/env.ts'

export const ADDRESS_HEADER = 'cf-connecting-ip'
export const CHAIN_HEADER = 'x-forwarded-for'
/** What a local gate calls its location; Cloudflare's have names of three letters. */
const LOCAL = 'local'

/** `platform`: from the edge, or a developer. `proxy`: from the chain that trusted proxies made. */
export type VisitorAddress = { from: 'platform' | 'proxy'; ip: string } | { from: 'unknown'; ip: undefined }

const UNKNOWN: VisitorAddress = { from: 'unknown', ip: undefined }

type Facts = {
  header(name: string): string | undefined
  /** A field of request.cf, which the runtime sets and no visitor can. */
  cf(field: string): unknown
}

/** `trustedProxies`: how many proxies of the operator's stand before the gate, off Cloudflare. */
export function visitorAddress(request: Facts, env: Env, trustedProxies: number): VisitorAddress {
  const claimed = request.header(ADDRESS_HEADER)
  if (claimed !== undefined && (isDevelopment(env) || isOnCloudflare(request)))
    return { from: 'platform', ip: claimed }
  if (trustedProxies === 0 || isOnCloudflare(request)) return UNKNOWN
  const chain = request.header(CHAIN_HEADER)?.split(',') ?? []
  // A shorter chain did not come through all of them.
  const ip = addressIn(chain[chain.length - trustedProxies] ?? '')
  return ip === undefined ? UNKNOWN : { from: 'proxy', ip }
}

export function isOnCloudflare(request: Pick<Facts, 'cf'>): boolean {
  const colo = request.cf('colo')
  return typeof colo === 'string' && colo !== '' && colo !== LOCAL
}

/** An address, which some proxies write with a port. */
function addressIn(text: string): string | undefined {
  const address = text.trim()
  const [, v6, v4] = /^(?:\[([\da-f:.]+)\]|([\d.]+))(?::\d+)?$/i.exec(address) ?? []
  const [bare] = /^[\da-f]*:[\da-f:.]+$/i.exec(address) ?? []
  return v6 ?? (v4 || bare)
}
