/** One or two networks, whatever they send, decide nothing; real failures of the others are found. */
import { describe, expect, it } from 'vitest'
import {
  failureMark,
  groupOf,
  groupOfMark,
  type NetworkCounts,
  slotOf,
} from '../../../src/core/counters/networks.ts'
import type { VisitorMark } from '../../../src/core/counters/visitors.ts'
import {
  type ArmTick,
  type GuardState,
  type GuardTick,
  resolveGuardSettings,
  stepGuard,
} from '../../../src/core/guard/index.ts'
import { initialNetworks, noteNetworks, standingOf } from '../../../src/core/guard/networks/groups.ts'
import { holdsWithoutTwo, withoutTwoLargest } from '../../../src/core/guard/networks/without-two.ts'
import { arm, feed, start, tick } from './support.ts'

const settings = resolveGuardSettings({ latency: false })
const seconds = (from: number, to: number) => Array.from({ length: to - from }, (_, k) => from + k)
/** Ten networks, each in another group. */
const NETWORKS = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]

function counts(network: number, part: Partial<NetworkCounts>): NetworkCounts {
  const none = { requests: 0, errors: 0, errored: 0, discordant: 0, unpaired: 0, unasked: 0, journeys: 0 }
  return { network, ...none, ...part }
}

type Kind = 'discordant' | 'unpaired' | 'unasked'

/** An arm with as many requests from each network, and failures of visitors: slot, network. */
function from(
  networks: readonly number[],
  requestsEach: number,
  failing: readonly (readonly [slot: number, network: number])[] = [],
  kind: Kind = 'discordant',
): ArmTick {
  const marks = failing.map(([slot, network]) => failureMark(slot, network))
  const requests = networks.length * requestsEach + failing.length
  const slots = failing.map(([slot]) => slot)
  const plain = arm(requests, slots)
  return {
    ...plain,
    pairing: { ...plain.pairing, discordant: [], [kind]: marks },
    networks: [...new Set([...networks, ...failing.map(([, network]) => network)])].map((network) => {
      const own = failing.filter(([, other]) => other === network).length
      const base = networks.includes(network) ? requestsEach : 0
      return counts(network, { requests: base + own, errors: own, errored: own, [kind]: own })
    }),
  }
}

const control = () => from(NETWORKS, 10)
/** Failures of so many visitors a second, each from the next of the given networks. */
const failures = (second: number, count: number, networks: readonly number[]) =>
  Array.from({ length: count }, (_, k) => {
    const visitor = second * count + k
    return [visitor % 30_000, networks[visitor % networks.length] ?? 0] as const
  })

/** What becomes of 60 seconds in which the canary's visitors of some networks fail. */
function failingFrom(networks: readonly number[], kind: Kind = 'discordant', others = NETWORKS) {
  const ticks = seconds(1, 60).map((second) =>
    tick(second * 1000, from(others, 10, failures(second, 5, networks), kind), from(others, 10)),
  )
  return feed(settings, start(), ticks)
}

describe('a failure mark', () => {
  it('holds a slot and the group of a network, of 30', () => {
    expect([0, 1, 23, 24, 25, 0xffff_ffff].map(groupOf)).toEqual([0, 2, 24, 25, 26, 16])
    for (const [slot, network] of [
      [0, 0],
      [65_535, 0],
      [0, 5],
      [65_535, 23],
    ] as const) {
      const mark = failureMark(slot, network)
      expect([slotOf(mark), groupOfMark(mark)]).toEqual([slot, groupOf(network)])
    }
  })
})

