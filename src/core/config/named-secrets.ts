import type { GateDocument } from './schema/document.ts'

/**
 * Secrets of the Worker that a document names: keys of tokens and webhooks, and values of origins' headers.
 *
 * @example namedSecrets(document) // ['ACCESS_CLIENT_SECRET', 'JWT_KEY']
 */
export function namedSecrets({ context, notifications, origins }: GateDocument): string[] {
  const keys = [context.jwt, ...notifications.webhooks].map((each) => each?.secretBinding)
  const headers = Object.values(origins).flatMap((origin) => Object.values(origin.headers ?? {}))
  const values = headers.map((value) => (typeof value === 'string' ? undefined : value.secret))
  return [...new Set([...keys, ...values].filter((name) => name !== undefined))].sort()
}
