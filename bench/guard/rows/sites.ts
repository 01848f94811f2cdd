/** Rows about sites small and busy, about what begins with a stage, and about canaries that break in other ways. */

import { percentile } from '../../../test-kit/report/percentiles.ts'
import { delayFigure, type Figure, type Row, shareFigure } from '../model/row.ts'
import type { RunResult, Scenario } from '../model/scenario.ts'
import { quantileInterval } from '../model/statistics.ts'

const FALSE_ALARMS = 0.01
const DAY_S = 86_400
const rolledBack = ({ rolledBackS }: RunResult) => rolledBackS !== null
const finished = ({ finished }: RunResult) => finished
const healthy = { canaryRate: 0.005, controlRate: 0.005 }
const NO_LIMITS = { ceilings: undefined, traffic: undefined }

const SMALL = [0.2, 0.5, 1, 5, 20].map(
  (requestsPerSecond): Scenario => ({
    name: `${requestsPerSecond}/s, 10/50/100, each within 4 h`,
    stages: [10, 50, 99],
    bakeS: 600,
    within: '4h',
    requestsPerSecond,
    seconds: DAY_S,
    ...healthy,
    guard: NO_LIMITS,
  }),
)

function timeFigure(of: string, results: readonly RunResult[], limit: number): Figure {
  const times = results.map((run) => (run.finished ? run.seconds : Infinity))
  return {
    of,
    value: percentile(times, 0.5),
    interval: quantileInterval(times, 0.5),
    unit: 'seconds',
    limit,
    side: 'most',
    repeats: times.length,
    beside: {},
  }
}

const smallRow: Row = {
  id: 'small-sites',
  measure: 'healthy canary of a small site: median time to climb; rolled back',
  target: 'a day; ≤ 1 %',
  scenarios: SMALL,
  runs: { quick: 0, full: 40 },
  figures: (results) => [
    ...SMALL.map((scenario) => timeFigure(scenario.name, results(scenario), DAY_S)),
    shareFigure('rolled back', SMALL.flatMap(results), rolledBack, FALSE_ALARMS),
  ],
}

/** 1 → 5 % errors, at once and after a day. */
const DAYS = [1_000, 10_000].map((requestsPerSecond) => {
  const scenario: Scenario = {
    name: `1 % → 5 %, canary 1 % of ${requestsPerSecond}/s, at hour 0`,
    stages: [1],
    requestsPerSecond,
    seconds: 600,
    canaryRate: 0.05,
    controlRate: 0.01,
    guard: NO_LIMITS,
  }
  const late: Scenario = {
    ...scenario,
    name: `1 % → 5 %, canary 1 % of ${requestsPerSecond}/s, at hour 24`,
    regressionS: DAY_S,
    seconds: DAY_S + 600,
  }
  return [scenario, late] as const
})

const SPENT =
  'most of what the tests can bet is spent after hours of health, and the rest enters every ten seconds, so that a rollback ' +
  'which takes three seconds at first takes nine.'

const dayRow: Row = {
  id: 'day',
  measure: 'a busy site after a day: median time to the rollback / at hour 0; rolled back before',
  target: '≤ 2; ≤ 1 %',
  scenarios: DAYS.flat(),
  runs: { quick: 0, full: 40 },
  figures: (results) => [
    ...DAYS.map(([first, late]): Figure => {
      const [early, after] = [first, late].map((scenario) => delayFigure('', results(scenario), 0.5, 0))
      return {
        of: late.name,
        value: (after?.value ?? Infinity) / (early?.value ?? 1),
        interval: {
          low: (after?.interval?.low ?? 0) / (early?.interval?.high ?? 1),
          high: (after?.interval?.high ?? Infinity) / (early?.interval?.low ?? 1),
        },
        unit: 'ratio',
        limit: 2,
        side: 'most',
        repeats: results(late).length,
        beside: {},
        miss: SPENT,
      }
    }),
    shareFigure(
      'rolled back while healthy',
      DAYS.flatMap(([, late]) => results(late)),
      ({ rolledBackS }) => rolledBackS !== null && rolledBackS <= 0,
      FALSE_ALARMS,
    ),
  ],
}

const STARTS: Scenario = {
  name: '0.1 % → 1 % with the stage of 25 %, 200/s',
  stages: [5, 25],
  bakeS: 60,
  requestsPerSecond: 200,
  seconds: 14_400,
  canaryRate: 0.01,
  controlRate: 0.001,
  regressionStage: 1,
  guard: NO_LIMITS,
}

const startRow: Row = {
  id: 'stage-start',
  measure: 'a regression that begins with a stage: median time to the rollback',
  target: '≤ 74 s',
  scenarios: [STARTS],
  runs: { quick: 4, full: 200 },
  figures: (results) => [delayFigure(STARTS.name, results(STARTS), 0.5, 74)],
}

const SHAPES = (
  [
    ['median', 'the faster half × 1.5, p90 equal'],
    ['tail', 'the slowest twentieth × 2'],
  ] as const
).map(
  ([shape, words]): Scenario => ({
    name: `${words}, canary 5 % of 1,000/s`,
    stages: [5],
    requestsPerSecond: 1_000,
    seconds: 720,
    warmS: 120,
    canaryRate: 0.001,
    controlRate: 0.001,
    shape,
    from: 'nowhere',
    guard: NO_LIMITS,
  }),
)

const shapeRow: Row = {
  id: 'shapes',
  measure: 'slower at the median only, in the tail only: found within ten minutes, and after how long',
  target: '≥ 95 %',
  scenarios: SHAPES,
  runs: { quick: 3, full: 100 },
  figures: (results) =>
    SHAPES.flatMap((scenario) => [
      shareFigure(scenario.name, results(scenario), rolledBack, 0.95, 'least'),
      delayFigure(`${scenario.name}, median`, results(scenario), 0.5, Infinity),
    ]),
}

