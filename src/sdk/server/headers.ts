/** The headers by which the gate tells the app what it decided. */

/** A request's headers: `Headers`, or an object as Node's `IncomingMessage` has it. */
export type HeadersLike =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | string[] | undefined>>

/** Names of the gate's three headers, in lower case. */
export const HEADERS = {
  flags: 'sluice-flags',
  targetingKey: 'sluice-targeting-key',
  signature: 'sluice-signature',
} as const

/** A header's value, by its name in lower case. */
export function headerOf(headers: HeadersLike, name: string): string | undefined {
  if (hasGet(headers)) return headers.get(name) ?? undefined
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

function hasGet(headers: HeadersLike): headers is { get(name: string): string | null } {
  return typeof headers.get === 'function'
}
