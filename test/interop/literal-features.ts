/**
 * The simple flag file, read literally: what its description says, a sentence at a time, and nothing of how the gate
 * does it. The one thing that the description leaves open, the hash, is the one that the gate documents: MurmurHash3 of
 * "salt:key", and the first so many of 100,000 equal parts.
 */

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
  return (
    Math.floor((hash(`${name}:${user.id}`) / 2 ** 32) * 100_000) < Math.round(flag.percentage_rollout * 1_000)
  )
}

/** MurmurHash3_x86_32 with seed 0, of UTF-8. Written down anew: test/vectors is too slow for so many users. */
function hash(text: string): number {
  const bytes = Buffer.from(text)
  const mix = (k: number) => Math.imul(rotate(Math.imul(k, 0xcc9e2d51), 15), 0x1b873593)
  const rotate = (word: number, by: number) => (word << by) | (word >>> (32 - by))
  const whole = bytes.length - (bytes.length % 4)
  let h = 0
  for (let at = 0; at < whole; at += 4)
    h = Math.imul(rotate(h ^ mix(bytes.readInt32LE(at)), 13), 5) + 0xe6546b64
  let rest = 0
  for (let at = bytes.length - 1; at >= whole; at--) rest = (rest << 8) | (bytes[at] ?? 0)
  h ^= mix(rest) ^ bytes.length
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
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