const answering = (name: string, part: Partial<Scenario>): Scenario => ({
  name,
  stages: [10],
  requestsPerSecond: 50,
  seconds: 600,
  canaryRate: 0.001,
  controlRate: 0.001,
  from: 'nowhere',
  guard: NO_LIMITS,
  ...part,
})
const AWAY = {
  all: answering('401 to everybody, canary 10 % of 50/s', { turnedAway: { canary: 1, control: 0.02 } }),
  some: answering('403 to a third, canary 10 % of 50/s', { turnedAway: { canary: 0.33, control: 0.02 } }),
  none: answering('as many 4xx as control (10 %), canary 10 % of 50/s', {
    turnedAway: { canary: 0.1, control: 0.1 },
    seconds: 3_600,
  }),
  grpc: answering('grpc-status 14 in each answer, canary 10 % of 50/s', { canaryRate: 1 }),
}
const heldWithin = ({ frozenS, rolledBackS }: RunResult) => (frozenS ?? rolledBackS ?? Infinity) <= 60

const awayRow: Row = {
  id: 'turned-away',
  measure: 'canaries that answer 4xx, or fail by gRPC: held or rolled back within a minute',
  target: 'rolled back where it is more than half; held otherwise; nothing where control does as much',
  scenarios: Object.values(AWAY),
  runs: { quick: 4, full: 200 },
  figures: (results) => [
    ...[AWAY.all, AWAY.grpc].map((scenario) =>
      shareFigure(`${scenario.name}: rolled back`, results(scenario), rolledBack, 0.99, 'least'),
    ),
    ...[AWAY.all, AWAY.grpc].map((scenario) =>
      delayFigure(`${scenario.name}: median`, results(scenario), 0.5, 60),
    ),
    shareFigure(`${AWAY.some.name}: held within a minute`, results(AWAY.some), heldWithin, 0.95, 'least'),
    shareFigure(
      `${AWAY.none.name}: held or rolled back`,
      results(AWAY.none),
      (run) => run.frozen || rolledBack(run),
      FALSE_ALARMS,
    ),
  ],
}

/** So many failed visitors may there be, and a second for the flush. */
const MOST_FAILED = 10
const DEAD = [1, 20].flatMap((requestsPerSecond) =>
  [false, true].map(
    (isSilent): Scenario => ({
      name: `dead at 99 % of ${requestsPerSecond}/s${isSilent ? ', control silent' : ''}`,
      stages: [99],
      requestsPerSecond,
      seconds: 7_200 + 900,
      regressionS: 7_200,
      canaryRate: 1,
      controlRate: 0.001,
      ...(isSilent && { controlSilentS: 7_200 }),
      guard: NO_LIMITS,
    }),
  ),
)

const BY_SECONDS =
  'no second decides alone, and after hours of health the bets that are left enter every ten seconds: a rollback takes some seconds, ' +
  'however many visitors fail in them.'

const deadRow: Row = {
  id: 'dead-99',
  measure: 'a canary that dies at 99 %: median time to the rollback',
  target: '≤ 10 failed visitors and a second',
  scenarios: DEAD,
  runs: { quick: 2, full: 100 },
  figures: (results) =>
    DEAD.map((scenario): Figure => {
      const limitS = Math.ceil(MOST_FAILED / scenario.requestsPerSecond) + 1
      const figure = delayFigure(scenario.name, results(scenario), 0.5, limitS)
      return scenario.requestsPerSecond > 1 ? { ...figure, miss: BY_SECONDS } : figure
    }),
}

const TENANTS: Scenario = {
  name: '200 tenants, log-normal 0.3, Zipf 1.0, ladder, with traffic watched',
  stages: [5, 25, 50, 99],
  bakeS: 180,
  requestsPerSecond: 200,
  seconds: 3_600,
  canaryRate: 0,
  controlRate: 0,
  visitors: 'tenants',
  guard: { ceilings: undefined, latency: false },
}
const HEAVY =
  'the test of journeys takes a visitor for about ten page views, and a tenant makes hundreds: leave `traffic` out there.'

const tenantsRow: Row = {
  id: 'tenants-traffic',
  measure: 'heavy tenants where journeys are watched: false rollbacks',
  target: '≤ 1 %',
  scenarios: [TENANTS],
  runs: { quick: 3, full: 100 },
  figures: (results) => [
    { ...shareFigure(TENANTS.name, results(TENANTS), rolledBack, FALSE_ALARMS), miss: HEAVY },
  ],
}

const BASES = [0.003, 0.01, 0.03].map(
  (rate): Scenario => ({
    name: `${rate * 100} % of requests fail at either origin by chance, 1/5/25/50/99 of 1,000/s`,
    stages: [1, 5, 25, 50, 99],
    bakeS: 60,
    requestsPerSecond: 1_000,
    seconds: 7_200,
    canaryRate: rate,
    controlRate: rate,
    guard: NO_LIMITS,
  }),
)
const basesRow: Row = {
  id: 'base-errors',
  measure: 'healthy canary of a site that often fails: climbed within two hours; rolled back',
  target: '≥ 99 %; ≤ 1 %',
  scenarios: BASES,
  runs: { quick: 1, full: 50 },
  figures: (results) => [
    ...BASES.map((scenario) => shareFigure(scenario.name, results(scenario), finished, 0.99, 'least')),
    shareFigure('rolled back', BASES.flatMap(results), rolledBack, FALSE_ALARMS),
  ],
}

export const SITE_ROWS: readonly Row[] = [
  smallRow,
  dayRow,
  basesRow,
  startRow,
  shapeRow,
  awayRow,
  deadRow,
  tenantsRow,
]
