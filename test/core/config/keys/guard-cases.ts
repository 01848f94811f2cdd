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

/** Visitors who are turned away, in each second others. */
const AWAY = { clientErrors: { requests: 30, marks: slots(30) } }

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
    becomes: 'rollback 13',
  },
  'flags.*.guard.errors.statuses': {
    given: guardOf({ errors: {} }),
    from: ['5xx'],
    to: ['5xx', 429],
    sees: ({ snapshot }) => [404, 429, 500].map((status) => snapshot.flags.get('f')?.answers.isError(status)),
    was: [false, false, true],
    becomes: [false, true, true],
  },
  'flags.*.guard.clientErrors': {
    given: guardOf({ ceilings: { p95Ms: 1e6 } }),
    to: {},
    sees: (gate) => gate.guard(AWAY, {}, 30),
    was: 'collecting',
    becomes: 'client-errors',
  },
  'flags.*.guard.clientErrors.rho': {
    given: guardOf({ errors: {} }),
    to: 100,
    sees: (gate) => gate.guard(AWAY, { clientErrors: { requests: 30, marks: slots(30) } }, 20),
    was: 'client-errors',
    becomes: 'collecting',
  },
  'flags.*.guard.clientErrors.delta': {
    given: guardOf({ clientErrors: {} }),
    to: 0.5,
    sees: (gate) => gate.guard(AWAY, {}, 30),
    was: 'client-errors',
    becomes: 'collecting',
  },
  'flags.*.guard.clientErrors.action': {
    given: guardOf({ clientErrors: {} }),
    to: 'rollback',
    sees: (gate) => gate.guard(AWAY, {}, 30),
    was: 'client-errors',
    becomes: 'rollback 2',
  },
  'flags.*.guard.grpc': {
    given: guardOf({ errors: {} }),
    to: false,
    sees: ({ snapshot }) => snapshot.flags.get('f')?.answers.grpc?.has('14'),
    was: true,
    becomes: undefined,
  },
  'flags.*.guard.grpc.statuses': {
    given: guardOf({ errors: {} }),
    from: [14],
    to: [7],
    sees: ({ snapshot }) => ['7', '14'].map((code) => snapshot.flags.get('f')?.answers.grpc?.has(code)),
    was: [false, true],
    becomes: [true, false],
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
    becomes: 'rollback 47',
  },
  'flags.*.guard.latency.quantiles': {
    given: guardOf({ latency: WARM }),
    from: [0.99],
    to: [0.5],
    sees: (gate) => gate.guard({ latency: { 40: 60, 50: 37, 60: 3 } }, { latency: { 40: 60, 50: 40 } }),
    was: 'rollback 32',
    becomes: 'baking',
  },
  'flags.*.guard.advance': {
    given: guardOf({ ceilings: { errorRate: 0.5 } }),
    to: 'time',
    sees: (gate) => gate.guard({}, {}, 10),
    was: 'collecting',
    becomes: 'baking',
  },
  'flags.*.guard.advance.beta': {
    given: guardOf({ errors: {}, advance: { delta: 0.05 } }),
    to: 1e-9,
    sees: (gate) => gate.guard({}, {}, 4),
    was: 'baking',
    becomes: 'collecting',
  },
  'flags.*.guard.advance.rho': {
    given: guardOf({ errors: {} }),
    to: 100,
    sees: (gate) => gate.plan().guard?.advance.rho,
    was: 1.5,
    becomes: 100,
  },
  'flags.*.guard.advance.delta': {
    given: guardOf({ errors: {} }),
    to: 0.05,
    sees: (gate) => gate.guard({}, {}, 60),
    was: 'collecting',
    becomes: 'baking',
  },
  'flags.*.guard.advance.marginBuckets': {
    given: guardOf({ latency: {} }),
    to: 7,
    sees: (gate) => gate.plan().guard?.advance.marginBuckets,
    was: 3,
    becomes: 7,
  },
  'flags.*.guard.traffic.maxDropPercent': {
    given: guardOf({}),
    from: 20,
    to: 90,
    sees: (gate) => gate.guard({ journeys: 10 }, { journeys: 30 }),
    was: 'rollback 34',
    becomes: 'broken-split',
  },
  'flags.*.guard.ceilings.errorRate': {
    given: guardOf({ ceilings: {} }),
    from: 0.1,
    to: 0.9,
    sees: (gate) => gate.guard({ erroredSlots: slots(20) }, {}, 30),
    was: 'rollback 3',
    becomes: 'collecting',
  },
  'flags.*.guard.ceilings.p95Ms': {
    given: guardOf({ ceilings: {} }),
    from: 500,
    to: 5_000,
    sees: (gate) => [gate.guard(LATE, {}, 30), gate.snapshot.flags.get('f')?.deadlineMs],
    was: ['rollback 8', 5000],
    becomes: ['collecting', 6000],
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
    becomes: 'collecting',
  },
}

function compiledGuard(gate: Gate): boolean {
  try {
    return gate.plan().guard !== undefined
  } catch {
    return false
  }
}
