/** Lost, late, repeated and reordered flushes: no count is wrong, no rollback false, no rollback late for ever. */
import { describe, expect, it } from 'vitest'
import type { Arm } from '../../src/core/decision/decide.ts'
import { seeded } from '../../test-kit/simulation/random.ts'
import { type Attempt, type Conditions, Flow, sums } from './flow.ts'
import { type Faults, Network, NO_FAULTS } from './network.ts'

const HEAVY: Faults = { lost: 0.25, repeated: 0.3, longestDelayS: 12 }
const STAGES = {
  guard: {},
  rules: [
    {
      serve: 'on',
      stages: [
        { percentage: 20, bake: '1h' },
        { percentage: 50, bake: '1h' },
      ],
    },
  ],
}
const always = (canary: number, control: number) => (arm: Arm) => (arm === 'canary' ? canary : control)

function flowOf(name: string, run: number, faults: Faults, conditions: Partial<Conditions> = {}) {
  const network = new Network(seeded(`${name} network`, run), faults)
  const all = { failureRate: always(0.01, 0.01), requestsPerSecond: 120, ...conditions }
  const flow = new Flow(seeded(name, run), network, all, STAGES)
  return {
    flow,
    settle: () => {
      network.faults = NO_FAULTS
      flow.settle()
    },
  }
}

const RUNS = Array.from({ length: 4 }, (_, run) => run)

describe('counts', () => {
  it.each([
    ['come late and out of order', { ...NO_FAULTS, longestDelayS: 20 }],
    ['come twice', { ...NO_FAULTS, repeated: 1, longestDelayS: 5 }],
    ['get lost on the way, or their acknowledgement does', { ...NO_FAULTS, lost: 0.5 }],
    ['suffer all of that', HEAVY],
  ])('are the same in the end where flushes %s', (_, faults) => {
    for (const run of RUNS) {
      const { flow, settle } = flowOf('counts', run, faults, { eviction: 0.05 })
      flow.run(40)
      settle()
      expect(sums(flow.arrived)).toEqual(sums(flow.counted))
    }
  })

  it('never exceed what happened, also where isolates die with what they have not sent', () => {
    for (const run of RUNS) {
      const { flow, settle } = flowOf('deaths', run, HEAVY, { eviction: 0.05, death: 0.02 })
      flow.run(60)
      settle()
      const [arrived, counted] = [flow.arrived, flow.counted].map((table) => table.toList())
      for (const cell of arrived ?? []) {
        const truth = counted?.find(({ arm, variant }) => arm === cell.arm && variant === cell.variant)
        expect(cell.requests).toBeLessThanOrEqual(truth?.requests ?? 0)
        expect(cell.errors.status).toBeLessThanOrEqual(truth?.errors.status ?? 0)
        expect(truth?.erroredBuckets).toEqual(expect.arrayContaining(cell.erroredBuckets))
      }
    }
  })

  it('of another stage or generation are counted, and never judged', () => {
    for (const run of RUNS) {
      const { flow, settle } = flowOf('stages', run, HEAVY)
      flow.run(20)
      flow.command({ kind: 'stage', stage: 1 })
      flow.run(30)
      flow.command({ kind: 'rollback' })
      flow.run(10)
      flow.command({ kind: 'resume' })
      flow.run(30)
      for (const attempt of ['1 0', '1 1', '2 0']) {
        const { inTime, late } = arrivalsOf(flow, attempt)
        expect(judgedOf(flow, attempt)).toEqual(inTime)
        // Without any that come too late, this would prove nothing.
        if (attempt !== '2 0') expect(Math.min(late.canary, late.control)).toBeGreaterThan(0)
      }
      settle()
      expect(sums(flow.arrived)).toEqual(sums(flow.counted))
    }
  })
})

const nameOf = ({ generation, stage }: Attempt) => `${generation} ${stage}`

/** Requests of an attempt that arrived while it was the current one, and those that came when another was. */
function arrivalsOf(flow: Flow, attempt: string) {
  const arrived = { inTime: { canary: 0, control: 0 }, late: { canary: 0, control: 0 } }
  for (const { during, cells } of flow.arrivals) {
    for (const { arm, generation, stage, requests } of cells) {
      if (arm === 'other' || nameOf({ generation, stage }) !== attempt) continue
      arrived[nameOf(during) === attempt ? 'inTime' : 'late'][arm] += requests
    }
  }
  return arrived
}

function judgedOf(flow: Flow, attempt: string) {
  const looks = flow.judged.filter(({ during }) => nameOf(during) === attempt)
  const sum = (arm: 'canary' | 'control') => looks.reduce((total, look) => total + look[arm], 0)
  return { canary: sum('canary'), control: sum('control') }
}

describe('the guard', () => {
  it('rolls back nothing healthy, whatever happens to flushes', () => {
    for (const run of Array.from({ length: 10 }, (_, index) => index)) {
      const { flow } = flowOf('healthy', run, HEAVY, { eviction: 0.02, death: 0.01, requestsPerSecond: 60 })
      flow.run(150)
      expect(flow.commands).toEqual([])
    }
  })

  it('rolls back nothing in an outage that hits both arms, though it is told in pieces', () => {
    for (const run of RUNS) {
      const failureRate = (_: Arm, second: number) => (second > 60 && second <= 100 ? 0.3 : 0.005)
      const { flow } = flowOf('outage', run, HEAVY, { failureRate, eviction: 0.02 })
      flow.run(160)
      expect(flow.commands).toEqual([])
    }
  })

  it('rolls back a canary that fails, once, and every isolate learns of it', () => {
    for (const run of RUNS) {
      const failureRate = (arm: Arm, second: number) => (arm === 'canary' && second > 30 ? 0.3 : 0.005)
      const { flow, settle } = flowOf('failing', run, HEAVY, { failureRate, eviction: 0.02, death: 0.01 })
      flow.run(150)
      expect(flow.commands.map(({ kind }) => kind)).toEqual(['rollback'])
      expect(flow.commands[0]?.second).toBeGreaterThan(30)
      settle()
      expect(new Set(flow.epochs)).toEqual(new Set([flow.state.epoch]))
      expect(flow.control.rolledBack).toBeDefined()
    }
  })
})
