/**
 * Pinned runs of small sites with settings by seed: a few requests a look, so that counts pass each limit one by one, arms
 * are often silent, and ties are frequent. All that a run says, look by look, is in one hash; each part of its last state has its own.
 */
import { murmur3 } from '../../../../src/core/flags/murmur3.ts'
import {
  type ArmTick,
  type GuardOptions,
  type GuardSettings,
  type GuardTick,
  resolveGuardSettings,
  stepGuard,
} from '../../../../src/core/guard/index.ts'
import { type Random, seeded } from '../../../../test-kit/simulation/random.ts'
import { start } from '../support.ts'
import { crowd, slices, type Truth } from './crowd-runs.ts'
import { hashed, partsOf } from './pinned.ts'

export const SMALL_RUNS = Array.from({ length: 48 }, (_, index) => `small site ${index}`)

const LOOKS = 36
const LOOKED_EVERY = 12
const SLOTS = 65_536

const pick = <T>(random: Random, ...from: readonly T[]): T => from[random.below(from.length)] as T

function optionsOf(random: Random): GuardOptions {
  return {
    alpha: pick(random, 0.01, 0.05, 0.2),
    beta: pick(random, 0.05, 0.3, 0.5),
    action: pick<GuardOptions['action']>(random, 'rollback', 'freeze'),
    bakeMs: pick(random, 0, 8_000, 30_000),
    maxBakeMs: pick(random, null, 20_000),
    errors: pick<GuardOptions['errors']>(
      random,
      {},
      { minBuckets: 1 },
      { rho: 1, delta: 0, minBuckets: 2 },
      false,
    ),
    latency: pick<GuardOptions['latency']>(
      random,
      {},
      false,
      { warmUpMs: 0, minSlow: 1 },
      { warmUpMs: 0, minSlow: 2, marginBuckets: 0, quantiles: [0.5, 0.95], fewMachines: true },
      { warmUpMs: 6_000, delta: 0, minSlow: 1 },
    ),
    clientErrors: pick<GuardOptions['clientErrors']>(random, {}, false, {
      action: 'rollback',
      rho: 1,
      delta: 0,
    }),
    advance: pick<GuardOptions['advance']>(
      random,
      {},
      { delta: 0.3, rho: 3 },
      { byTime: true },
      { delta: 0.5, marginBuckets: 0 },
    ),
    ceilings: pick<GuardOptions['ceilings']>(
      random,
      {},
      { errorRate: 0.1, minRequests: 10 },
      { p95Ms: 400, minRequests: 20 },
      { errorRate: 0.3, p95Ms: 300, minRequests: 0 },
    ),
    thresholds: pick<GuardOptions['thresholds']>(
      random,
      {},
      { errors: 4 },
      { slow: { count: 6, baselineMs: 400 } },
    ),
    traffic: pick<GuardOptions['traffic']>(random, {}, { maxDropPercent: 20, journeysPerVisitor: 1 }),
    split: pick<GuardOptions['split']>(random, {}, false, {
      tolerance: 1,
      requestsPerVisitor: 1,
      alpha: 0.01,
    }),
  }
}

function stageOf(random: Random): Partial<GuardSettings> {
  const answers = [
    { id: 'a', max: 3 },
    { id: 'b', max: 4 },
  ]
  return pick<Partial<GuardSettings>>(
    random,
    {},
    { withinMs: 40_000 },
    { withinMs: 600_000 },
    { require: { minVisitors: 12, maxErrorRate: 0.1, maxP95Ms: 400, answers } },
  )
}

/** Of a look: a few networks, or none, with few requests each. */
function truthOf(random: Random, size: number): Truth {
  const networks = random.below(7)
  return {
    sizes: Array.from({ length: networks }, () => size * random.next()),
    unlisted: networks < 2 ? random.below(1 + 3 * size) : 0,
    failing: pick(random, 0, 0, 0.05, 0.6),
    shared: pick(random, 0, 0.3),
    unasked: pick(random, 0, 0.3),
    away: pick(random, 0, 0, 0.4),
    slow: pick(random, 0, 0, 0.5),
    reported: pick(random, 0, 0.5),
    journeys: pick(random, 0.2, 0.9),
    visitors: pick(random, 0, 1, 2),
    cut: random.below(8) === 0,
  }
}

/** What a run has to show. */
export function pinnedSmall(name: string): unknown[] {
  const random = seeded(name, 1)
  const settings = { ...resolveGuardSettings(optionsOf(random)), ...stageOf(random) }
  const size = pick(random, 1, 3, 12)
  const bad = { canary: truthOf(random, size), control: truthOf(random, size) }
  const seen: unknown[] = []
  let state = start(50)
  let said = 0
  let at = { generation: 1, stage: 0, percentage: pick(random, 1, 10, 50, 90), comingTo: 99 }
  for (let look = 1, atMs = 0; look <= LOOKS; look++) {
    atMs += pick(random, 1_000, 1_000, 2_000, 7_000)
    if (state.decision !== null) at = { ...at, generation: at.generation + 1 }
    if (look % 13 === 0)
      at = { ...at, stage: at.stage + 1, percentage: pick(random, 0, 5, 50, 99, 100), comingTo: 100 }
    const step = stepGuard(
      settings,
      state,
      tickOf(random, { atMs, ...at }, look % 4 === 0 ? undefined : bad, size),
    )
    state = step.state
    const { evidence, ...words } = step.verdict
    said = murmur3(`${said} ${JSON.stringify(words)}`, 0)
    if (look % LOOKED_EVERY !== 0) continue
    const parts = look === LOOKS ? partsOf(state) : {}
    seen.push({
      look,
      kind: words.kind,
      sentence: words.sentence,
      said,
      parts: { evidence: hashed(evidence), ...parts },
    })
  }
  return seen
}

function tickOf(
  random: Random,
  at: Omit<GuardTick, 'canary' | 'control'>,
  truth: { canary: Truth; control: Truth } | undefined,
  size: number,
): GuardTick {
  const edge = Math.max(1, Math.floor((SLOTS * at.percentage) / 100))
  const slots = pick(random, 3, 40)
  const of = (first: number, truth: Truth | undefined): ArmTick => crowd(random, [first, slots], truth ?? {})
  const canary = of(Math.min(edge, SLOTS) - Math.min(edge, slots), truth?.canary ?? truthOf(random, size))
  const control = of(Math.min(edge, SLOTS - slots), truth?.control ?? truthOf(random, size))
  const isSliced = random.below(3) === 0
  return {
    ...at,
    canary: { ...canary, slices: {} },
    control: isSliced ? { ...control, slices: slices(random, (group) => 0.04 + group / 100) } : control,
    ...(random.below(6) === 0 && { others: of(0, truthOf(random, size)) }),
    ...(random.below(9) === 0 && { late: { canary, control } }),
  }
}
