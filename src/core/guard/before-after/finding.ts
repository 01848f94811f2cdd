/** What the comparison with the weeks before says at a look, in words and as a part of the flag's verdict. */
import { countText, durationText, rateText } from '../../figures.ts'
import type { GuardSettings } from '../evidence/settings.ts'
import type { BeforeAfterFigures, Judgement, Verdict } from '../evidence/types.ts'
import { clockText } from '../verdict/since.ts'
import type { Basis, NoBasis } from './basis.ts'
import {
  type BeforeAfterState,
  type BeforeAfterTick,
  initialBeforeAfter,
  stepBeforeAfter,
} from './before-after.ts'
import { BLOCK_MS, HOUR_MS, hoursToLearn, LEAST_WEEKS } from './hours.ts'
import { type Found, fallOf, isBasis, type Limits, type Run, standingOf } from './run.ts'

type Finding = { judgement: Judgement; sentence: string; figures?: BeforeAfterFigures }

/**
 * A flag's verdict with what the weeks before say of its traffic.
 *
 * @param settings with `traffic.maxDropPercent`; without it the verdict stays as it is
 * @param before undefined at the first look
 * @param verdict of the guard's other tests at this look
 */
export function judgeBeforeAfter(
  settings: GuardSettings,
  before: BeforeAfterState | undefined,
  tick: BeforeAfterTick,
  verdict: Verdict,
): { state: BeforeAfterState | undefined; verdict: Verdict } {
  const { alpha, action, traffic } = settings
  if (traffic.maxDropPercent === null) return { state: before, verdict }
  const limits = { alpha, maxDropPercent: traffic.maxDropPercent }
  const { generation, atMs } = tick
  const state = stepBeforeAfter(limits, before ?? initialBeforeAfter(tick), tick)
  const finding = findingOf(state, { ...limits, action, generation, atMs })
  const isNew = finding.judgement.kind === 'failing' && state.decision?.generation !== generation
  return {
    state: isNew ? { ...state, decision: { generation, sentence: finding.sentence } } : state,
    verdict: withFinding(verdict, finding, settings),
  }
}

type Look = Limits & { action: GuardSettings['action']; generation: number; atMs: number }

/** What a state says; a decision is final for its generation. */
function findingOf(state: BeforeAfterState, look: Look): Finding {
  const { run, decision } = state
  const failing = { kind: 'failing', action: look.action, trigger: 'traffic' } as const
  const seen = run !== null && isBasis(run.basis) ? figuresOf(state, run, run.basis) : undefined
  const figures = seen && { figures: seen }
  if (decision?.generation === look.generation)
    return { judgement: failing, sentence: decision.sentence, ...figures }
  if (run === null || run.generation !== look.generation) return idle(state)
  if (!isBasis(run.basis)) return { judgement: WAITING, sentence: blindSentence(run.basis) }
  const standing = standingOf(run, look)
  const sentence = sentenceOf(state, run, run.basis, look)
  if (standing === 'fallen') return { judgement: failing, sentence, ...figures }
  return { judgement: standing === 'level' ? { kind: 'healthy' } : WAITING, sentence, ...figures }
}

const WAITING: Judgement = { kind: 'collecting', lacks: 'evidence', alert: null }

/** No visitor has the flag: its hours are counted, to compare with. */
function idle({ hours }: BeforeAfterState): Finding {
  const toGo = hoursToLearn(hours)
  const known = toGo > 0 ? `; ${learningText(toGo)}` : ''
  return {
    judgement: { kind: 'collecting', lacks: 'requests', alert: null },
    sentence: `serves only "off" so far: its journeys are counted, to be compared with${known}`,
  }
}

const learningText = (hoursToGo: number) =>
  `a comparison needs ${LEAST_WEEKS} weeks and a day, and begins in ${durationText(hoursToGo * HOUR_MS)}`

function blindSentence(none: NoBasis): string {
  switch (none.kind) {
    case 'history':
      return `collects journeys to compare with the same hours of the weeks before: ${learningText(none.hoursToGo)}; until then no fall is seen`
    case 'few':
      return `too few journeys to compare with the weeks before: about ${roundedText(none.perHour)} an hour, needs about ${roundedText(none.neededPerHour)}`
    case 'uneven':
      return `its journeys differ by ${rateText(none.daySd)} from day to day, so no fall can be told from that`
  }
}

function sentenceOf(state: BeforeAfterState, run: Run, basis: Basis, look: Look): string {
  const against = 'the same hours of the weeks before'
  const caveat = `compared with ${basis.weeks} weeks before, not with a control`
  const told = foundText(state, run.risen, look)
  switch (standingOf(run, look)) {
    case 'fallen':
      return `journeys fell by ${rateText(fallOf(run.risen))} against ${against}, ${told}; ${caveat}`
    case 'falling':
      return `journeys fall below ${against}, ${told}; waiting until that clears or grows`
    case 'below':
      return `journeys are ${rateText(fallOf(run.risen))} below ${against}, ${told}; acts from ${rateText(basis.leastFall)} on${usualText(basis, look)}`
    default:
      return run.whole.expected < 1
        ? `compares journeys with ${against} from now on; ${caveat}${usualText(basis, look)}`
        : `no fall of journeys against ${against}, ${foundText(state, run.whole, look)}; ${caveat}${usualText(basis, look)}`
  }
}

/** "since 16:51 UTC: 1,230 where about 2,340 were to be expected". */
function foundText(
  { offsetMs }: BeforeAfterState,
  { since, journeys, expected }: Found,
  { atMs }: Look,
): string {
  const from = clockText(since * BLOCK_MS - offsetMs, atMs)
  return `since ${from}: ${countText(journeys)} where about ${countText(Math.round(expected))} were to be expected`
}

/** Where days differ so much that the limit itself can't be told. */
function usualText({ leastFall }: Basis, { maxDropPercent }: Look): string {
  return leastFall * 100 <= maxDropPercent
    ? ''
    : `; days differ so much here that only a fall of ${rateText(leastFall)} is told from them`
}

/** Two digits are all that an estimate has. */
const roundedText = (value: number) => countText(value < 10 ? Math.ceil(value) : Number(value.toPrecision(2)))

function figuresOf({ offsetMs }: BeforeAfterState, run: Run, basis: Basis): BeforeAfterFigures {
  const { since, journeys, expected } = run.risen
  return {
    since: new Date(since * BLOCK_MS - offsetMs).toISOString(),
    journeys,
    expected: Math.round(expected),
    fall: Number(fallOf(run.risen).toFixed(3)),
    actsFrom: Number(basis.leastFall.toFixed(3)),
    weeks: basis.weeks,
  }
}

/**
 * A flag's verdict with what the weeks before say. What the other tests act on comes first; else this one leads, since
 * without a split they have nothing to compare.
 */
function withFinding(verdict: Verdict, finding: Finding, settings: GuardSettings): Verdict {
  const { kind, sentence, evidence, requirements } = verdict
  const isActedOn = kind !== 'collecting' && kind !== 'baking' && kind !== 'healthy'
  const words = {
    evidence,
    ...(requirements && { requirements }),
    ...(finding.figures && { beforeAfter: finding.figures }),
  }
  if (isActedOn) return { ...verdict, ...words }
  const { ceilings, thresholds } = settings
  const hasLimits = [ceilings.errorRate, ceilings.p95Ms, thresholds.errors, thresholds.slow].some(
    (limit) => limit !== null,
  )
  const both =
    hasLimits && finding.judgement.kind !== 'failing' ? `${finding.sentence}; ${sentence}` : finding.sentence
  return { ...finding.judgement, ...words, sentence: both }
}
