import { describe, expect, it } from 'vitest'
import { noteSlice, SLICES, type Slices } from '../../../../src/core/counters/visitors.ts'
import {
  enterStageOfPopulation,
  initialPopulation,
  NO_WIDENING,
  noteSlices,
  type PopulationState,
} from '../../../../src/core/guard/latency/population.ts'

const EDGES = [50, 60, 70, 80]
const AT_ONE = { edges: EDGES, isBatchOpen: false, percentage: 1, comingTo: 5 }
const MOVE = { before: 1, percentage: 5, canaryRequests: 1_000, regime: 'none' } as const

/** Slices in which a share of each group's requests is above every edge: of the rest, and of the coming. */
function slices(rest: (group: number) => number, coming: (group: number) => number, each = 100): Slices {
  const made: Slices = {}
  for (let group = 1; group <= SLICES; group++) {
    const [a, b] = [Math.round(each * rest(group)), Math.round(each * coming(group))]
    made[group] = { 40: each - a, 100: a }
    made[SLICES + group] = { 40: each - b, 100: b }
  }
  return made
}

function seen(each: Slices, looks = 50, look: object = {}): PopulationState {
  let state = initialPopulation()
  for (let left = looks; left > 0; left--) state = noteSlices(state, each, { ...AT_ONE, ...look })
  return state
}

const chance = (group: number) => (group % 2 === 0 ? 0.1 : 0.11)

