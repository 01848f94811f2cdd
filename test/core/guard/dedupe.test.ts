import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failureMark } from '../../../src/core/counters/networks.ts'
import {
  canarySlotCount,
  type DedupeState,
  initialDedupe,
  stepDedupe,
  VISITOR_SLOTS,
} from '../../../src/core/guard/dedupe/dedupe.ts'
import { readEntry, writeEntry } from '../../../src/core/guard/dedupe/dedupe-entry.ts'

/** Resting slots by rule and arm. */
function restsOf({ strict, plain }: DedupeState) {
  return {
    strictCanary: strict.canary,
    plainCanary: plain.canary,
    strictControl: strict.control,
    plainControl: plain.control,
  }
}

describe('dedupe', () => {
  it('counts a slot once however often it retries', () => {
    let state = initialDedupe(10)
    let strict = 0
    for (let second = 1; second <= 50; second++) {
      const step = stepDedupe(state, { nowS: second, percentage: 10, canary: [7, 7, 7], control: [] })
      state = step.state
      strict += step.counted.strictCanary.length
    }
    expect(strict).toBe(1)
  })

  it('lets a slot count again after 60 s of quiet, then 120 s, then 240 s', () => {
    let state = initialDedupe(10)
    const counts = [0, 59, 119, 120, 240, 241, 480, 481, 960].map((second) => {
      const step = stepDedupe(state, { nowS: second, percentage: 10, canary: [3], control: [] })
      state = step.state
      return step.counted.strictCanary.length
    })
    // 59 restarts the first rest, 119 is 60 s after it; 120 and 240 each restart the second rest of 120 s, …
    expect(counts).toEqual([1, 0, 1, 0, 1, 0, 0, 0, 1])
  })

  it('counts plainly once a minute while errors go on', () => {
    let state = initialDedupe(10)
    let plain = 0
    for (let second = 0; second < 600; second++) {
      const step = stepDedupe(state, { nowS: second, percentage: 10, canary: [], control: [60_000] })
      state = step.state
      plain += step.counted.plainControl.length
    }
    expect(plain).toBe(10)
  })

  it('takes resting slots out of the exposure, and gives them back', () => {
    const canary = Array.from({ length: 100 }, (_, slot) => slot)
    const first = stepDedupe(initialDedupe(1), { nowS: 1, percentage: 1, canary: canary, control: [] })
    expect(first.eligible.strictCanary).toBe(1)
    const second = stepDedupe(first.state, { nowS: 2, percentage: 1, canary: [], control: [] })
    expect(second.eligible.strictCanary).toBeCloseTo(1 - 100 / canarySlotCount(1), 12)
    expect(second.eligible.strictControl).toBe(1)
    expect(
      stepDedupe(second.state, { nowS: 61, percentage: 1, canary: [], control: [] }).eligible.strictCanary,
    ).toBe(1)
  })

  it('moves resting slots to the canary when the percentage grows', () => {
    const slot = Math.floor(VISITOR_SLOTS * 0.03)
    const first = stepDedupe(initialDedupe(1), { nowS: 1, percentage: 1, canary: [], control: [slot] })
    const before = restsOf(stepDedupe(first.state, { nowS: 2, percentage: 1, canary: [], control: [] }).state)
    expect(before).toMatchObject({ strictCanary: 0, strictControl: 1, plainCanary: 0, plainControl: 1 })
    const moved = stepDedupe(first.state, { nowS: 2, percentage: 5, canary: [], control: [] }).state
    expect(restsOf(moved)).toMatchObject({
      strictCanary: 1,
      strictControl: 0,
      plainCanary: 1,
      plainControl: 0,
    })
    const later = stepDedupe(moved, { nowS: 100, percentage: 5, canary: [], control: [] }).state
    expect(restsOf(later)).toMatchObject({
      strictCanary: 0,
      strictControl: 0,
      plainCanary: 0,
      plainControl: 0,
    })
  })

  it('agrees with a full scan after any history', () => {
    const tick = fc.record({
      gapS: fc.integer({ min: 0, max: 100 }),
      percentage: fc.constantFrom(1, 1, 1, 50),
      canary: fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 5 }),
      control: fc.array(fc.integer({ min: 33_000, max: 33_090 }), { maxLength: 5 }),
    })
    fc.assert(
      fc.property(fc.array(tick, { maxLength: 80 }), (ticks) => {
        const model = new Map<number, { times: number; lastS: number; countedS: number }>()
        let state = initialDedupe(1)
        let nowS = 0
        for (const { gapS, percentage, canary, control } of ticks) {
          nowS += gapS
          state = stepDedupe(state, {
            nowS: nowS,
            percentage: percentage,
            canary: canary,
            control: control,
          }).state
          for (const slot of [...canary, ...control]) {
            const old = model.get(slot) ?? { times: 0, lastS: -1e9, countedS: -1e9 }
            const strict = old.times === 0 || nowS >= old.lastS + 60 * 2 ** (old.times - 1)
            const countedS = nowS >= old.countedS + 60 ? nowS : old.countedS
            model.set(slot, { times: old.times + (strict ? 1 : 0), lastS: nowS, countedS })
          }
        }
        const resting = { strictCanary: 0, plainCanary: 0, strictControl: 0, plainControl: 0 }
        for (const [slot, { times, lastS, countedS }] of model) {
          const canary = slot + 0.5 < canarySlotCount(state.percentage)
          if (lastS + 60 * 2 ** (times - 1) > nowS) resting[canary ? 'strictCanary' : 'strictControl']++
          if (countedS + 60 > nowS) resting[canary ? 'plainCanary' : 'plainControl']++
        }
        expect(restsOf(state)).toEqual(resting)
      }),
      { seed: 3, numRuns: 300 },
    )
  })

  it('does not change the state that it is given', () => {
    const first = stepDedupe(initialDedupe(1), {
      nowS: 1,
      percentage: 1,
      canary: [1, 2, 3],
      control: [50_000],
    }).state
    const copy = JSON.stringify(first)
    stepDedupe(first, { nowS: 300, percentage: 1, canary: [1, 4], control: [50_000] })
    stepDedupe(first, { nowS: 300, percentage: 50, canary: [1, 4], control: [50_000] })
    expect(JSON.stringify(first)).toBe(copy)
  })

  it('remembers four times as many marks where no network is known as of a group of networks', () => {
    const MARKS = { ofNone: 3, ofGroup: 5 * VISITOR_SLOTS + 3 }
    const recent = Array.from({ length: 31 }, () => (4_096 * 600) / (Math.LN2 * 100))
    const at = (state: DedupeState, nowS: number) =>
      stepDedupe(state, { nowS, percentage: 50, canary: Object.values(MARKS), control: [], groups: 2 })
    // Errors that come so fast that a group's memory is 100 s, and that of none 400 s; they halve in 600 s.
    const first = { ...at(initialDedupe(50), 0).state, recent }
    const again = at(first, 200)
    expect(again.counted.strictCanary.toSorted((a, b) => a - b)).toEqual([MARKS.ofNone, MARKS.ofGroup])
    // Who is known rests for 120 s this time, and who is forgotten for 60 s.
    expect(at(again.state, 270).counted.strictCanary).toEqual([MARKS.ofGroup])
  })

  it('ignores what is not a slot', () => {
    const step = stepDedupe(initialDedupe(1), {
      nowS: 1,
      percentage: 1,
      canary: [-1, 1.5, Number.NaN, 65_536 * 31],
      control: [],
    })
    expect(step.counted.strictCanary.length).toBe(0)
  })

  it('stays at half a megabyte when every slot has failed', () => {
    const all = Array.from({ length: VISITOR_SLOTS }, (_, slot) => slot)
    const { state } = stepDedupe(initialDedupe(50), {
      nowS: 1_000_000,
      percentage: 50,
      canary: all,
      control: [],
    })
    expect(JSON.stringify(state).length).toBeLessThan(540_000)
  })

  it('keeps entries exactly', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 15 }),
        fc.integer({ min: 0, max: 2 ** 26 - 1 }),
        fc.integer({ min: 0, max: 59 }),
        (times, lastS, lagS) => {
          const other = writeEntry('', -1, 5, { times: 1, lastS: 2, lagS: 3 })
          const chunk = writeEntry(other, -1, 6, { times, lastS, lagS })
          expect(readEntry(chunk, 8)).toEqual({ times, lastS, lagS })
          expect(readEntry(writeEntry(chunk, 0, 5, { times, lastS, lagS }), 0)).toEqual({
            times,
            lastS,
            lagS,
          })
        },
      ),
      { seed: 4 },
    )
  })

  it('lets groups of networks take turns, so that a flood crowds out no others', () => {
    const flood = Array.from({ length: 500 }, (_, slot) => failureMark(slot, 7))
    const others = [failureMark(9, 8), failureMark(9, 9), failureMark(10, 8)]
    let left = 5
    const step = stepDedupe(
      initialDedupe(50),
      { nowS: 1, percentage: 50, canary: [...flood, ...others], control: [] },
      () => () => --left === 0,
    )
    expect(step.counted.strictCanary).toHaveLength(5)
    expect(step.counted.strictCanary).toEqual(expect.arrayContaining(others))
    expect(step.counted.plainCanary).toHaveLength(503)
  })

  it('counts failures that no one was asked about against a claim alone', () => {
    const [mark, other] = [failureMark(3, 7), failureMark(40_000, 7)]
    const none = { nowS: 1, percentage: 50, canary: [], control: [] }
    const unasked = { canary: [mark], control: [other] }
    const { counted, state } = stepDedupe(initialDedupe(50), { ...none, unasked })
    expect(counted).toEqual({
      strictCanary: [],
      plainCanary: [mark],
      strictControl: [],
      plainControl: [other],
      unaskedControl: [other],
    })
    // They rest all the same.
    expect(stepDedupe(state, { ...none, nowS: 2, canary: [mark] }).counted.strictCanary).toEqual([])
    const both = stepDedupe(initialDedupe(50), { ...none, canary: [mark], control: [other], unasked })
    expect([both.counted.strictCanary, both.counted.strictControl]).toEqual([[mark], [other]])
  })

  it('rests a slot in its own group of networks, and takes it out of the exposure of all', () => {
    const [here, there] = [failureMark(3, 7), failureMark(3, 8)]
    const none = { percentage: 50, canary: [], control: [], groups: 2 }
    const { state } = stepDedupe(initialDedupe(50), { ...none, nowS: 1, canary: [here] })
    const next = stepDedupe(state, { ...none, nowS: 2, canary: [here, there] })
    expect(next.counted.strictCanary).toEqual([there])
    expect(next.eligible.strictCanary).toBeCloseTo(1 - 1 / (2 * canarySlotCount(50)), 12)
    const moved = stepDedupe(state, { ...none, nowS: 2, percentage: 0.001 })
    expect(moved.state.strict).toMatchObject({ canary: 0, control: 1 })
  })
})
