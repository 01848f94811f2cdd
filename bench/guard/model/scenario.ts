/** A scenario is plain data, so that it travels to worker threads: what is true, and how long it is watched. */

import {
  type Source,
  type Ticker,
  type Truth,
  trafficTick,
} from '../../../test-kit/simulation/guard-traffic.ts'
import type { Random } from '../../../test-kit/simulation/random.ts'
import { deliverAtOnce, faultyDelivery } from './delivery.ts'
import { type Attack, enemy } from './enemy.ts'
import { type Failers, failersTicker } from './failers.ts'
import { cellsOf, createGate } from './guarded-gate.ts'
import { type Stalls, stalling } from './machines.ts'
import { networker, OFFICE, OFFICE_AND_HOMES, ONE_NETWORK_CARRIERS, ZIPF } from './networks.ts'
import { type ClusterKind, population } from './population.ts'
import { flagger, type Rival, rawCounts, zTest } from './rivals.ts'
import { reshaped, type Shape, silenced, type TurnedAway, turningAway } from './shapes.ts'
import { type VisitorKind, visitorTicker } from './visitors.ts'

const RIVALS = ['flagger', 'zTest', 'rawCounts'] as const
export type RivalName = (typeof RIVALS)[number]

export type Scenario = {
  name: string
  /** Percentages of the stages; one: no advance is possible. */
  stages: readonly number[]
  bakeS?: number
  within?: string
  requestsPerSecond: number
  seconds: number
  canaryRate: number
  controlRate: number
  /** Multiplies the canary's latencies. */
  slowdown?: number
  /** Until this second the canary is as good as control; delays count from it. */
  regressionS?: number
  /** Delays count from this second on: what is judged begins to be judged then. */
  warmS?: number
  /** Both arms fail at this rate for a while, or control alone. */
  outage?: { fromS: number; toS: number; rate: number; isControls?: boolean }
  /** The rate of both arms wanders between two values. */
  drift?: { low: number; high: number; periodS: number }
  clusters?: ClusterKind
  /** People who differ in latency and come again; without errors and networks. */
  visitors?: VisitorKind
  /** The same people all day, some of whom fail again and again. */
  failers?: Failers
  /** The canary's latencies in the first seconds of each stage, as a factor. */
  cold?: { forS: number; slowdown: number }
  stalls?: Stalls
  /** The regression begins with this stage (an index) instead; delays count from its start. */
  regressionStage?: number
  /** The canary's latencies in another shape. */
  shape?: Shape
  turnedAway?: TurnedAway
  /** Control has no visitors from this second on. */
  controlSilentS?: number
  /** Where visitors come from; by default two carriers and 5,000 networks. */
  from?: 'internet' | 'carriers' | 'office' | 'office-and-homes' | 'nowhere'
  attack?: Omit<Attack, 'seconds'>
  /** Ends with the first advance. */
  untilAdvance?: boolean
  /** Flushes are repeated, reordered, delayed and lost. */
  faults?: boolean
  /** Parts of the guard's configuration that differ from `WHOLE_STACK`. */
  guard?: object
  rivals?: readonly RivalName[]
}

/** Everything that the guard can do, together: what every scenario runs unless it says otherwise. */
const WHOLE_STACK = {
  errors: {},
  latency: {},
  ceilings: { errorRate: 0.15, p95Ms: 600 },
  traffic: { maxDropPercent: 30 },
}

export type RunResult = {
  /** Seconds from the regression to the rollback; null: none. */
  rolledBackS: number | null
  trigger: string | null
  /** A freeze was seen (broken split, shared outage), and when. */
  frozen: boolean
  frozenS: number | null
  /** Stages that the rollout advanced by itself, and whether it finished. */
  advances: number
  /** Second of the first of them. */
  firstAdvanceS: number | null
  finished: boolean
  /** Seconds that were watched. */
  seconds: number
  rivals: Partial<Record<RivalName, number | null>>
}

/** One run: second by second until the rollout is closed or finished, and every rival has fired. */
export function runScenario(scenario: Scenario, random: Random): RunResult {
  const gate = createGate({
    guard: { ...WHOLE_STACK, ...scenario.guard },
    stages: scenario.stages,
    bakeS: scenario.bakeS ?? 0,
    within: scenario.within,
  })
  const ticker = tickerOf(scenario, random)
  const deliver = scenario.faults ? faultyDelivery(random) : deliverAtOnce
  const rivals = (scenario.rivals ?? []).map((name): [RivalName, Rival] => [name, makeRival(name)])
  let since = Math.max(scenario.regressionS ?? 0, scenario.warmS ?? 0)
  const result: RunResult = {
    rolledBackS: null,
    trigger: null,
    frozen: false,
    frozenS: null,
    advances: 0,
    firstAdvanceS: null,
    finished: false,
    seconds: scenario.seconds,
    rivals: Object.fromEntries(rivals.map(([name]) => [name, null])),
  }
  for (let second = 1; second <= scenario.seconds; second++) {
    const at = gate.at()
    if (scenario.regressionStage !== undefined && at.stage < scenario.regressionStage) since = second
    const tick = ticker(second, at)
    if (result.rolledBackS === null) {
      const { verdict, command } = gate.look(deliver(cellsOf(tick), second), second * 1000)
      if (verdict.action === 'freeze') {
        result.frozen = true
        result.frozenS ??= second - since
      }
      if (command === 'rollback') {
        result.rolledBackS = second - since
        result.trigger = verdict.trigger
      }
      if (command === 'advance') {
        result.advances++
        result.firstAdvanceS ??= second
      }
      if (command === 'finish') result.finished = true
    }
    for (const [name, rival] of rivals)
      if (result.rivals[name] === null && rival(tick)) result.rivals[name] = second - since
    const settled =
      result.rolledBackS !== null ||
      result.finished ||
      (scenario.untilAdvance === true && result.advances > 0)
    if (settled && rivals.every(([name]) => result.rivals[name] !== null)) {
      result.seconds = second
      break
    }
  }
  return result
}