describe('visitors who differ in latency', () => {
  it('change nothing where no sender tells of them', () => {
    expect(noteSlices(initialPopulation(), {}, AT_ONE).widening).toEqual(NO_WIDENING)
    expect(noteSlices(initialPopulation(), {}, { ...AT_ONE, percentage: 100 }).widening).toEqual(NO_WIDENING)
  })

  it('who come next and are slower already widen the null by as much', () => {
    const before = seen(
      slices(
        () => 0.1,
        () => 0.12,
      ),
    )
    const { known, widening } = enterStageOfPopulation(before, { ...MOVE, canaryRequests: 0 })
    expect(known?.log[0]).toBeCloseTo(Math.log(1.2), 6)
    expect(widening.rollback[0]).toBeCloseTo(1.2, 2)
    expect(widening.advance[0]).toBe(1)
    expect(widening.tooUneven).toEqual([false, false, false, false])
  })

  it('who come next and are faster ask for more before an advance', () => {
    const before = seen(
      slices(
        () => 0.12,
        () => 0.1,
      ),
    )
    const { widening } = enterStageOfPopulation(before, { ...MOVE, canaryRequests: 0 })
    expect([widening.rollback[0], widening.advance[0]]).toEqual([1, expect.closeTo(1 / 1.2, 2)])
  })

  it('are compared only as far as they are alike', () => {
    const before = seen(
      slices(
        () => 0.1,
        () => 0.2,
      ),
    )
    const { widening } = enterStageOfPopulation(before, { ...MOVE, canaryRequests: 0 })
    expect(widening.rollback[0]).toBe(1.5)
    expect(widening.tooUneven[0]).toBe(true)
  })

  it('are known only if it is they who came', () => {
    const before = seen(
      slices(
        () => 0.1,
        () => 0.12,
      ),
    )
    expect(enterStageOfPopulation(before, { ...MOVE, percentage: 10 }).known).toBeNull()
    expect(enterStageOfPopulation(before, { ...MOVE, percentage: 0.5 }).known).toBeNull()
    expect(enterStageOfPopulation(before, MOVE).known).not.toBeNull()
  })

  it('of a first stage are as uneven as control’s groups are, beyond chance', () => {
    const even = seen(slices(chance, chance)).widening
    expect(even.rollback[0]).toBe(1)
    const uneven = seen(
      slices(
        () => 0.1,
        (group) => (group % 10 === 0 ? 0.4 : 0.07),
      ),
    ).widening
    expect(uneven.tooUneven[0]).toBe(true)
  })

  it('are compared before the last stage too, when all but a hundredth come next', () => {
    const rare = (share: (group: number) => number, looks: number) =>
      seen(
        Object.fromEntries(
          Object.entries(slices(share, share)).map(([slice, counts]) =>
            Number(slice) <= SLICES && Number(slice) !== 1 ? [slice, {}] : [slice, counts],
          ),
        ),
        looks,
        { percentage: 25, comingTo: 99 },
      ).widening
    const even = rare(() => 0.1, 2)
    expect(even.tooUneven[0]).toBe(false)
    expect(even.rollback[0]).toBeLessThan(1.2)
    expect(rare((group) => (group % 10 === 0 ? 0.4 : 0.07), 2).tooUneven[0]).toBe(true)
    // Too few to tell, of anybody.
    expect(
      seen(
        slices(
          () => 0,
          () => 0.1,
          10,
        ),
        2,
        { percentage: 25 },
      ).widening.tooUneven[0],
    ).toBe(true)
  })

  it('count by the share of control that they are', () => {
    // The same groups, of which a few visitors come or nearly all do, differ as much.
    const split = (restLooks: number, comingLooks: number) => {
      const uneven = (group: number) => (group % 2 === 0 ? 0.1 : 0.14)
      const reversed = (group: number) => uneven(group + 1)
      const all = slices(uneven, reversed)
      const part = (isComing: boolean) =>
        Object.fromEntries(Object.entries(all).filter(([slice]) => Number(slice) > SLICES === isComing))
      const look = { percentage: 25, comingTo: 99 }
      let state = seen(part(false), restLooks, look)
      for (let left = comingLooks; left > 0; left--)
        state = noteSlices(state, part(true), { ...AT_ONE, ...look })
      return noteSlices(state, {}, { ...AT_ONE, ...look }).unevenness[0] ?? 0
    }
    const half = split(500, 500)
    // By halves, R's variance is four times that of all; nine tenths of it remain at a tenth.
    expect(split(100, 900) / half).toBeCloseTo(0.36, 1)
    expect(split(900, 100) / half).toBeCloseTo(0.36, 1)
  })

  it('are not compared until it is known how much they differ', () => {
    expect(
      seen(
        slices(chance, (group) => (group <= 10 ? 0.1 : 0), 10),
        2,
      ).widening.tooUneven[0],
    ).toBe(true)
  })

  it('who come next, a few and all alike, do not make the others so', () => {
    // A tenth of control's visitors take longer. None of the few who come happens to be among them.
    const part = (of: Slices, [from, to]: readonly [number, number]) =>
      Object.fromEntries(Object.entries(of).filter(([slice]) => from <= Number(slice) && Number(slice) <= to))
    const widened = (rest: (group: number) => number, groups: number) => {
      const all = slices(rest, () => 0.1)
      let state = seen(part(all, [1, SLICES]), 48)
      for (let looks = 2; looks > 0; looks--)
        state = noteSlices(state, part(all, [SLICES + 1, SLICES + groups]), AT_ONE)
      return noteSlices(state, {}, AT_ONE).widening.tooUneven[0]
    }
    const uneven = (group: number) => (group % 10 === 0 ? 0.2 : 0.09)
    expect([widened(uneven, 20), widened(chance, 20)]).toEqual([true, false])
    // Visitors in nearly all groups are many, and tell for themselves.
    expect(widened(uneven, SLICES)).toBe(false)
  })

  it('of whom a few are left as control are as uneven as they were before', () => {
    const uneven = (group: number) => (group % 10 === 0 ? 0.4 : 0.07)
    const other = (group: number) => uneven(group + 5)
    const last = { before: 50, percentage: 99, canaryRequests: 10_000, regime: 'none' } as const
    const entered = enterStageOfPopulation(seen(slices(uneven, other), 50, { percentage: 50 }), last)
    const left = Object.fromEntries(
      Object.entries(slices(() => 0.07, uneven)).filter(([slice]) => Number(slice) <= 10),
    )
    let state = entered
    for (let looks = 50; looks > 0; looks--)
      state = noteSlices(state, left, { ...AT_ONE, percentage: 99, comingTo: undefined })
    expect(state.unevenness).toEqual(entered.unevenness)
    expect(state.widening.tooUneven[0]).toBe(true)
  })

  it('two groups of networks can’t widen the null', () => {
    const before = seen(
      slices(
        () => 0.1,
        (group) => (group <= 2 ? 1 : 0.1),
      ),
    )
    const widened = (regime: 'none' | 'many') =>
      enterStageOfPopulation(before, { ...MOVE, canaryRequests: 0, regime }).widening.rollback[0]
    expect([widened('none'), widened('many')]).toEqual([1.5, 1])
  })

  it('keep the widening that an open batch began with', () => {
    const state = seen(slices(chance, chance))
    const open = noteSlices(
      state,
      slices(
        () => 0.1,
        () => 0.9,
      ),
      { ...AT_ONE, isBatchOpen: true },
    )
    expect(open.widening).toBe(state.widening)
  })
})

describe('slices', () => {
  it('tell who comes next, by group of networks or by hash', () => {
    const cell: { slices?: Slices } = {}
    noteSlice(cell, { arm: 'canary', position: 1 }, 7, 10)
    noteSlice(cell, { arm: 'control', position: 1 }, 7, 10)
    expect(cell.slices).toBeUndefined()
    noteSlice(cell, { arm: 'control', position: 1, isComing: false }, 7, 1)
    noteSlice(cell, { arm: 'control', position: 1, isComing: true }, 7, 1)
    expect(cell.slices).toEqual({ 8: { 0: 1 }, 38: { 0: 1 } })
    for (let position = 0; position < 200; position++)
      noteSlice(cell, { arm: 'control', position, isComing: false }, 0, 1)
    const known = Object.keys(cell.slices ?? {}).map(Number)
    expect(Math.min(...known)).toBe(1)
    expect(known.filter((slice) => slice <= SLICES)).toHaveLength(SLICES)
  })
})
