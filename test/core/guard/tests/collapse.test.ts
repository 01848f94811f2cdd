/** A dead canary, whatever the traffic: at the start, after a day, and where control is all but silent. */
import { describe, expect, it } from 'vitest'
import { failureMark } from '../../../../src/core/counters/networks.ts'
import type { ArmTick, GuardTick } from '../../../../src/core/guard/index.ts'
import {
  initialGuardState,
  reportOf,
  resolveGuardSettings,
  stepGuard,
} from '../../../../src/core/guard/index.ts'
import { seeded } from '../../../../test-kit/simulation/random.ts'
import { arm, tick } from '../support.ts'

const settings = resolveGuardSettings({ latency: false })
const NETWORKS = Array.from({ length: 40 }, (_, k) => k + 2)

type Truth = { canary: number; control: number }

/** One answer at a time, by visitors of many networks. */
function site(run: number, requestsPerSecond: number, percentage: number) {
  const random = seeded('dead canaries', run)
  const armOf = (requests: number, rate: number, first: number): ArmTick => {
    const failing: [number, number][] = []
    const by = new Map<number, number>()
    for (let k = 0; k < requests; k++) {
      const network = NETWORKS[random.below(NETWORKS.length)] ?? 0
      by.set(network, (by.get(network) ?? 0) + 1)
      if (random.next() < rate) failing.push([first + random.below(500), network])
    }
    const plain = arm(
      requests,
      failing.map(([slot]) => slot),
      { errors: failing.length },
    )
    return {
      ...plain,
      pairing: {
        ...plain.pairing,
        discordant: [],
        unpaired: [...new Set(failing.map(([slot, network]) => failureMark(slot, network)))],
      },
      networks: [...by].map(([network, own]) => {
        const errors = failing.filter(([, of]) => of === network).length
        return {
          network,
          requests: own,
          errors,
          errored: errors,
          discordant: 0,
          unpaired: errors,
          unasked: 0,
          journeys: 0,
        }
      }),
    }
  }
  return (second: number, { canary, control }: Truth, isControlSilent = false): GuardTick =>
    tick(
      second * 1000,
      armOf(random.poisson((requestsPerSecond * percentage) / 100), canary, 0),
      isControlSilent
        ? arm(0)
        : armOf(random.poisson(requestsPerSecond * (1 - percentage / 100)), control, 60_000),
      { percentage },
    )
}

/** Failed requests until the rollback; null: none within the time. */
function failedUntilRollback(
  make: ReturnType<typeof site>,
  percentage: number,
  {
    healthy,
    dead,
    silent = false,
    truth = { canary: 1, control: 0.005 },
  }: {
    healthy: number
    dead: number
    silent?: boolean
    truth?: Truth
  },
): number | null {
  let state = initialGuardState({ generation: 1, stage: 0, percentage, atMs: 0 })
  let failed = 0
  for (let second = 1; second <= healthy + dead; second++) {
    const isDead = second > healthy
    const one = make(second, isDead ? truth : { canary: 0.005, control: 0.005 }, isDead && silent)
    if (isDead) failed += one.canary.errors
    const step = stepGuard(settings, state, one)
    state = step.state
    const { action } = reportOf(step.verdict)
    if (action === 'rollback') return isDead ? failed : Number.NEGATIVE_INFINITY
  }
  return null
}

describe('a canary that dies at 99 %, holdback 1 %', () => {
  it.each([
    [18_000, false],
    [9_000, true],
  ])(
    'at a request a second is found within ten failures after %i healthy ones, control silent: %s',
    (healthy, silent) => {
      const failed = failedUntilRollback(site(1, 1, 99), 99, { healthy, dead: 60, silent })
      expect(failed).toBeGreaterThan(4)
      expect(failed).toBeLessThanOrEqual(12)
    },
    60_000,
  )
})

describe('a small canary that is dead from the start', () => {
  it('is found within six failures at 1 %', () => {
    const counts = [1, 2, 3, 4, 5].map((run) =>
      failedUntilRollback(site(run, 100, 1), 1, { healthy: 0, dead: 60 }),
    )
    for (const failed of counts) {
      expect(failed).toBeGreaterThanOrEqual(3)
      expect(failed).toBeLessThanOrEqual(8)
    }
  })
})

it('an outage of both is no collapse of one, nor are many failures in both', () => {
  for (const truth of [
    { canary: 1, control: 1 },
    { canary: 0.6, control: 0.6 },
    { canary: 0.3, control: 0.3 },
  ])
    expect(failedUntilRollback(site(9, 30, 50), 50, { healthy: 100, dead: 200, truth })).toBeNull()
})
