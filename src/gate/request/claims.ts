/** Claims of a verified token, as attributes. */
import type { JWTPayload } from 'jose'
import type { AttributeValue, Scalar } from '../../core/context/attributes.ts'

export type Claims = JWTPayload

/**
 * A claim by name, or by dotted path into nested objects; names such as `https://example.com/plan` are found as
 * they stand. Only scalars and lists of scalars are attributes.
 */
export function claimAt(claims: Claims, path: string): AttributeValue | undefined {
  const direct = ownValue(claims, path)
  const value = direct ?? path.split('.').reduce<unknown>((at, key) => ownValue(at, key), claims)
  if (isScalar(value)) return value
  return Array.isArray(value) && value.every(isScalar) ? value : undefined
}

function ownValue(holder: unknown, key: string): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, key)) return undefined
  return (holder as Readonly<Record<string, unknown>>)[key]
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
