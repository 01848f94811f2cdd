/** Rows about those who want the guard to be wrong, and about sites with few networks. */

import type { AttackKind } from '../model/enemy.ts'
import { delayFigure, type Figure, type Row, shareFigure, TOGETHER } from '../model/row.ts'
import type { RunResult, Scenario } from '../model/scenario.ts'

const HOUR_S = 3600
const percent = (rate: number) => `${Number((rate * 100).toPrecision(3))} %`

/** What is sent, by kind, for the table. */
const WORDS: Readonly<Record<AttackKind, string>> = {
  'broken-url': "a page that fails at both origins, by canary's ids",
  'broken-url-control': "the same by control's ids",
  'canary-url': "a page that fails at the canary alone, by canary's ids",
  'slow-drip': 'the same, once a minute',
  sleeper: 'the same, after half an hour of good behaviour',
  balanced: "the same, among pages that work by both arms' ids",
  successes: "pages that work, by canary's ids",
  'control-successes': "pages that work, by control's ids",
  upgrades: "failed upgrades or forged error reports, by canary's ids",
  'control-upgrades': "the same by control's ids, and pages that work by canary's",
  uploads: "uploads that last a minute, by canary's ids",
  reports: "forged durations: long ones by canary's ids, short ones by control's",
  'many-ids': "page views by thousands of canary's ids",
  'page-views': "page views of one of canary's ids",
}

type Site = { percentage: number; requestsPerSecond: number; controlRate: number }
const SITE: Site = { percentage: 5, requestsPerSecond: 20, controlRate: 0.005 }

function attacked(kind: AttackKind, networks: number, site: Site, canaryRate = site.controlRate): Scenario {
  const { percentage, requestsPerSecond, controlRate } = site
  const where = `canary ${percentage} % of ${requestsPerSecond}/s, ${percent(controlRate)} → ${percent(canaryRate)}`
  return {
    name: `${kind} from ${networks}, ${where}`,
    stages: [percentage],
    requestsPerSecond,
    seconds: HOUR_S,
    canaryRate,
    controlRate,
    attack: { kind, networks, requestsPerSecond: 50 },
  }
}

const wronged = ({ rolledBackS, frozen }: RunResult) => rolledBackS !== null || frozen

const KINDS = Object.keys(WORDS) as AttackKind[]
const HEALTHY = KINDS.map((kind) => attacked(kind, 2, SITE))
const OTHER_SITES: readonly Scenario[] = [
  { ...SITE, percentage: 1, requestsPerSecond: 10 },
  { ...SITE, percentage: 25, requestsPerSecond: 20, controlRate: 0.01 },
  { ...SITE, percentage: 50, requestsPerSecond: 20, controlRate: 0.001 },
  { ...SITE, requestsPerSecond: 200 },
].flatMap((site) => (['canary-url', 'upgrades'] as const).map((kind) => attacked(kind, 2, site)))
const LARGE_SITE: Scenario = {
  ...attacked('canary-url', 2, { ...SITE, requestsPerSecond: 1000 }),
  seconds: 600,
}

const healthyRow: Row = {
  id: 'attack',
  measure: 'healthy canary, an hour of 50 requests/s from two networks: rolled back or frozen',
  target: '≤ 1 %',
  scenarios: [...HEALTHY, ...OTHER_SITES, LARGE_SITE],
  runs: { quick: 1, full: 100 },
  figures: (results) => {
    const figure = (of: string, runs: readonly RunResult[]) => shareFigure(of, runs, wronged, 0.01)
    const all = [...HEALTHY, ...OTHER_SITES, LARGE_SITE]
    return [
      ...HEALTHY.map((scenario) => figure(wordsOf(scenario), results(scenario))),
      ...[...OTHER_SITES, LARGE_SITE].map((scenario) => figure(scenario.name, results(scenario))),
      figure(TOGETHER, all.flatMap(results)),
    ]
  },
}

const wordsOf = ({ attack }: Scenario) => (attack === undefined ? 'no attack' : WORDS[attack.kind])

/** A canary that fails 10 %, and may climb: the enemy hides it, or only makes noise. */
const FAILING = 0.1
const BAD = KINDS.map(
  (kind): Scenario => ({
    ...attacked(kind, 1, SITE, FAILING),
    stages: [5, 10],
    bakeS: 60,
    seconds: 900,
  }),
)
const BAD_ALONE: Scenario = { ...withoutAttack(BAD[0]), name: 'a canary that fails 10 %, no attack' }

function withoutAttack(scenario: Scenario | undefined): Scenario {
  const { attack: _, ...rest } = scenario as Scenario
  return rest
}

/** The median time to a rollback against that of another scenario. */
function ratioFigure(
  of: string,
  late: readonly RunResult[],
  early: readonly RunResult[],
  limit: number,
): Figure {
  const [last, first] = [delayFigure('', late, 0.5, 0), delayFigure('', early, 0.5, 0)]
  return {
    ...last,
    of,
    value: last.value / first.value,
    interval: {
      low: (last.interval?.low ?? 0) / (first.interval?.high ?? 1),
      high: (last.interval?.high ?? Infinity) / (first.interval?.low ?? 1),
    },
    unit: 'ratio',
    limit,
    beside: {},
  }
}

const hiddenRow: Row = {
  id: 'attack-bad',
  measure:
    'canary that fails 10 %, 50 requests/s from one network: median time to the rollback / without them',
  target: '≤ 2, and no advance',
  scenarios: [BAD_ALONE, ...BAD],
  runs: { quick: 8, full: 200 },
  figures: (results) => [
    ...BAD.map((scenario) => ratioFigure(wordsOf(scenario), results(scenario), results(BAD_ALONE), 2)),
    shareFigure('advanced', BAD.flatMap(results), ({ advances }) => advances > 0, 0.01),
  ],
}

