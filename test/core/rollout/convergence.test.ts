import { describe, expect, it } from 'vitest'
import type { IsolateSighting } from '../../../src/core/counters/protocol.ts'
import {
  convergenceOf,
  documentConvergenceOf,
  ISOLATE_ACTIVE_MS,
} from '../../../src/core/rollout/convergence.ts'

const SINCE_MS = 1_000_000
const NOW_MS = SINCE_MS + 4_000

function isolate(epoch: number, epochAtMs: number, seenAtMs = NOW_MS): IsolateSighting {
  const hashes = { usedHash: '', documentHash: '', killHash: '' }
  return { isolate: `isolate-${epoch}-${epochAtMs}-${seenAtMs}`, epoch, epochAtMs, seenAtMs, ...hashes }
}
const of = (...isolates: IsolateSighting[]) =>
  convergenceOf(7, SINCE_MS, [{ shard: 'OTP', isolates }], NOW_MS)

describe('a state has arrived', () => {
  it('where every isolate that serves decides by it, and the slowest is told', () => {
    expect(of(isolate(7, SINCE_MS + 300), isolate(7, SINCE_MS + 1_700))).toEqual({
      converged: true,
      slowestMs: 1_700,
      isolates: { converged: 2, behind: 0, idle: 0 },
      colos: [{ colo: 'OTP', converged: 2, behind: 0, idle: 0, slowestMs: 1_700 }],
    })
  })

  it('not where one serves by an older one', () => {
    expect(of(isolate(7, SINCE_MS + 300), isolate(6, 0))).toMatchObject({
      converged: false,
      isolates: { converged: 1, behind: 1 },
    })
  })

  it('where the ones that have not heard of it have been silent since: they serve no visitor', () => {
    const silent = isolate(6, 0, SINCE_MS - 3_000)
    expect(of(isolate(7, SINCE_MS + 300), silent)).toMatchObject({ converged: true, isolates: { idle: 1 } })
  })

  it('without the isolates that are gone', () => {
    const gone = isolate(6, 0, NOW_MS - ISOLATE_ACTIVE_MS)
    expect(of(isolate(7, SINCE_MS), gone).isolates).toEqual({ converged: 1, behind: 0, idle: 0 })
  })

  it('also where isolates are further already; how long those took is not known', () => {
    expect(of(isolate(9, SINCE_MS + 2_000))).toMatchObject({ converged: true, slowestMs: null })
  })

  it('no sooner than it was made, whatever the clock of an isolate says', () => {
    expect(of(isolate(7, SINCE_MS - 500)).slowestMs).toBe(0)
  })

  it('nowhere, where no isolate serves', () => {
    const nothing = { converged: 0, behind: 0, idle: 0 }
    expect(of()).toEqual({ converged: true, slowestMs: null, isolates: nothing, colos: [] })
  })
})

describe('a document has arrived', () => {
  const by = (usedHash: string, seenAtMs = NOW_MS) => ({ ...isolate(7, SINCE_MS, seenAtMs), usedHash })
  const of = (...isolates: IsolateSighting[]) =>
    documentConvergenceOf('new', [{ shard: 'OTP', isolates }], NOW_MS)

  it('where every isolate that serves decides by it; silent ones serve no visitor', () => {
    const named = (name: string, sighting: IsolateSighting) => ({ ...sighting, isolate: name })
    expect(of(named('a', by('new')), named('b', by('old')))).toMatchObject({
      converged: false,
      isolates: { converged: 1, behind: 1, idle: 0 },
    })
    expect(of(named('a', by('new')), named('b', by('old', SINCE_MS - 3_000)))).toMatchObject({
      converged: true,
      slowestMs: null,
      isolates: { converged: 1, behind: 0, idle: 1 },
    })
  })
})
