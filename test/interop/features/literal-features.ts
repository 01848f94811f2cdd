/**
 * The simple flag file, read literally: what its description says, a sentence at a time, and nothing of how the gate
 * does it.
 */
import { createHash } from 'node:crypto'

export type LiteralFlag = {
  active: boolean
  activation_date?: string
  environments?: string[]
  depends_on?: string[]
  users?: (string | number)[]
  regions?: string[]
  account_types?: string[]
  beta_program?: boolean
  percentage_rollout?: number
}

export type LiteralUser = { id?: string; region?: string; accountType?: string; beta?: boolean }

export function isOn(
  flags: Readonly<Record<string, LiteralFlag>>,
  name: string,
  user: LiteralUser | undefined,
  { environment, nowMs }: { environment: string; nowMs: number },
): boolean {
  const flag = flags[name]
  if (flag === undefined || !flag.active) return false
  if (flag.activation_date !== undefined && Date.parse(flag.activation_date) > nowMs) return false
  if (flag.environments !== undefined && !flag.environments.includes(environment)) return false
  for (const parent of flag.depends_on ?? []) {
    if (!isOn(flags, parent, user, { environment, nowMs })) return false
  }
  // Of whom nothing is known comes with no context at all.
  if (user === undefined || Object.keys(user).length === 0) return true
  if (flag.users?.some((listed) => String(listed) === user.id)) return true
  if (flag.regions !== undefined && !flag.regions.includes(user.region ?? '')) return false
  if (flag.account_types !== undefined && !flag.account_types.includes(user.accountType ?? '')) return false
  if (flag.beta_program === true && user.beta !== true) return false
  if (flag.percentage_rollout === undefined || flag.percentage_rollout === 100) return true
  if (user.id === undefined) return false
  return placeOf(user.id, name) < BigInt(Math.ceil(flag.percentage_rollout))
}

/** The whole SHA-256 of id and salt as one big-endian integer, modulo 100. */
function placeOf(id: string, salt: string): bigint {
  return (
    BigInt(
      `0x${createHash('sha256')
        .update(id + salt, 'utf8')
        .digest('hex')}`,
    ) % 100n
  )
}

/** Users of every kind: known and unknown, listed and not, with some of their facts missing. */
export function* randomUsers(count: number, seed: number): Generator<LiteralUser | undefined> {
  let state = seed
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const one = <T>(...choices: T[]): T => choices[Math.floor(random() * choices.length)] as T
  for (let n = 0; n < count; n++) {
    if (random() < 0.01) yield undefined
    else {
      const kind = random()
      const id =
        kind < 0.03
          ? one('alice', 'bob', 'carol', '1042', 'visitor-7', 'bob ', 'Älice/ß', '用户-7')
          : kind < 0.06
            ? undefined
            : `visitor-${Math.floor(random() * 1e9)}`
      const region = one('EU', 'US', 'APAC', 'eu', undefined)
      const accountType = one('free', 'premium', 'enterprise', undefined)
      const beta = one(true, false, undefined)
      yield {
        ...(id !== undefined && { id }),
        ...(region !== undefined && { region }),
        ...(accountType !== undefined && { accountType }),
        ...(beta !== undefined && { beta }),
      }
    }
  }
}
