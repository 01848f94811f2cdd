/** Requests and failures by group of networks, how far networks matter, and which are set aside: by exact small cases. */
import { describe, expect, it } from 'vitest'
import { failureMark, type NetworkCounts } from '../../../../src/core/counters/networks.ts'
import { EMPTY_ARM } from '../../../../src/core/counters/ticks.ts'
import type { ArmTick, GuardTick } from '../../../../src/core/guard/index.ts'
import { durationsOf } from '../../../../src/core/guard/networks/durations.ts'
import {
  addByGroup,
  enterStageOfNetworks,
  failuresOf,
  GROUPS,
  initialNetworks,
  inUse,
  marksByGroup,
  type NetworkState,
  noneByGroup,
  noteNetworks,
  requestsByGroup,
  spread,
  standingOf,
  sumOf,
  takingPart,
} from '../../../../src/core/guard/networks/groups.ts'

/** Networks 1 to 29 are of groups 2 to 30, network 30 of group 1. */
const networkOf = (group: number) => (group === 1 ? 30 : group - 1)
const counts = (network: number, requests: number): NetworkCounts => ({
  ...{ network, requests, errors: 0, errored: 0, discordant: 0, unpaired: 0, unasked: 0, journeys: 0 },
})
const arm = (byGroup: Record<number, number>, unlisted = 0): ArmTick => {
  const networks = Object.entries(byGroup).map(([group, requests]) =>
    counts(networkOf(Number(group)), requests),
  )
  return {
    ...EMPTY_ARM,
    networks,
    requests: Object.values(byGroup).reduce((sum, each) => sum + each, unlisted),
  }
}
const groups = (given: Record<number, number>) => noneByGroup().map((_, group) => given[group] ?? 0)
const stateOf = (
  canary: Record<number, number>,
  control: Record<number, number>,
  parts: Partial<NetworkState> = {},
) => ({
  ...{ seen: [1, 2, 3], suspects: [], stage: { canary: groups(canary), control: groups(control) } },
  ...parts,
})

describe('counts by group', () => {
  it('are the listed networks’, and the rest is spread evenly', () => {
    expect(GROUPS).toBe(31)
    expect(requestsByGroup(arm({ 2: 30, 30: 10 }))).toEqual(groups({ 2: 30, 30: 10 }))
    const by = requestsByGroup(arm({ 2: 30, 30: 10 }, 60))
    expect([by[0], by[1], by[2], by[29], by[30]]).toEqual([0, 2, 32, 2, 12])
    expect(sumOf(by)).toBe(100)
    expect(requestsByGroup({ ...EMPTY_ARM, requests: 7 })).toEqual(groups({ 0: 7 }))
  })

  it('of durations are the listed networks’ as well, and those that none explains are of no network', () => {
    const armOf = (latency: Record<number, number>, own: Record<number, number>) => ({
      ...EMPTY_ARM,
      latency,
      networks: [{ ...counts(networkOf(3), 5), latency: own }, counts(networkOf(4), 1)],
    })
    const one = {
      canary: armOf({ 50: 5, 60: 2 }, { 50: 3 }),
      control: armOf({ 50: 1 }, { 50: 4 }),
    } as unknown as GuardTick
    const standing = (aside: number[]) =>
      ({ regime: 'many', aside: noneByGroup().map((_, group) => aside.includes(group)) }) as never
    const { all, groups: found } = durationsOf(one, 'latency', standing([]))
    expect([found[0], found[3], found[4]]).toEqual([
      { canary: { 50: 2, 60: 2 }, control: {} },
      { canary: { 50: 3 }, control: { 50: 4 } },
      { canary: {}, control: {} },
    ])
    expect(all).toEqual({ canary: { 50: 5, 60: 2 }, control: { 50: 4 } })
    expect(durationsOf(one, 'latency', standing([3])).all).toEqual({ canary: { 50: 2, 60: 2 }, control: {} })
  })

  it('of a network that is listed twice add up; what is no count is none, and too many are no less', () => {
    const two = { ...EMPTY_ARM, networks: [counts(1, 5), counts(31, 6), counts(0, 2), counts(2, Number.NaN)] }
    expect(spread(two, 13, ({ requests }) => requests)).toEqual(groups({ 0: 2, 2: 11 }))
    expect(spread(two, 3, ({ requests }) => requests)).toEqual(groups({ 0: 2, 2: 11 }))
    expect(marksByGroup([failureMark(1, 1), failureMark(2, 1), failureMark(9, 0)])).toEqual(
      groups({ 0: 1, 2: 2 }),
    )
    expect(addByGroup([1, 2, 3], [10, 20])).toEqual([11, 22, 3])
  })
})