describe('failures at the canary alone', () => {
  it('of one or two networks close nothing, and the verdict says what it waits for', () => {
    for (const networks of [[2], [2, 3], [88], [88, 89]]) {
      const { verdict } = failingFrom(networks)
      expect(verdict.action).toBe('none')
      expect(verdict.evidence.wealth).toBeGreaterThan(1000)
      expect(verdict.mayAdvance).toBe(false)
    }
    const advancing = failingFrom([2]).verdict
    expect(advancing.sentence).toBe('evidence of harm comes from too few networks; waits for others')
  })

  it('of four networks and more close it', () => {
    for (const networks of [[2, 3, 4, 5], NETWORKS])
      expect(failingFrom(networks).verdict).toMatchObject({ action: 'rollback', trigger: 'errors' })
  })

  it('of visitors without a network are never left out', () => {
    expect(failingFrom([0]).verdict).toMatchObject({ action: 'rollback', trigger: 'errors' })
  })

  it('of many networks close it also while one network floods the gate', () => {
    const ticks = seconds(1, 60).map((second) => {
      const real = failures(second, 2, NETWORKS)
      const flood = seconds(0, 50).map((k) => [(second * 50 + k) % 30_000, 88] as const)
      return tick(second * 1000, from(NETWORKS, 10, [...real, ...flood]), control())
    })
    expect(feed(settings, start(), ticks).verdict).toMatchObject({ action: 'rollback', trigger: 'errors' })
  })
})

describe('the state', () => {
  it('survives JSON in the middle of a run, with a flood and a new stage', () => {
    let plain = start()
    let stored = start()
    for (const second of seconds(1, 40)) {
      const real = failures(second, 2, NETWORKS)
      const flood = seconds(0, second > 10 ? 50 : 0).map((k) => [(second * 50 + k) % 30_000, 88] as const)
      const stage = second > 25 ? 1 : 0
      const one = tick(second * 1000, from(NETWORKS, 10, [...real, ...flood]), from(NETWORKS, 10, real), {
        stage,
        percentage: stage === 0 ? 50 : 60,
      })
      const a = stepGuard(settings, plain, one)
      const b = stepGuard(settings, JSON.parse(JSON.stringify(stored)) as GuardState, one)
      expect(b).toEqual(a)
      plain = a.state
      stored = b.state
    }
    expect(JSON.stringify(plain).length).toBeLessThan(200_000)
  })
})

describe('failures that prove little', () => {
  it('are no evidence against the canary where no one was asked', () => {
    const { verdict } = failingFrom(NETWORKS, 'unasked')
    expect(verdict.action).toBe('none')
    expect(verdict.evidence.errorWealth).toBeLessThan(2)
  })

  it('of control count against a rollback where no one was asked', () => {
    const both = (kind: Kind) =>
      feed(
        settings,
        start(),
        seconds(1, 30).map((second) => {
          const failing = failures(second, 5, NETWORKS)
          const other = failing.map(([slot, network]) => [slot + 33_000, network] as const)
          return tick(second * 1000, from(NETWORKS, 10, failing), from(NETWORKS, 10, other, kind))
        }),
      ).verdict
    expect(both('unasked').action).toBe('none')
    expect(both('discordant').action).toBe('none')
  })

  it('of the canary keep it from advancing where no one was asked, and those of control do not help it', () => {
    const quick = resolveGuardSettings({ latency: false, bakeMs: 0, errors: { rho: 100, delta: 0.5 } })
    const advances = (canaryKind: Kind | null, controlKind: Kind | null) =>
      feed(
        quick,
        start(),
        seconds(1, 200).map((second) => {
          const failing = failures(second, 5, NETWORKS)
          const other = failing.map(([slot, network]) => [slot + 33_000, network] as const)
          return tick(
            second * 1000,
            from(NETWORKS, 10, canaryKind === null ? [] : failing, canaryKind ?? 'discordant'),
            from(NETWORKS, 10, controlKind === null ? [] : other, controlKind ?? 'discordant'),
          )
        }),
      ).verdict.mayAdvance
    expect([advances(null, null), advances('unasked', null), advances('unasked', 'unasked')]).toEqual([
      true,
      false,
      false,
    ])
    expect(advances('unasked', 'discordant')).toBe(true)
  })

  it('count from three networks on where they could not be asked, and in fewer not at all', () => {
    expect(failingFrom(NETWORKS, 'unpaired').verdict).toMatchObject({ action: 'rollback' })
    const office = (kind: Kind) => failingFrom([2], kind, [2]).verdict
    expect(office('unpaired').action).toBe('none')
    expect(office('unpaired').evidence.errorWealth).toBeLessThan(2)
    expect(office('discordant')).toMatchObject({ action: 'rollback', trigger: 'errors' })
  })
})

