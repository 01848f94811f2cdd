/** How an attempt ended, and what is kept of it. */
import { describe, expect, it } from 'vitest'
import type { FlagControl } from '../../../../src/core/config/control.ts'
import { type Cell, emptyCell } from '../../../../src/core/counters/cell.ts'
import type { Failures } from '../../../../src/core/counters/samples/failures.ts'
import type { VerdictReport } from '../../../../src/core/guard/index.ts'
import { type EndedAttempt, endingOf, failuresOf, outcomeOf } from '../../../../src/core/rollout/attempt.ts'

const since = { atMs: 1, reason: 'earlier' }
const at = (parts: Partial<FlagControl> = {}): FlagControl => ({ generation: 2, stage: 1, ...parts })

describe('an attempt', () => {
  it.each<[string, FlagControl, FlagControl, string | undefined]>([
    ['goes on at another stage', at(), at({ stage: 2 }), undefined],
    ['goes on paused', at(), at({ paused: since }), undefined],
    ['is finished', at(), at({ finished: true }), 'finished'],
    ['is rolled back', at(), at({ rolledBack: since }), 'rolled-back'],
    [
      'is rolled back though it was finished',
      at({ finished: true }),
      at({ rolledBack: since }),
      'rolled-back',
    ],
    ['is replaced', at(), at({ generation: 3 }), 'replaced'],
    ['is replaced by one that is finished', at(), at({ generation: 3, finished: true }), 'replaced'],
    ['had ended finished', at({ finished: true }), at({ generation: 3 }), undefined],
    ['was finished and still is', at({ finished: true }), at({ finished: true }), undefined],
    ['had ended rolled back', at({ rolledBack: since }), at({ generation: 3 }), undefined],
    ['was rolled back and still is', at({ rolledBack: since }), at({ rolledBack: since }), undefined],
  ])('%s', (_, before, after, ending) => {
    expect(endingOf(before, after)).toBe(ending)
  })
})

describe('an outcome', () => {
  const cell = (parts: Partial<Cell>): Cell => ({
    ...emptyCell({ flag: 'f', variant: 'on', arm: 'canary', generation: 2, stage: 0 }),
    ...parts,
  })
  const errors = { status: 1, timeout: 0, connect: 2, 'aborted-by-origin': 0, reported: 0 }
  const ended: EndedAttempt = {
    ...{
      flag: 'f',
      startedAtMs: 5,
      endedAtMs: 9,
      ending: 'finished',
      actor: 'Ada',
      reason: 'done',
      percentage: 50,
    },
    ...{ control: at(), verdict: null, failures: undefined, shadow: undefined },
    cells: [
      cell({ requests: 30, errors, latency: { 50: 20, 60: 10 } }),
      cell({ requests: 10, stage: 1, variant: 'b', latency: { 50: 10 } }),
      cell({ requests: 1_000, errors, generation: 1 }),
      cell({ requests: 7, arm: 'other' }),
    ],
  }

  it('has the counts of its generation, of all stages and variants, by arm', () => {
    const outcome = outcomeOf(ended)
    expect(outcome).toEqual({
      ...{
        flag: 'f',
        startedAtMs: 5,
        endedAtMs: 9,
        ending: 'finished',
        actor: 'Ada',
        reason: 'done',
        percentage: 50,
      },
      ...{ generation: 2, stage: 1, verdict: null, failures: [], note: null },
      // Upper edges of bins 50 and 60: 2^(50/8) and 2^(60/8).
      canary: { requests: 40, errors: 3, errorRate: 0.075, p50Ms: 76.1, p95Ms: 181 },
      control: { requests: 0, errors: 0, errorRate: null, p50Ms: null, p95Ms: null },
    })
  })

  it('has the last verdict, what the copies showed, and its metrics without their course', () => {
    const metrics = {
      metrics: [{ name: 'order', series: [1, 2] }],
      sentence: 's',
    } as unknown as EndedAttempt['metrics']
    const shadow = { verdict: 'same', sentence: 'alike', samples: 4 }
    expect(
      outcomeOf({ ...ended, verdict: { sentence: 'fails' } as VerdictReport, shadow, metrics }),
    ).toMatchObject({
      ...{ verdict: 'fails', shadow },
      metrics: { sentence: 's', metrics: [{ name: 'order', series: [] }] },
    })
    expect(outcomeOf(ended)).not.toHaveProperty('shadow')
    expect(outcomeOf(ended)).not.toHaveProperty('metrics')
  })

  it('has what failed in it, and not in another', () => {
    const group = (arm: string, count: number) => ({
      ...{
        arm,
        as: 'failed',
        variant: 'on',
        sampled: count,
        requests: [],
        firstSeenAt: 'a',
        lastSeenAt: 'b',
      },
      ...{ statuses: [{ value: '500', count }], paths: [], colos: [], countries: [], browsers: [] },
    })
    const failures = {
      generation: 2,
      groups: [group('control', 1), group('canary', 2)],
    } as unknown as Failures
    expect(failuresOf(failures, 2).map(({ arm }) => arm)).toEqual(['canary', 'control'])
    expect([failuresOf(failures, 1), failuresOf(failures, 3), failuresOf(undefined, 2)]).toEqual([[], [], []])
    expect(outcomeOf({ ...ended, failures }).failures).toHaveLength(2)
  })
})
