import { beforeEach, describe, expect, it } from 'vitest'
import { type ControlState, compileControl } from '../../../../src/core/config/control.ts'
import { staticContext } from '../../../../src/core/context/attributes.ts'
import { decide } from '../../../../src/core/decision/decide.ts'
import { GradualRollback } from '../../../../src/gate/evaluation/gradual-rollback.ts'
import { decisionInputs } from '../../../../src/gate/evaluation/visitor.ts'
import { OriginHealth } from '../../../../src/gate/origin/origin-health.ts'
import { environment, flagTargetAt, NOW_MS, originAt, SHOP, snapshotOf } from '../support/stage.ts'

const flagOf = (more: object = {}) => ({ ...SHOP.flags.checkout, ...more })
const snapshot = snapshotOf({
  ...SHOP,
  flags: {
    ...SHOP.flags,
    checkout: flagOf({ rollout: { stepBack: '10s' } }),
    half: flagOf(),
    unrouted: flagOf({ rollout: { stepBack: '10s' } }),
  },
})
const target = flagTargetAt(snapshot, '/checkout/')
const rolledBack = (...flags: string[]): ControlState => ({
  epoch: 1,
  killed: [],
  kvKilled: [],
  flags: Object.fromEntries(
    flags.map((flag) => [flag, { generation: 1, stage: 0, rolledBack: { atMs: NOW_MS, reason: 'errors' } }]),
  ),
})

let health: OriginHealth
let rollback: GradualRollback
beforeEach(() => {
  health = new OriginHealth()
  rollback = new GradualRollback(health, decide)
})

const configOf = (state: ControlState) => ({
  snapshot,
  control: compileControl(state, []),
  tokens: undefined,
})
const inputsAt = (afterMs: number, state: ControlState) =>
  decisionInputs(configOf(state), environment, NOW_MS + afterMs, undefined)
const decideAt = (visitor: string, afterMs: number, state = rolledBack('checkout')) =>
  rollback.decide(target, staticContext(visitor, {}), inputsAt(afterMs, state))
/** Of a hundred visitors, how many are still at the canary. */
const left = (afterMs: number) =>
  Array.from({ length: 400 }, (_, at) => decideAt(`visitor-${at}`, afterMs)).filter(
    ({ variant }) => variant === 'on',
  ).length / 4