const POWERS = [1, 2, 3, 10]
const POWERFUL: readonly AttackKind[] = ['canary-url', 'balanced', 'slow-drip', 'upgrades']
const BY_NETWORKS = POWERS.flatMap((networks) => POWERFUL.map((kind) => attacked(kind, networks, SITE)))
const HIDING: readonly AttackKind[] = ['successes', 'control-upgrades']
const HIDDEN = POWERS.flatMap((networks) =>
  HIDING.map(
    (kind): Scenario => ({
      ...attacked(kind, networks, SITE, FAILING),
      stages: [5, 10],
      bakeS: 60,
      seconds: 900,
    }),
  ),
)

const networksRow: Row = {
  id: 'attack-networks',
  measure: 'what an enemy with k networks can do in an hour',
  target: 'nothing with one or two',
  scenarios: [...BY_NETWORKS, ...HIDDEN],
  runs: { quick: 0, full: 50 },
  figures: (results) => [
    ...BY_NETWORKS.map((scenario) =>
      shareFigure(
        `k = ${networksOf(scenario)}: close it, ${wordsOf(scenario)}`,
        results(scenario),
        wronged,
        limitOf(scenario),
      ),
    ),
    ...HIDDEN.flatMap((scenario) => {
      const name = `k = ${networksOf(scenario)}: ${wordsOf(scenario)}`
      const promoted = ({ advances }: RunResult) => advances > 0
      const missed = ({ rolledBackS }: RunResult) => rolledBackS === null
      return [
        shareFigure(
          `${name}: promote a canary that fails 10 %`,
          results(scenario),
          promoted,
          limitOf(scenario),
        ),
        shareFigure(`${name}: hide it for 15 minutes`, results(scenario), missed, limitOf(scenario)),
      ]
    }),
  ],
}

const networksOf = ({ attack }: Scenario) => attack?.networks ?? 0
const limitOf = (scenario: Scenario) => (networksOf(scenario) <= 2 ? 0.01 : Infinity)

/** 200 people with 4 requests/s together. */
function people(from: NonNullable<Scenario['from']>): Scenario {
  return {
    name: `25 % of 200 people, canary fails 10 %, from ${from}`,
    stages: [25],
    requestsPerSecond: 4,
    seconds: 1800,
    canaryRate: 0.1,
    controlRate: 0.005,
    from,
  }
}
const [HOME, OFFICE, MIXED] = [people('internet'), people('office'), people('office-and-homes')]

const fewRow: Row = {
  id: 'few-networks',
  measure: 'canary that fails 10 %, 200 people: median time to the rollback / the same people at home',
  target: '≤ 2 in an office; it ends where an office makes 80 % of the traffic',
  scenarios: [HOME, OFFICE, MIXED],
  runs: { quick: 20, full: 300 },
  figures: (results) => [
    ratioFigure('behind one address', results(OFFICE), results(HOME), 2),
    ratioFigure('80 % behind one address, the others at home', results(MIXED), results(HOME), Infinity),
    shareFigure(
      '80 % behind one address: found within half an hour',
      results(MIXED),
      ({ rolledBackS }) => rolledBackS !== null,
      0.99,
      'least',
    ),
  ],
}

/** Carriers with one network each: what the rule costs where two networks are 40 % of the traffic. */
const CARRIERS = (
  [
    [1, 0.001, 0.05],
    [5, 0.001, 0.01],
    [5, 0.01, 0.03],
  ] as const
).map(
  ([percentage, controlRate, canaryRate]): Scenario => ({
    name: `${percent(controlRate)} → ${percent(canaryRate)}, canary ${percentage} %, two carriers with one network each`,
    stages: [percentage],
    requestsPerSecond: 1000,
    seconds: 360,
    canaryRate,
    controlRate,
    from: 'carriers',
  }),
)

const carriersRow: Row = {
  id: 'carriers',
  measure:
    'two networks with 20 % of the traffic each: median time to the rollback / with a pool of networks each',
  target: 'shown',
  scenarios: [...CARRIERS, ...CARRIERS.map(pooled)],
  runs: { quick: 20, full: 500 },
  figures: (results) =>
    CARRIERS.map((scenario) =>
      ratioFigure(scenario.name, results(scenario), results(pooled(scenario)), Infinity),
    ),
}

function pooled(scenario: Scenario): Scenario {
  return { ...scenario, name: scenario.name.replace('one network each', 'a pool each'), from: 'internet' }
}

const OUTAGE: Scenario = {
  name: 'control alone fails 20 % for a minute, canary 1 %',
  stages: [1],
  requestsPerSecond: 1000,
  seconds: 300,
  canaryRate: 0.001,
  controlRate: 0.001,
  outage: { fromS: 120, toS: 180, rate: 0.2, isControls: true },
}

const outageRow: Row = {
  id: 'control-outage',
  measure: 'outage of control alone: false rollbacks',
  target: '≤ 1 %',
  scenarios: [OUTAGE],
  runs: { quick: 10, full: 500 },
  figures: (results) => [
    shareFigure(OUTAGE.name, results(OUTAGE), ({ rolledBackS }) => rolledBackS !== null, 0.01),
  ],
}

export const ATTACK_ROWS: readonly Row[] = [
  healthyRow,
  hiddenRow,
  networksRow,
  fewRow,
  carriersRow,
  outageRow,
]
