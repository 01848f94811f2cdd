/**
 * `sluice/server`, for the app behind the gate on Node, in Workers and wherever WebCrypto is: what the gate decided for
 * a request, read from its headers and believed only where the signature is right.
 */
import { HEADERS, type HeadersLike, headerOf } from './headers.ts'
import { checkedKeys, isSigned } from './signature.ts'

export { type Affected, ErrorReporter, type ErrorReporterOptions } from './error-reporter.ts'
export { HEADERS, type HeadersLike } from './headers.ts'
export { type TrackDetails, type Tracked, Tracker, type TrackerOptions } from './tracker.ts'

/** What the gate decided, and for whom. */
export type GateDecision = {
  /** Flag → variant, of the flags that the request was routed by. */
  variants: Readonly<Record<string, string>>
  /** Flag → OpenFeature's reason, in lower case. */
  reasons: Readonly<Record<string, string>>
  /** The visitor, as the gate knows them; undefined where the gate signs nothing. */
  targetingKey: string | undefined
}

export type ReadOptions = {
  /**
   * What `sluice key origin` prints; several while keys are rotated. `false` verifies nothing: safe only where no request
   * reaches the app except through the gate. An undefined key is refused, because anyone could then forge the headers;
   * SIGNING_KEY itself is refused, because who has it can forge previews and visitors.
   */
  signingKey: string | readonly string[] | false
  /** The present time, ms since 1970. Default: the clock. */
  nowMs?: number
  /** How old a signature may be, in seconds. Default 300. */
  maxAgeSeconds?: number
}

const MAX_AGE_SECONDS = 300

/**
 * Reads what the gate decided for a request.
 *
 * @param headers headers of the request that came through the gate
 * @param options the gate's key for origins, and how old its signature may be
 * @returns the decision; undefined where the request has none, or where the signature is wrong or too old
 * @throws TypeError (as a rejection) where `signingKey` is neither a key for origins nor `false`
 * @example
 * import { readDecision } from 'sluice/server'
 *
 * export async function isNewCheckout(request: Request, signingKey: string): Promise<boolean> {
 *   const decision = await readDecision(request.headers, { signingKey })
 *   return decision?.variants['new-checkout'] === 'on'
 * }
 */
export async function readDecision(
  headers: HeadersLike,
  { signingKey, nowMs = Date.now(), maxAgeSeconds = MAX_AGE_SECONDS }: ReadOptions,
): Promise<GateDecision | undefined> {
  const keys = signingKey === false ? undefined : checkedKeys(signingKey)
  const flags = headerOf(headers, HEADERS.flags)
  if (flags === undefined) return undefined
  const targetingKey = headerOf(headers, HEADERS.targetingKey)
  if (keys !== undefined) {
    const signed = { flags, targetingKey: targetingKey ?? '' }
    const signature = headerOf(headers, HEADERS.signature)
    if (!(await isSigned(signed, signature, keys, { nowMs, maxAgeSeconds }))) return undefined
  }
  return {
    ...parseFlags(flags),
    targetingKey: targetingKey === undefined ? undefined : decoded(targetingKey),
  }
}

/**
 * Parses a `Sluice-Flags` header. It verifies nothing: use `readDecision` for headers of requests.
 *
 * @param header text such as `new-checkout=on;reason=split, dark=off;reason=default`
 * @returns flag → variant and flag → reason; parts that are not of this form are left out
 * @example
 * import { parseFlags } from 'sluice/server'
 *
 * const { variants, reasons } = parseFlags('new-checkout=on;reason=split')
 * console.log(variants['new-checkout'], reasons['new-checkout']) // on split
 */
export function parseFlags(header: string): Pick<GateDecision, 'variants' | 'reasons'> {
  const variants: Record<string, string> = {}
  const reasons: Record<string, string> = {}
  for (const part of header.split(',')) {
    const [decision = '', ...parameters] = part.trim().split(';')
    const at = decision.indexOf('=')
    if (at < 1) continue
    const flag = decoded(decision.slice(0, at))
    variants[flag] = decoded(decision.slice(at + 1))
    const reason = parameters.find((each) => each.startsWith('reason='))
    if (reason !== undefined) reasons[flag] = reason.slice('reason='.length)
  }
  return { variants, reasons }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // Not encoded by the gate: the text is taken as it is.
    return text
  }
}
