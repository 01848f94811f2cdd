/** A shadow stage under attack, minute by minute: visitors of many networks, and an enemy with a few who sends pages of its choice. */
import { groupOf } from '../../src/core/counters/networks.ts'
import { CopyRate } from '../../src/core/limits/copy-rate.ts'
import { NO_SHADOW, SHADOW_DEFAULTS, stepShadow } from '../../src/core/shadow/evidence.ts'
import { shadowVerdict } from '../../src/core/shadow/verdict.ts'

export type Attack = {
  /** Of the enemy. */
  networks: number
  /** The share of visitors' requests that only the canary fails, and whether the enemy's pages do. */
  failing: number
  enemyFails: boolean
  /** The percentage of requests that the stage copies. */
  share: number
  minutes: number
}

const VISITORS_PER_SECOND = 2
const ENEMY_PER_SECOND = 60
const VISITORS_NETWORKS = 200
const MAX_RPS = 2
const PAGES = 10
const LEAST_BAKE_MINUTES = 5

/** What the stage says at its bake or later, and how many copies were whose. */
export function attacked(attack: Attack, random: () => number) {
  const rate = new CopyRate()
  const copies = { visitors: 0, enemy: 0 }
  let state = NO_SHADOW
  const pick = (count: number) => Math.floor(random() * count)
  const networks = Array.from({ length: VISITORS_NETWORKS + attack.networks }, () => 2 + pick(2 ** 31))
  // Which requests are drawn depends on nothing else, so only those are played.
  const visitorsPerSecond = (VISITORS_PER_SECOND * attack.share) / 100
  const enemyPerSecond = attack.networks === 0 ? 0 : (ENEMY_PER_SECOND * attack.share) / 100
  const perSecond = visitorsPerSecond + enemyPerSecond
  for (let n = 0; n < attack.minutes * 60 * perSecond; n++) {
    const isEnemy = random() * perSecond < enemyPerSecond
    const network =
      networks[isEnemy ? VISITORS_NETWORKS + pick(attack.networks) : pick(VISITORS_NETWORKS)] ?? 0
    const route = `GET /${isEnemy ? 'chosen/' : ''}${pick(PAGES)}`
    if (!rate.take({ network, route }, { perSecond: MAX_RPS, members: 1 }, (n * 1_000) / perSecond)) continue
    copies[isEnemy ? 'enemy' : 'visitors']++
    const differs = isEnemy ? attack.enemyFails : random() < attack.failing
    const none = { controlOnly: [], both: [] }
    const sample = { route, ...none, canaryOnly: differs ? ['status'] : [], group: groupOf(network) }
    state = stepShadow(state, sample, SHADOW_DEFAULTS)
    const { kind } = shadowVerdict(state, SHADOW_DEFAULTS)
    const isBaked = n >= LEAST_BAKE_MINUTES * 60 * perSecond
    if (kind === 'different' || (kind === 'same' && isBaked))
      return { kind, copies, minutes: n / perSecond / 60 }
  }
  return { kind: 'collecting' as const, copies, minutes: attack.minutes }
}