function makeRival(name: RivalName): Rival {
  if (name === 'flagger') return flagger()
  return name === 'zTest' ? zTest() : rawCounts()
}

function tickerOf(scenario: Scenario, random: Random): Ticker {
  const { cold, regressionStage } = scenario
  if (regressionStage !== undefined) return stagedTickerOf(scenario, random, regressionStage)
  if (cold === undefined) return warmTickerOf(scenario, random, truthOf(scenario))
  const truth = truthOf(scenario)
  let [stage, startedS] = [-1, 0]
  const ticker = warmTickerOf(scenario, random, (second) => ({
    ...truth(second),
    slowdown: second - startedS <= cold.forS ? cold.slowdown : 1,
  }))
  return (second, at) => {
    if (at.stage !== stage) [stage, startedS] = [at.stage, second - 1]
    return ticker(second, at)
  }
}

function stagedTickerOf(scenario: Scenario, random: Random, regressionStage: number): Ticker {
  const truth = truthOf(scenario)
  const { controlRate } = scenario
  let stage = 0
  const ticker = warmTickerOf(scenario, random, (second) =>
    stage < regressionStage ? { canaryRate: controlRate, controlRate, slowdown: 1 } : truth(second),
  )
  return (second, at) => {
    stage = at.stage
    return ticker(second, at)
  }
}

function warmTickerOf(scenario: Scenario, random: Random, truth: (second: number) => Truth): Ticker {
  const source: Source = { requestsPerSecond: scenario.requestsPerSecond, truth }
  const { clusters, failers, visitors, stalls, from = 'internet', attack, seconds } = scenario
  if (visitors !== undefined) return visitorTicker(random, visitors, source, scenario.stages)
  const plain = plainTickerOf(random, source, scenario)
  const traffic = stalls === undefined ? plain : stalling(random, stalls, plain)
  const networks = NETWORKS[from]
  if (networks === null) return traffic
  const paired = networker(random, networks, source.truth, clusters !== undefined || failers !== undefined)
  const attacked = attack === undefined ? undefined : enemy(random, { ...attack, seconds })
  return (second, at) => {
    const tick = paired(traffic(second, at), second)
    return attacked === undefined ? tick : attacked(tick, second)
  }
}

function plainTickerOf(
  random: Random,
  source: Source,
  { clusters, failers, shape, turnedAway, controlSilentS }: Scenario,
): Ticker {
  if (failers !== undefined) return failersTicker(random, failers, source)
  if (clusters !== undefined) return population(random, clusters, source)
  let traffic: Ticker = (second, at) => trafficTick(random, source, second, at)
  if (shape !== undefined) traffic = reshaped(shape, traffic)
  if (turnedAway !== undefined) traffic = turningAway(random, turnedAway, traffic)
  return controlSilentS === undefined ? traffic : silenced(controlSilentS, traffic)
}

const NETWORKS = {
  internet: ZIPF,
  carriers: ONE_NETWORK_CARRIERS,
  office: OFFICE,
  'office-and-homes': OFFICE_AND_HOMES,
  nowhere: null,
}

function truthOf(scenario: Scenario): (second: number) => Truth {
  const { canaryRate, controlRate, slowdown = 1, regressionS = 0, outage, drift } = scenario
  const healthy = { canaryRate: controlRate, controlRate, slowdown: 1 }
  const truth = { canaryRate, controlRate, slowdown }
  return (second) => {
    if (outage !== undefined && second >= outage.fromS && second < outage.toS)
      return {
        canaryRate: outage.isControls ? canaryRate : outage.rate,
        controlRate: outage.rate,
        slowdown: 1,
      }
    if (drift !== undefined) {
      const wave = 0.5 - 0.5 * Math.cos((2 * Math.PI * second) / drift.periodS)
      const rate = drift.low * (drift.high / drift.low) ** wave
      return { canaryRate: rate, controlRate: rate, slowdown: 1 }
    }
    return second > regressionS ? truth : healthy
  }
}
