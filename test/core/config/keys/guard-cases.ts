import { type Case, F, RULE } from './case.ts'
import type { Gate } from './gate-probe.ts'

const slots = (count: number) => Array.from({ length: count }, (_, slot) => slot)
/** A flag at 50 % with this guard. */
const guardOf = (settings: object) => ({ [`${F}.guard`]: settings, [`${RULE}.percentage`]: 50 })

/** Latencies of which many are above control's, and none three times as long. */
const SLOW = { latency: { 50: 70, 60: 30 } }
/** Latencies beyond any limit. */
const LATE = { latency: { 50: 70, 80: 30 } }
/** Compared from the first second on. */
const WARM = { warmUp: '0s' }

/** Keys of a flag's guard. */
export const GUARD_CASES: Record<string, Case> = {
  'flags.*.guard.enabled': {
    given: guardOf({}),
    to: false,
    sees: (gate) => [gate.snapshot.flags.get('f')?.deadlineMs, compiledGuard(gate)],
    was: [5_000, true],
    becomes: [Number.POSITIVE_INFINITY, false],
  },
  'flags.*.guard.action': {
    given: guardOf({}),
    to: 'freeze',
    sees: (gate) => gate.guard({ erroredSlots: slots(20) }, {}),
    was: 'rollback 2',
    becomes: 'freeze 2',
  },
  'flags.*.guard.alpha': {
    given: guardOf({ errors: {} }),
    to: 1e-9,
    sees: (gate) => gate.guard({ erroredSlots: slots(4) }, {}),
    was: 'rollback 3',
    becomes: 'rollback 10',
  },
  'flags.*.guard.errors': {
    given: guardOf({ latency: WARM }),
    to: {},
    sees: (gate) => gate.guard({ erroredSlots: slots(20) }, {}),
    was: 'baking',
    becomes: 'rollback 2',
  },
  'flags.*.guard.errors.rho': {
    given: guardOf({ errors: { delta: 0 } }),
    to: 100,
    sees: (gate) => gate.guard({ erroredSlots: slots(20) }, { erroredSlots: [50_000], errors: 1 }, 30),
    was: 'rollback 2',
    becomes: 'collecting',
  },
  'flags.*.guard.errors.delta': {
    given: guardOf({ errors: {} }),
    to: 0.5,
    sees: (gate) => gate.guard({ erroredSlots: slots(20) }, {}),
    was: 'rollback 2',
    becomes: 'collecting',
  },
  'flags.*.guard.errors.minBuckets': {
    given: guardOf({ errors: {} }),
    to: 100,
    sees: (gate) => gate.guard({ erroredSlots: slots(20) }, {}),
    was: 'rollback 2',
    becomes: 'rollback 15',
  },
  'flags.*.guard.latency': {
    given: guardOf({ errors: {} }),
    to: WARM,
    sees: (gate) => gate.guard(SLOW, {}),
    was: 'baking',
    becomes: 'rollback 33',
  },
  'flags.*.guard.latency.rho': {
    given: guardOf({ latency: WARM }),
    to: 100,
    sees: (gate) => gate.guard(SLOW, { latency: { 50: 90, 60: 10 } }),
    was: 'rollback 33',
    becomes: 'collecting',
  },
  'flags.*.guard.latency.delta': {
    given: guardOf({ latency: WARM }),
    to: 1,
    sees: (gate) => gate.guard(SLOW, {}),
    was: 'rollback 32',
    becomes: 'collecting',
  },
  'flags.*.guard.latency.marginBuckets': {
    given: guardOf({ latency: WARM }),
    to: 40,
    sees: (gate) => gate.guard(SLOW, {}),
    was: 'rollback 32',
    becomes: 'collecting',
  },
  'flags.*.guard.latency.deadlineMs': {
    given: guardOf({ latency: WARM }),
    to: 900,
    sees: ({ snapshot }) => snapshot.flags.get('f')?.deadlineMs,
    was: 5_000,
    becomes: 900,
  },
  'flags.*.guard.latency.minSlow': {
    given: guardOf({ latency: WARM }),
    to: 1_000,
    sees: (gate) => gate.guard(SLOW, {}),
    was: 'rollback 32',
    becomes: 'rollback 36',
  },
  'flags.*.guard.latency.fewMachines': {
    given: guardOf({ latency: WARM }),
    to: true,
    sees: (gate) => gate.guard(SLOW, {}),
    was: 'rollback 32',
    becomes: 'rollback 34',
  },
  'flags.*.guard.latency.warmUp': {
    given: guardOf({ latency: {} }),
    from: '0s',
    to: '40s',
    sees: (gate) => gate.guard(SLOW, {}),
    was: 'rollback 32',
    becomes: 'rollback 46',
  },
  'flags.*.guard.latency.quantiles': {
    given: guardOf({ latency: WARM }),
    from: [0.99],
    to: [0.5],
    sees: (gate) => gate.guard({ latency: { 40: 60, 50: 37, 60: 3 } }, { latency: { 40: 60, 50: 40 } }),
    was: 'rollback 32',
    becomes: 'baking',
  },
  'flags.*.guard.traffic.maxDropPercent': {
    given: guardOf({}),
    from: 20,
    to: 90,
    sees: (gate) => gate.guard({ journeys: 10 }, { journeys: 30 }),
    was: 'rollback 20',
    becomes: 'broken-split',
  },
  'flags.*.guard.ceilings.errorRate': {
    given: guardOf({ ceilings: {} }),
    from: 0.1,
    to: 0.9,
    sees: (gate) => gate.guard({ erroredSlots: slots(20) }, {}, 30),
    was: 'rollback 3',
    becomes: 'baking',
  },
  'flags.*.guard.ceilings.p95Ms': {
    given: guardOf({ ceilings: {} }),
    from: 500,
    to: 5_000,
    sees: (gate) => [gate.guard(LATE, {}, 30), gate.snapshot.flags.get('f')?.deadlineMs],
    was: ['rollback 8', 5000],
    becomes: ['baking', 6000],
  },
  'flags.*.guard.ceilings.minRequests': {
    given: guardOf({ ceilings: { errorRate: 0.1 } }),
    to: 2_000,
    sees: (gate) => gate.guard({ erroredSlots: slots(20) }, {}, 30),
    was: 'rollback 3',
    becomes: 'rollback 20',
  },
  'flags.*.guard.thresholds.errors': {
    given: guardOf({ thresholds: {} }),
    from: 39,
    to: 40,
    sees: (gate) => gate.guard({ erroredSlots: slots(20), errors: 20 }, {}),
    was: 'rollback 2',
    becomes: 'rollback 3',
  },
  'flags.*.guard.thresholds.slow.count': {
    given: guardOf({ thresholds: { slow: { baselineMs: 500 } } }),
    from: 59,
    to: 60,
    sees: (gate) => gate.guard(LATE, {}),
    was: 'rollback 2',
    becomes: 'rollback 3',
  },
  'flags.*.guard.thresholds.slow.baselineMs': {
    given: guardOf({ thresholds: { slow: { count: 59 } } }),
    from: 500,
    to: 5_000,
    sees: (gate) => gate.guard(LATE, {}, 30),
    was: 'rollback 2',
    becomes: 'baking',
  },
}

function compiledGuard(gate: Gate): boolean {
  try {
    return gate.plan().guard !== undefined
  } catch {
    return false
  }
}