describe('a gradual rollback', () => {
  it('moves a quarter of the visitors at once, and another with each half second', () => {
    const shares = [0, 499, 500, 1_000, 1_500].map(left)
    expect(shares[0]).toBeGreaterThan(67)
    expect(shares[0]).toBeLessThan(83)
    expect(shares[1]).toBe(shares[0])
    expect(shares[2]).toBeGreaterThan(42)
    expect(shares[2]).toBeLessThan(58)
    expect(shares[3]).toBeGreaterThan(17)
    expect(shares[3]).toBeLessThan(33)
    expect(shares[4]).toBe(0)
  })

  it('waits while the stable origin slows down, until its time is up', () => {
    const { stable } = target
    for (let count = 0; count < 300; count++)
      health.record({ kind: 'answered', origin: stable, failure: undefined, latencyMs: 40 } as never, NOW_MS)
    const before = left(0)
    for (let count = 0; count < 30; count++)
      health.record({ kind: 'answered', origin: stable, failure: undefined, latencyMs: 400 } as never, NOW_MS)
    expect(left(600)).toBe(before)
    expect(left(5_000)).toBeLessThan(58)
    expect(left(9_999)).toBeLessThanOrEqual(1)
    expect(decideAt('ada', 10_000)).toMatchObject({ variant: 'off', reason: 'ROLLED_BACK' })
  })

  it('shows a visitor who has not moved what they had before, which is no evidence any more', () => {
    const visitor = Array.from({ length: 50 }, (_, at) => `visitor-${at}`).find(
      (each) => decideAt(each, 0).variant === 'on',
    )
    const decision = decideAt(visitor ?? '', 0)
    expect(decision).toMatchObject({
      variant: 'on',
      reason: 'STATIC',
      rule: undefined,
      placement: { arm: 'other' },
    })
  })

  it('moves everyone at once where the canary is down', () => {
    for (let count = 0; count < 7; count++)
      health.record(
        { kind: 'failed', origin: originAt('http://new.test'), failure: 'connect', latencyMs: 1 },
        NOW_MS,
        { visitor: count, network: 0 },
      )
    expect(left(0)).toBe(0)
  })

  it('starts anew with another rollback', () => {
    left(0)
    left(1_000)
    const again = rolledBack('checkout')
    const second = {
      ...again,
      flags: { checkout: { generation: 2, stage: 0, rolledBack: { atMs: NOW_MS + 60_000, reason: 'x' } } },
    }
    const on = Array.from({ length: 200 }, (_, at) => decideAt(`visitor-${at}`, 60_000, second)).filter(
      ({ variant }) => variant === 'on',
    )
    expect(on.length).toBeGreaterThan(120)
  })

  it('is only of flags that ask for it, and that route', () => {
    const decideFlag = (flag: string, state: ControlState) => {
      const compiled = snapshot.flags.get(flag)
      if (compiled === undefined) throw new Error(`Cannot stage: ${flag}`)
      return Array.from(
        { length: 40 },
        (_, at) =>
          rollback.decideUnrouted(compiled, snapshot, staticContext(`visitor-${at}`, {}), inputsAt(0, state))
            .variant,
      )
    }
    expect(new Set(decideFlag('half', rolledBack('half')))).toEqual(new Set(['off']))
    expect(new Set(decideFlag('unrouted', rolledBack('unrouted')))).toEqual(new Set(['off']))
    expect(new Set(decideFlag('checkout', rolledBack('checkout')))).toEqual(new Set(['on', 'off']))
    expect(new Set(decideFlag('checkout', rolledBack()))).toEqual(new Set(['on']))
  })

  it('moves visitors without a targeting key first', () => {
    const decision = rollback.decide(
      target,
      staticContext(undefined, {}),
      inputsAt(0, rolledBack('checkout')),
    )
    expect(decision.variant).toBe('off')
  })

  it('leaves a killed flag killed', () => {
    const state = { ...rolledBack('checkout'), killed: ['checkout'] }
    expect(decideAt('ada', 0, state)).toMatchObject({ variant: 'off', reason: 'KILLED' })
  })
})

describe('open pages hear of it', () => {
  const progressAt = (afterMs: number, state = rolledBack('checkout')) =>
    rollback.progress(configOf(state), NOW_MS + afterMs)

  it('while visitors move, with each part of them, and without the flag’s name', () => {
    const seen = [0, 100, 500, 1_000, 9_999, 10_000].map((afterMs) => progressAt(afterMs))
    expect(seen[1]).toBe(seen[0])
    expect(new Set(seen.slice(0, 4)).size).toBe(3)
    expect(seen.slice(0, 5).every((each) => /^\w+$/.test(each) && !each.includes('checkout'))).toBe(true)
    expect(seen[5]).toBe('')
  })

  it('of no other flag', () => {
    expect(progressAt(0, rolledBack())).toBe('')
    expect(progressAt(0, rolledBack('half', 'unrouted', 'gone'))).toBe('')
  })

  it('with each eighth of them, where they move slowly', () => {
    const record = (latencyMs: number) =>
      health.record(
        { kind: 'answered', origin: target.stable, failure: undefined, latencyMs } as never,
        NOW_MS,
      )
    for (let count = 0; count < 300; count++) record(40)
    progressAt(0)
    for (let count = 0; count < 30; count++) record(400)
    const seen = [2_500, 3_740, 3_750, 4_990, 5_000].map((afterMs) => progressAt(afterMs))
    expect(seen.map((each) => seen.indexOf(each))).toEqual([0, 0, 2, 2, 4])
  })
})
