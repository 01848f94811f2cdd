/** The row that holds `sluice plan` against the guard itself, in settings that a seed draws. */

import { resolveGuardSettings } from '../../../src/core/guard/index.ts'
import { type Site, sizeStages } from '../../../src/core/rollout/sizing.ts'
import { percentile } from '../../../test-kit/report/percentiles.ts'
import { type Random, seeded } from '../../../test-kit/simulation/random.ts'
import type { Figure, Row } from '../model/row.ts'
import type { RunResult, Scenario } from '../model/scenario.ts'
import { proportionInterval, quantileInterval } from '../model/statistics.ts'

const SETTINGS = 20
/** A plan and a simulation agree within this factor. */
const FACTOR = 1.5
const PERCENTAGES = [1, 2, 5, 10, 25, 50]
/** What takes longer isn't simulated, for time's sake. */
const LONGEST_S = 1800
const GUARD = { ceilings: undefined, traffic: undefined }

type Setting = { site: Site; percentage: number; passS: number; findsErrorRate: number }

function drawn(random: Random): Setting {
  for (;;) {
    const percentage = PERCENTAGES[random.below(PERCENTAGES.length)] ?? 5
    const site = {
      requestsPerSecond: round(10 ** (2.5 * random.next())),
      errorRate: round(10 ** (-3 + 1.7 * random.next())),
    }
    const [sized] = sizeStages(resolveGuardSettings(), site, [{ percentage, bakeMs: 0 }])
    if (sized === undefined || sized.passMs > LONGEST_S * 1000 || sized.findsErrorRate === null) continue
    return { site, percentage, passS: sized.passMs / 1000, findsErrorRate: sized.findsErrorRate }
  }
}

const round = (value: number) => Number(value.toPrecision(2))

function scenarioOf({ site, percentage, passS }: Setting, canaryRate: number, name: string): Scenario {
  return {
    name: `${name}: ${site.requestsPerSecond}/s, ${round(site.errorRate * 100)} % errors, canary ${percentage} %`,
    stages: canaryRate > site.errorRate ? [percentage] : [percentage, percentage + 1],
    requestsPerSecond: site.requestsPerSecond,
    seconds: Math.ceil(passS * 4),
    canaryRate,
    controlRate: site.errorRate,
    untilAdvance: true,
    from: 'nowhere',
    guard: GUARD,
  }
}

/** Planned time / the time in which nine of ten runs are through. */
function ratioFigure(
  scenario: Scenario,
  plannedS: number,
  results: readonly RunResult[],
  timeOf: (result: RunResult) => number | null,
): Figure {
  const times = results.map((result) => timeOf(result) ?? Infinity)
  const { low, high } = quantileInterval(times, 0.9)
  return {
    of: scenario.name,
    value: plannedS / percentile(times, 0.9),
    interval: { low: plannedS / high, high: plannedS / low },
    unit: 'ratio',
    limit: Infinity,
    side: 'most',
    repeats: results.length,
    beside: {},
  }
}

function togetherFigure(of: string, figures: readonly Figure[]): Figure {
  const hits = figures.filter(({ value }) => value <= FACTOR && value >= 1 / FACTOR).length
  return {
    of: `${of}: within a factor of ${FACTOR}`,
    value: hits / figures.length,
    interval: proportionInterval(hits, figures.length),
    unit: 'share',
    limit: 0.9,
    side: 'least',
    repeats: figures.length,
    beside: {},
  }
}

/** The row for a seed, which its table names. */
export function planRow(seed: string): Row {
  const random = seeded(`${seed} plan`, 0)
  const settings = Array.from({ length: SETTINGS }, () => drawn(random))
  const pass = settings.map((setting) => scenarioOf(setting, setting.site.errorRate, 'passes'))
  const find = settings.map((setting) => scenarioOf(setting, setting.findsErrorRate, 'finds'))
  return {
    id: 'plan',
    measure: `sluice plan / a simulation, ${SETTINGS} settings drawn from seed “${seed}”: time to pass, and to find what it says that it finds`,
    target: `within a factor of ${FACTOR} in nine of ten settings`,
    scenarios: [...pass, ...find],
    runs: { quick: 0, full: 100 },
    figures: (results) => {
      const planned = (k: number) => settings[k]?.passS ?? 0
      const passed = pass.map((scenario, k) =>
        ratioFigure(scenario, planned(k), results(scenario), ({ firstAdvanceS }) => firstAdvanceS),
      )
      const found = find.map((scenario, k) =>
        ratioFigure(scenario, planned(k), results(scenario), ({ rolledBackS }) => rolledBackS),
      )
      return [togetherFigure('passes', passed), togetherFigure('finds', found), ...passed, ...found]
    },
  }
}
