/** Rows about latencies that are no version's fault: visitors who differ, machines that start or stall. */

import { delayFigure, type Figure, type Row, shareFigure, TOGETHER } from '../model/row.ts'
import type { RunResult, Scenario } from '../model/scenario.ts'
import type { VisitorKind } from '../model/visitors.ts'

const FALSE_ALARMS = 0.01
const LADDER = [1, 5, 25, 50, 99]

const WORDS: Readonly<Record<VisitorKind, string>> = {
  zipf: '2,000 visitors, log-normal 0.3, Zipf 0.8',
  'zipf-strong': '2,000 visitors, log-normal 0.5, Zipf 1.0',
  uniform: '1,000 visitors, log-normal 0.5, all as active',
  tenants: '200 tenants, log-normal 0.3, Zipf 1.0',
  sessions: 'sessions of Pareto length, log-normal 0.5',
  'slow-few': '1,000 visitors, 5 % of them three times as slow',
}
const KINDS = Object.keys(WORDS) as VisitorKind[]

const PEOPLE = KINDS.map(
  (visitors): Scenario => ({
    name: `${WORDS[visitors]}, ladder`,
    stages: LADDER,
    bakeS: 180,
    requestsPerSecond: 200,
    seconds: 3600,
    canaryRate: 0,
    controlRate: 0,
    visitors,
    guard: { ceilings: undefined, traffic: undefined },
  }),
)

const rolledBack = ({ rolledBackS }: RunResult) => rolledBackS !== null

function harmless(id: string, measure: string, scenarios: readonly Scenario[], runs: Row['runs']): Row {
  return {
    id,
    measure,
    target: '≤ 1 %',
    scenarios,
    runs,
    figures: (results): Figure[] => [
      ...scenarios.map((scenario) => shareFigure(scenario.name, results(scenario), rolledBack, FALSE_ALARMS)),
      shareFigure(TOGETHER, scenarios.flatMap(results), rolledBack, FALSE_ALARMS),
      shareFigure('climbed to the end', scenarios.flatMap(results), ({ finished }) => finished, Infinity),
    ],
  }
}

/** No one has been seen as control before a first stage: all that is known of the draw is how much people differ. */
const FIRST = KINDS.flatMap((visitors) =>
  [25, 50].map((percentage): Scenario => {
    const [ladder] = PEOPLE.filter((scenario) => scenario.visitors === visitors)
    return {
      ...(ladder as Scenario),
      name: `${WORDS[visitors]}, begun at ${percentage} %`,
      stages: [percentage, 99],
      seconds: 1200,
    }
  }),
)
const FEW_PEOPLE =
  'where a few visitors make most of the requests, thirty groups of them tell too little of how far two draws can differ; ' +
  'begin at a share below a quarter there.'

const COLD = [200, 1000].map(
  (requestsPerSecond): Scenario => ({
    name: `30 % slower in the first two minutes of each stage, ${requestsPerSecond}/s`,
    stages: LADDER,
    bakeS: 60,
    requestsPerSecond,
    seconds: 3600,
    canaryRate: 0.001,
    controlRate: 0.001,
    cold: { forS: 120, slowdown: 1.3 },
    from: 'nowhere',
  }),
)

const STALLS = [200, 1000].map(
  (requestsPerSecond): Scenario => ({
    name: `canary on one machine, control on ten, each stalls 20 s every 20 min, 10 % of ${requestsPerSecond}/s`,
    stages: [10],
    requestsPerSecond,
    seconds: 7200,
    canaryRate: 0.001,
    controlRate: 0.001,
    stalls: { everyS: 1200, lastsS: 20, canaryMachines: 1, controlMachines: 10 },
    from: 'nowhere',
    guard: { ceilings: undefined, traffic: undefined },
  }),
)

/** Half as slow again from the start, all the way up. */
const SLOWER = KINDS.map((visitors): Scenario => {
  const [healthy] = PEOPLE.filter((scenario) => scenario.visitors === visitors)
  return { ...(healthy as Scenario), name: `${WORDS[visitors]}, latency × 1.5`, slowdown: 1.5 }
})

/** The same at one stage, which is large enough to compare people at. */
function atAQuarter(visitors: VisitorKind | undefined): Scenario {
  const name = visitors === undefined ? 'independent requests' : WORDS[visitors]
  return {
    name: `${name}, latency × 1.5, canary 25 %`,
    stages: [25],
    requestsPerSecond: 200,
    seconds: 1200,
    warmS: 120,
    canaryRate: 0,
    controlRate: 0,
    slowdown: 1.5,
    ...(visitors === undefined ? { from: 'nowhere' } : { visitors }),
    guard: { ceilings: undefined, traffic: undefined },
  }
}
const [ALIKE, ...DIFFERENT] = [undefined, ...KINDS].map(atAQuarter) as [Scenario, ...Scenario[]]

const TOO_UNEVEN =
  'who is canary is not known to be as fast as the others until they have been seen as control, so the null ' +
  'allows for up to 1.5 times; where it would have to allow for more the stage is held, and the canary is not found.'

const foundRow: Row = {
  id: 'people-slow',
  measure: 'visitors who differ, canary half as slow again: promoted; found at 25 %, and after how long',
  target: 'promoted ≤ 1 %; found ≥ 95 %, at a price of ≤ 2 × the time with independent requests',
  scenarios: [...SLOWER, ALIKE, ...DIFFERENT],
  runs: { quick: 2, full: 200 },
  figures: (results) => [
    ...SLOWER.map((scenario) =>
      shareFigure(`${scenario.name}: promoted`, results(scenario), ({ finished }) => finished, 0.01),
    ),
    delayFigure(`${ALIKE.name}, median`, results(ALIKE), 0.5, Infinity),
    ...DIFFERENT.flatMap((scenario): Figure[] => [
      {
        ...shareFigure(`${scenario.name}: found`, results(scenario), rolledBack, 0.95, 'least'),
        miss: TOO_UNEVEN,
      },
      {
        ...delayFigure(`${scenario.name}, median`, results(scenario), 0.5, 2 * medianOf(results(ALIKE))),
        miss: TOO_UNEVEN,
      },
    ]),
  ],
}

const medianOf = (results: readonly RunResult[]) => delayFigure('', results, 0.5, Infinity).value

const firstRow: Row = {
  ...harmless('people-first', 'visitors who differ, begun at a quarter or half: false rollbacks', FIRST, {
    quick: 1,
    full: 100,
  }),
  figures: (results) =>
    FIRST.map((scenario) => ({
      ...shareFigure(scenario.name, results(scenario), rolledBack, FALSE_ALARMS),
      miss: FEW_PEOPLE,
    })),
}

export const LATENCY_ROWS: readonly Row[] = [
  harmless('cold', 'cold machines: false rollbacks', COLD, { quick: 3, full: 300 }),
  harmless('stalls', 'machines that stall: false rollbacks', STALLS, { quick: 2, full: 300 }),
  harmless('people', 'visitors who differ in latency: false rollbacks', PEOPLE, { quick: 2, full: 300 }),
  firstRow,
  foundRow,
]