describe('the state of networks', () => {
  const tick = (canary: ArmTick, control: ArmTick): GuardTick => ({
    ...{ atMs: 0, generation: 1, stage: 0, percentage: 50, canary, control },
  })

  it('knows the first three networks that sent something, and the requests of the stage', () => {
    const first = noteNetworks(initialNetworks(), tick(arm({ 5: 3 }), arm({ 5: 2, 7: 0 })))
    expect(first.seen).toEqual([networkOf(5)])
    const none = noteNetworks(
      first,
      tick({ ...EMPTY_ARM, networks: [counts(0, 9), counts(1.5, 9)] }, EMPTY_ARM),
    )
    expect(none.seen).toEqual([networkOf(5)])
    const more = noteNetworks(none, tick(arm({ 8: 1, 9: 1 }), arm({ 10: 1 })))
    expect(more.seen).toEqual([5, 8, 9].map(networkOf))
    expect([more.stage.canary[5], more.stage.canary[8], more.stage.control[5]]).toEqual([3, 1, 2])
    expect(noteNetworks(more, tick(arm({ 11: 50 }), EMPTY_ARM)).seen).toBe(more.seen)
    expect(enterStageOfNetworks({ ...more, suspects: [4] })).toEqual({
      ...initialNetworks(),
      seen: more.seen,
      suspects: [4],
    })
  })

  it('remembers who was set aside, each once', () => {
    const filled = noteNetworks(stateOf({}, {}), tick(arm({ 4: 100, 5: 20 }), arm({ 4: 5, 5: 100 })))
    expect(filled.suspects).toEqual([4, 5])
    expect(noteNetworks(filled, tick(EMPTY_ARM, EMPTY_ARM)).suspects).toBe(filled.suspects)
    expect(
      noteNetworks(stateOf({}, {}, { suspects: [4] }), tick(arm({ 4: 100 }), arm({ 6: 10 }))).suspects,
    ).toEqual([4])
  })
})

