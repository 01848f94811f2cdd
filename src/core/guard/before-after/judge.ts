/** What the weeks before say of a flag without a split, as a part of its verdict: its journeys, and its metrics. */
import { levelOf } from '../evidence/alpha.ts'
import { type GuardSettings, hasLimits } from '../evidence/settings.ts'
import type { Verdict } from '../evidence/types.ts'
import type { BeforeAfterState, BeforeAfterTick } from './before-after.ts'
import { type Finding, lookBack, type Subject, withCaveat } from './finding.ts'

/** A line of `guard.metrics`, and what was counted for it since the tick before. */
export type MetricLook = {
  line: { metric: string; maxDropPercent: number; action: Subject['action'] }
  before: BeforeAfterState | undefined
  events: number
}

/** `signal`: what is to be told now, where that is all. */
export type MetricLooked = { metric: string; state: BeforeAfterState; signal?: string }

export type BeforeAfterJudged = {
  /** Of journeys; undefined where those are not compared. */
  state: BeforeAfterState | undefined
  metrics: MetricLooked[]
  verdict: Verdict
}

/**
 * A flag's verdict with what the weeks before say.
 *
 * @param settings journeys are compared where they have `traffic.maxDropPercent`
 * @param before of journeys; undefined at the first look
 * @param verdict of the guard's other tests at this look; without anything to compare it stays as it is
 */
export function judgeBeforeAfter(
  settings: GuardSettings,
  before: BeforeAfterState | undefined,
  tick: BeforeAfterTick,
  verdict: Verdict,
  metrics: readonly MetricLook[] = [],
): BeforeAfterJudged {
  const { alpha, action, traffic } = settings
  const ofTraffic =
    traffic.maxDropPercent === null
      ? undefined
      : lookBack(
          { maxDropPercent: traffic.maxDropPercent, level: levelOf('traffic', alpha), action },
          before,
          tick,
        )
  // All lines together have the share of α that metrics have.
  const level = metrics.length * levelOf('metrics', alpha)
  const looked = metrics.map(({ line, before, events }) => ({
    metric: line.metric,
    action: line.action,
    ...lookBack({ ...line, level }, before, { ...tick, journeys: events, per: tick.journeys }),
  }))
  const findings = [ofTraffic, ...looked].flatMap((each) => each?.finding ?? [])
  return {
    state: ofTraffic?.state ?? before,
    metrics: looked.map(({ metric, action, state, finding }) => ({
      metric,
      state,
      ...(action === 'signal' && finding.isNew && { signal: withCaveat(finding) }),
    })),
    verdict: findings.length === 0 ? verdict : withFindings(verdict, findings, settings),
  }
}

/** Verdicts of the other tests by which nothing is done. */
const CALM: readonly Verdict['kind'][] = ['collecting', 'baking', 'healthy', 'unjudged']

/** What the other tests act on comes first; else the weeks lead, since without a split those have nothing to compare. */
function withFindings(verdict: Verdict, findings: readonly Finding[], settings: GuardSettings): Verdict {
  const { kind, sentence, evidence, requirements } = verdict
  const failing = findings.find(({ judgement }) => judgement.kind === 'failing')
  const waiting = findings.find(({ judgement }) => judgement.kind !== 'healthy')
  const figures = (failing ?? waiting ?? findings[0])?.figures
  const words = { evidence, ...(requirements && { requirements }), ...(figures && { beforeAfter: figures }) }
  if (!CALM.includes(kind)) return { ...verdict, ...words }
  if (failing) return { ...failing.judgement, ...words, sentence: withCaveat(failing) }
  const caveats = findings.flatMap(({ caveat }) => caveat ?? [])
  const said = [...findings.map((finding) => finding.sentence), ...new Set(caveats)]
  return {
    ...(waiting?.judgement ?? { kind: 'healthy' }),
    ...words,
    sentence: [...said, ...(hasLimits(settings) ? [sentence] : [])].join('; '),
  }
}
