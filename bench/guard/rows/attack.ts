/** Rows about those who want the guard to be wrong. */

import type { AttackKind } from '../model/enemy.ts'
import { percentText, type Row, ratioFigure, shareFigure, TOGETHER } from '../model/row.ts'
import type { RunResult, Scenario } from '../model/scenario.ts'

const HOUR_S = 3600

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
  const where = `canary ${percentage} % of ${requestsPerSecond}/s, ${percentText(controlRate)} → ${percentText(canaryRate)}`
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
  }),
)
const BAD_ALONE: Scenario = { ...withoutAttack(BAD[0]), name: 'a canary that fails 10 %, no attack' }

function withoutAttack(scenario: Scenario | undefined): Scenario {
  const { attack: _, ...rest } = scenario as Scenario
  return rest
}

const hiddenRow: Row = {
  id: 'attack-bad',
  measure:
    'canary that fails 10 %, an hour of 50 requests/s from one network: median time to the rollback / without them',
  target: '≤ 2, and no advance',
  scenarios: [BAD_ALONE, ...BAD],
  runs: { quick: 8, full: 200 },
  figures: (results) => [
    ...BAD.map((scenario) => ratioFigure(wordsOf(scenario), results(scenario), results(BAD_ALONE), 2)),
    shareFigure('advanced', BAD.flatMap(results), ({ advances }) => advances > 0, 0.01),
    shareFigure(
      'found within the hour',
      BAD.flatMap(results),
      ({ rolledBackS }) => rolledBackS !== null,
      0.99,
      'least',
    ),
  ],
}

/** From one network: a healthy canary, and one just as bad as an advance may not be (1.5 times control and 0.2 points). */
const FLATTERING: readonly AttackKind[] = [
  ...(['broken-url-control', 'successes', 'control-successes', 'control-upgrades'] as const),
  ...(['reports', 'many-ids'] as const),
]
const ALONE = KINDS.map((kind) => attacked(kind, 1, SITE))
const TOO_BAD = SITE.controlRate * 1.5 + 0.002
const BOUNDARY = FLATTERING.map(
  (kind): Scenario => ({ ...attacked(kind, 1, SITE, TOO_BAD), stages: [5, 10], bakeS: 60 }),
)

const hourRow: Row = {
  id: 'attack-hour',
  measure: 'an hour of 50 requests/s from one network, against 20 of visitors and a canary of 5 %',
  target: 'healthy: rolled back or frozen ≤ 1 %; on the boundary of what may advance: advanced ≤ 5 %',
  scenarios: [...ALONE, ...BOUNDARY],
  runs: { quick: 0, full: 100 },
  figures: (results) => [
    ...ALONE.map((scenario) =>
      shareFigure(`healthy: ${wordsOf(scenario)}`, results(scenario), wronged, 0.01),
    ),
    shareFigure(`healthy: ${TOGETHER}`, ALONE.flatMap(results), wronged, 0.01),
    ...BOUNDARY.map((scenario) =>
      shareFigure(
        `on the boundary: ${wordsOf(scenario)}`,
        results(scenario),
        ({ advances }) => advances > 0,
        0.05,
      ),
    ),
    shareFigure(
      `on the boundary: ${TOGETHER}`,
      BOUNDARY.flatMap(results),
      ({ advances }) => advances > 0,
      0.05,
    ),
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
    }),
  ),
)

const networksRow: Row = {
  id: 'attack-networks',
  measure: 'what an enemy with k networks can do in an hour to a healthy canary',
  target: 'nothing with one or two',
  scenarios: BY_NETWORKS,
  runs: { quick: 0, full: 50 },
  figures: (results) =>
    BY_NETWORKS.map((scenario) =>
      shareFigure(
        `k = ${networksOf(scenario)}: close it, ${wordsOf(scenario)}`,
        results(scenario),
        wronged,
        limitOf(scenario),
      ),
    ),
}

const promoted = ({ advances }: RunResult) => advances > 0
const missed = ({ rolledBackS }: RunResult) => rolledBackS === null

const networksBadRow: Row = {
  id: 'attack-networks-bad',
  measure: 'what an enemy with k networks can do in an hour for a canary that fails 10 %',
  target: 'nothing with one or two',
  scenarios: HIDDEN,
  runs: { quick: 0, full: 50 },
  figures: (results) =>
    HIDDEN.flatMap((scenario) => {
      const name = `k = ${networksOf(scenario)}: ${wordsOf(scenario)}`
      const limit = limitOf(scenario)
      return [
        shareFigure(`${name}: promote a canary that fails 10 %`, results(scenario), promoted, limit),
        shareFigure(`${name}: hide it for the hour`, results(scenario), missed, limit),
      ]
    }),
}

const networksOf = ({ attack }: Scenario) => attack?.networks ?? 0
const limitOf = (scenario: Scenario) => (networksOf(scenario) <= 2 ? 0.01 : Infinity)

export const ATTACK_ROWS: readonly Row[] = [healthyRow, hourRow, hiddenRow, networksRow, networksBadRow]
