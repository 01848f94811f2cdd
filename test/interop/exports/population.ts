/** Visitors, and what an export of a system is held against. */
import type { AttributeValue } from '../../../src/core/context/attributes.ts'
import type { Decision } from '../../../src/core/decision/decide.ts'
import type { Imported } from '../../../src/interop/imported.ts'
import { seeded } from '../../../test-kit/simulation/random.ts'

export type Person = {
  id: string
  sessionId: string
  email: string
  country: string
  plan: string
  age: number
  version: string
  beta: boolean
}

/** Five exports of each system are made, by number. */
export const EXPORTS: readonly number[] = [1, 2, 3, 4, 5]
export const FLAGS = 50

export type System = {
  name: string
  /** One of its exports, as JSON. */
  text(number: number): string
  import(text: string): Imported
  /** The flags' values by the system's own SDK. */
  oracle(text: string): Promise<{ answer(flag: string, person: Person): Promise<unknown>; close(): void }>
  /** How the gate is asked of a person. */
  visitor(person: Person): { targetingKey?: string; attributes: Record<string, AttributeValue> }
  /** The answer as the SDK has it; the value, unless given. */
  answerOf?(decision: Decision | undefined): unknown
}

export type Draw = {
  one<T>(...all: readonly T[]): T
  some<T>(...all: readonly T[]): T[]
  below(limit: number): number
}

/** Draws by a name and a number, always the same. */
export function drawing(name: string, number: number): Draw {
  const { next } = seeded(name, number)
  const below = (limit: number) => Math.floor(next() * limit)
  const one = <T>(...all: readonly T[]): T => all[below(all.length)] as T
  return {
    below,
    one,
    some: (...all) => {
      const few = all.filter(() => next() < 0.5)
      return few.length > 0 ? few : [one(...all)]
    },
  }
}

export const COUNTRIES = ['RO', 'DE', 'FR', 'US', 'GB', 'BR'] as const
export const PLANS = ['free', 'pro', 'enterprise'] as const
export const VERSIONS = ['1.4.0', '2.0.0', '2.3.1', '3.0.0-rc.1', '3.1.0'] as const
const AREAS = [
  'checkout',
  'search',
  'profile',
  'billing',
  'inbox',
  'editor',
  'reports',
  'mobile',
  'api',
  'admin',
]

/** Names as teams give them: `checkout-redesign-1`. */
export function flagName(index: number, separator = '-'): string {
  const what = ['redesign', 'speedup', 'beta', 'limit', 'banner'][index % 5]
  return [AREAS[index % AREAS.length], what, index].join(separator)
}

export function people(count: number): Person[] {
  const { one, below } = drawing('people', count)
  return Array.from({ length: count }, (_, n) => ({
    id: `user-${below(1e9)}`,
    sessionId: `session-${n}`,
    email: `${one('ann', 'bob', 'eve')}${n}@${one('example.com', 'example.org', 'shop.example')}`,
    country: one(...COUNTRIES),
    plan: one(...PLANS),
    age: 15 + below(60),
    version: one(...VERSIONS),
    beta: one(true, false),
  }))
}

/** A person's facts without ids. */
export function factsOf({
  id: _,
  sessionId: __,
  ...facts
}: Person): Record<string, string | number | boolean> {
  return facts
}