describe('where networks stand', () => {
  const seen = (canary: ArmTick, other: ArmTick, percentage = 50) =>
    standingOf(noteNetworks(initialNetworks(), tick(1000, canary, other, { percentage })), percentage)

  it('few are fewer than three, or two groups with more than nine tenths of the requests', () => {
    expect(seen(arm(10), arm(10)).regime).toBe('none')
    expect(seen(from([2], 10), from([2, 3], 10)).regime).toBe('few')
    expect(seen(from([2], 10), from([3, 4], 10)).regime).toBe('many')
    const office = (others: number) => {
      const listed = [180, others / 2, others / 2].map((requests, k) => counts(2 + k, { requests }))
      const half = { ...control(), requests: 180 + others, networks: listed }
      return seen(half, half).regime
    }
    expect([office(30), office(60)]).toEqual(['few', 'many'])
  })

  it('a flood makes a crowd look like few only until the others can judge for themselves', () => {
    const flooded = (others: number, flood = 100_000) => {
      const crowd = NETWORKS.map((network) => counts(network, { requests: others / NETWORKS.length }))
      const half = {
        ...control(),
        requests: flood + others,
        networks: [counts(88, { requests: flood }), ...crowd],
      }
      return seen(half, half).regime
    }
    // A tenth of the crowd is in the flood's company, as only the two strongest groups are left out.
    expect([flooded(200), flooded(230), flooded(230, 1e9)]).toEqual(['few', 'many', 'many'])
  })

  it('a group that fills one arm takes no part, one that comes as the split says does', () => {
    const flood = (canaryRequests: number, controlRequests: number) => {
      const with_ = (requests: number): ArmTick => {
        const base = from(NETWORKS, 10)
        return {
          ...base,
          requests: base.requests + requests,
          networks: [...base.networks, counts(88, { requests })],
        }
      }
      return seen(with_(canaryRequests), with_(controlRequests)).suspects
    }
    expect(flood(200, 0)).toEqual([groupOf(88)])
    expect(flood(0, 200)).toEqual([groupOf(88)])
    expect(flood(200, 200)).toEqual([])
    // Not large enough to dilute an arm.
    expect(flood(25, 0)).toEqual([])
    // 50 % of 10/s: a third of the arm, three and five times what is expected.
    expect([flood(60, 20), flood(100, 20)]).toEqual([[], [groupOf(88)]])
  })

  it('successes of one arm change nothing for the others', () => {
    const wealth = (successes: number) => {
      const ticks = seconds(1, 20).map((second) => {
        const base = from(NETWORKS, 10, failures(second, 3, NETWORKS))
        const more = counts(88, { requests: successes })
        const canary = { ...base, requests: base.requests + successes, networks: [...base.networks, more] }
        return tick(second * 1000, successes === 0 ? base : canary, control())
      })
      return feed(settings, start(), ticks).verdict
    }
    expect(wealth(0)).toMatchObject({ action: 'rollback' })
    expect(wealth(5000)).toMatchObject({ action: 'rollback' })
  })
})

describe('the part that must hold without two groups', () => {
  const calm = { regime: 'many', groups: 1, aside: [], suspects: [] } as const

  it('is the fourth root of what has reached the level eight times over, at most the level; under suspicion it is the level', () => {
    expect(
      [
        [100, 3.17],
        [100, 3.16],
        [800, 3.17],
        [800, 3.16],
        [80_000, 10],
        [80_000, 9.9],
        [1e12, 99],
        [1e12, 100],
      ].map(([all = 0, rest = 0]) => holdsWithoutTwo(all, rest, 100, calm)),
    ).toEqual([true, false, true, false, true, false, false, true])
    const suspected = { ...calm, suspects: [3] }
    expect([
      holdsWithoutTwo(10_000, 99, 100, suspected),
      holdsWithoutTwo(10_000, 100, 100, suspected),
    ]).toEqual([false, true])
  })

  it('of plain counts leaves out the two largest, but never those without a network', () => {
    expect(withoutTwoLargest([100, 1, 5, 3, 9])).toBe(104)
  })
})