describe('a standing', () => {
  const regime = (
    canary: Record<number, number>,
    control: Record<number, number>,
    parts: Partial<NetworkState> = {},
  ) => standingOf(stateOf(canary, control, parts), 50).regime

  it('is none where no network is known, few of one or two, many of more', () => {
    const crowd = { 1: 10, 2: 10, 3: 10, 4: 10 }
    expect([
      regime(crowd, crowd, { seen: [] }),
      regime(crowd, crowd, { seen: [1, 2] }),
      regime(crowd, crowd),
    ]).toEqual([...['none', 'few', 'many']])
  })

  it('is few while two groups make nine tenths, until the canary’s others are two hundred', () => {
    const others = (number: number) => regime({ 2: 250, 3: 200, 4: number }, { 2: 250, 3: 200, 5: 50 })
    expect([others(49), others(50)]).toEqual(['few', 'many'])
    const large = (number: number) =>
      regime({ 2: 25_000, 3: 20_000, 4: number }, { 2: 25_000, 3: 20_000, 5: 50 })
    expect([large(199), large(200)]).toEqual(['few', 'many'])
    // Requests of no network are no one's: they are among the others.
    expect(regime({ 0: 200, 2: 450 }, { 2: 450, 3: 450 })).toBe('many')
  })

  it('counts groups in use, one at least', () => {
    expect(standingOf(stateOf({ 2: 1 }, { 3: 1, 4: 1 }), 50).groups).toBe(3)
    expect(standingOf(stateOf({}, {}), 50).groups).toBe(1)
    expect(standingOf(stateOf({}, {}, { suspects: [7] }), 50).suspects).toEqual([7])
  })

  const aside = (
    canary: Record<number, number>,
    control: Record<number, number>,
    percentage = 20,
    seen = [1, 2, 3],
  ) =>
    standingOf(stateOf(canary, control, { seen }), percentage).aside.flatMap((is, group) =>
      is ? [group] : [],
    )

  it('sets aside who fills an arm: four times what the other lets expect, a quarter of it, and thirty requests', () => {
    // At 20 % a request of control lets expect a quarter of one.
    expect([
      aside({ 2: 101, 3: 200 }, { 2: 100, 3: 900 }),
      aside({ 2: 100, 3: 200 }, { 2: 100, 3: 900 }),
    ]).toEqual([[2], []])
    expect([aside({ 2: 101, 3: 200 }, { 3: 900 }), aside({ 2: 100, 3: 300 }, { 3: 900 })]).toEqual([[2], []])
    expect([aside({ 2: 30, 3: 20 }, { 3: 90 }), aside({ 2: 29, 3: 20 }, { 3: 90 })]).toEqual([[2], []])
    // And of control: a request of the canary lets expect four.
    expect([aside({ 2: 6, 3: 200 }, { 2: 97, 3: 200 }), aside({ 2: 6, 3: 200 }, { 2: 96, 3: 200 })]).toEqual([
      [2],
      [],
    ])
    expect([aside({ 3: 200 }, { 2: 267, 3: 800 }), aside({ 3: 200 }, { 2: 266, 3: 800 })]).toEqual([[2], []])
  })

  it('sets no one aside of no network, with two networks, or without a split', () => {
    const [canary, control] = [
      { 2: 101, 3: 200 },
      { 2: 5, 3: 900 },
    ]
    expect(aside(canary, control)).toEqual([2])
    expect(aside({ 0: 101, 3: 200 }, { 0: 5, 3: 900 })).toEqual([])
    expect(aside(canary, control, 20, [1, 2])).toEqual([])
    expect(aside(canary, control, 1)).toEqual([2, 3])
    expect([aside(canary, control, 0), aside(canary, control, 100)]).toEqual([[], []])
  })

  it('counts no groups that are set aside', () => {
    const standing = standingOf(stateOf({ 2: 300, 3: 50, 4: 50 }, { 3: 200, 4: 200 }), 20)
    expect([standing.groups, standing.regime]).toEqual([2, 'few'])
    expect(takingPart(groups({ 2: 5, 3: 7 }), standing)).toEqual(groups({ 3: 7 }))
    const all = standingOf(stateOf({ 3: 1 }, { 4: 1 }), 20)
    const by = groups({ 2: 5 })
    expect(takingPart(by, all)).toBe(by)
    expect([inUse(by, all).length, inUse(by, { ...all, regime: 'none' })]).toEqual([31, [0]])
  })
})

describe('failures that are evidence', () => {
  const failing = (): ArmTick => ({
    ...EMPTY_ARM,
    pairing: {
      ...EMPTY_ARM.pairing,
      discordant: [failureMark(1, 1), failureMark(2, 2)],
      unpaired: [failureMark(3, 1)],
      unasked: [failureMark(4, 1), failureMark(5, 2)],
    },
  })
  const standing = (parts: object) => ({ ...standingOf(stateOf({ 3: 1 }, { 4: 1 }), 20), ...parts })

  it('are those that pairing is sure of; unpaired ones too, but not of a few networks', () => {
    const { pairing } = failing()
    const { discordant, unpaired, unasked } = pairing
    expect(failuresOf(failing(), standing({ regime: 'few' }))).toEqual({ certain: discordant, unasked })
    for (const regime of ['none', 'many'])
      expect(failuresOf(failing(), standing({ regime }))).toEqual({
        certain: [...discordant, ...unpaired],
        unasked,
      })
  })

  it('are none of a group that is set aside', () => {
    // Network 1 is of group 2, network 2 of group 3.
    const aside = noneByGroup().map((_, group) => group === 2)
    expect(failuresOf(failing(), standing({ regime: 'many', aside }))).toEqual({
      ...{ certain: [failureMark(2, 2)], unasked: [failureMark(5, 2)] },
    })
  })
})