describe('thresholds, ceilings and traffic', () => {
  const watched = (options: object, canary: (second: number) => ArmTick, other = control) =>
    feed(
      resolveGuardSettings({ errors: false, latency: false, ...options }),
      start(),
      seconds(1, 120).map((second) => tick(second * 1000, canary(second), other())),
    ).verdict

  it('are not broken by two networks', () => {
    const by = (networks: readonly number[]) => (second: number) =>
      from(NETWORKS, 10, failures(second, 30, networks))
    for (const options of [{ thresholds: { errors: 50 } }, { ceilings: { errorRate: 0.1 } }]) {
      expect(watched(options, by([2, 3])).action).toBe('none')
      expect(watched(options, by(NETWORKS)).action).toBe('rollback')
    }
  })

  it('see journeys of control that one network makes up', () => {
    const views = (network: number, journeys: number): ArmTick => {
      const base = from(NETWORKS, 10)
      const networks = base.networks.map((each) => ({
        ...each,
        journeys: 2 + (each.network === network ? journeys : 0),
      }))
      return { ...base, journeys: 20 + journeys, networks }
    }
    const options = { traffic: { maxDropPercent: 30 } }
    expect(
      watched(
        options,
        () => views(0, 0),
        () => views(2, 40),
      ).action,
    ).toBe('none')
    const fewer = (): ArmTick => ({
      ...from(NETWORKS, 10),
      journeys: 5,
      networks: NETWORKS.map((network) => counts(network, { requests: 10, journeys: 0.5 })),
    })
    expect(watched(options, fewer, () => views(0, 0))).toMatchObject({
      action: 'rollback',
      trigger: 'traffic',
    })
  })
})

describe('the split', () => {
  const visitors = (first: number, count: number, network: (k: number) => number): VisitorMark[] =>
    Array.from({ length: count }, (_, k) => [((first + k) * 2_654_435_761) >>> 0, network(k)])
  const many = (k: number) => 100 + (k % 50)
  const judged = (canary: VisitorMark[], other: VisitorMark[], views = 0): GuardTick =>
    tick(
      1000,
      { ...control(), visitors: canary, journeys: views, requests: 100 + views },
      { ...control(), visitors: other },
    )
  const kind = (one: GuardTick) => feed(settings, start(), [one]).verdict

  it('is tested on distinct visitors: page views of one of them prove nothing', () => {
    const honest = [visitors(0, 50, many), visitors(1000, 50, many)] as const
    const ticks = seconds(1, 100).map((second) => ({ ...judged(...honest, 400), atMs: second * 1000 }))
    expect(feed(settings, start(), ticks).verdict.kind).not.toBe('broken-split')
  })

  it('is broken where the visitors of many networks are', () => {
    const verdict = kind(judged(visitors(0, 60, many), visitors(1000, 2, many)))
    expect(verdict).toMatchObject({ kind: 'broken-split', action: 'freeze', trigger: 'split' })
    expect(verdict.sentence).toMatch(
      /^sample ratio mismatch: the canary got (9\d(\.\d)?|100) % of visitors \(sampled \d+ and \d, without the two strongest networks\) where 50 % is set/,
    )
    expect(kind(judged(visitors(0, 2, many), visitors(1000, 60, many))).kind).toBe('broken-split')
  })

  it('is not broken by thousands of ids from two networks', () => {
    const honest = visitors(1000, 50, many)
    for (const networks of [1, 2]) {
      const ids = visitors(5000, 3000, (k) => 7 + (k % networks))
      expect(kind(judged([...visitors(0, 50, many), ...ids], honest)).kind).not.toBe('broken-split')
      expect(kind(judged(honest, [...visitors(0, 50, many), ...ids])).kind).not.toBe('broken-split')
    }
  })
})
