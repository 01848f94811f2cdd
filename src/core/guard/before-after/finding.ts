/** What a comparison with the weeks before says at a look, in words. */
import { countText, durationText, estimateText, rateText } from '../../figures.ts'
import type { BeforeAfterFigures, Judgement } from '../evidence/types.ts'
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

/** What is compared with the weeks before: the journeys of a flag, or how many events of a metric come per journey. */
export type Subject = Limits & {
  metric?: string
  /** `signal`: told, and nothing is done. */
  action: 'rollback' | 'freeze' | 'signal'
}

export type Finding = {
  judgement: Judgement
  sentence: string
  /** What a comparison without a control must say of itself; undefined where nothing is compared. */
  caveat?: string
  figures?: BeforeAfterFigures
  /** A fall was just told, for the first time. */
  isNew?: boolean
}

/** The next look at a subject. A decision is final for its generation. */
export function lookBack(
  subject: Subject,
  before: BeforeAfterState | undefined,
  tick: BeforeAfterTick,
): { state: BeforeAfterState; finding: Finding } {
  const { generation, atMs } = tick
  const state = stepBeforeAfter(subject, before ?? initialBeforeAfter(tick), tick)
  const look = { ...subject, generation, atMs }
  const { hasFallen, ...finding } = findingOf(state, look)
  if (!hasFallen || state.decision?.generation === generation) return { state, finding }
  const sentence = withCaveat(finding)
  return { state: { ...state, decision: { generation, sentence } }, finding: { ...finding, isNew: true } }
}

export function withCaveat({ sentence, caveat }: Finding): string {
  return caveat === undefined ? sentence : `${sentence}; ${caveat}`
}

type Look = Subject & { generation: number; atMs: number }

/** What a state says. */
function findingOf(state: BeforeAfterState, look: Look): Finding & { hasFallen?: true } {
  const { run, decision } = state
  const seen = run !== null && isBasis(run.basis) ? figuresOf(state, run, run.basis) : undefined
  const figures = seen && { figures: { ...(look.metric !== undefined && { metric: look.metric }), ...seen } }
  if (decision?.generation === look.generation)
    return { judgement: fallenBy(look), sentence: decision.sentence, ...figures, hasFallen: true }
  if (run === null || run.generation !== look.generation) return idle(state, look)
  if (!isBasis(run.basis)) return { judgement: WAITING, sentence: blindSentence(run.basis, look) }
  const standing = standingOf(run, look)
  const caveat = `compared with ${run.basis.weeks} weeks before, not with a control${usualText(run.basis, look)}`
  const said = { sentence: sentenceOf(state, run, run.basis, look), caveat, ...figures }
  if (standing === 'fallen') return { judgement: fallenBy(look), ...said, hasFallen: true }
  return { judgement: standing === 'level' ? { kind: 'healthy' } : WAITING, ...said }
}

const WAITING: Judgement = { kind: 'collecting', lacks: 'evidence', alert: null }

function fallenBy({ action, metric }: Subject): Judgement {
  if (action === 'signal') return WAITING
  return { kind: 'failing', action, trigger: metric === undefined ? 'traffic' : 'metric' }
}

/** How a subject is spoken of: what is counted, and what is compared. */
function wordsOf({ metric }: Subject) {
  return metric === undefined
    ? {
        counted: 'journeys',
        own: 'its journeys are',
        compared: 'journeys',
        are: 'are',
        s: '',
        differ: 'its journeys differ',
      }
    : {
        ...{
          counted: `events of ${metric}`,
          own: `events of ${metric} are`,
          compared: `${metric} per journey`,
        },
        ...{ are: 'is', s: 's', differ: `${metric} per journey differs` },
      }
}

/** No visitor has the flag: its hours are counted, to compare with. */
function idle({ hours }: BeforeAfterState, look: Look): Finding {
  const toGo = hoursToLearn(hours)
  const known = toGo > 0 ? `; ${learningText(toGo)}` : ''
  return {
    judgement: { kind: 'collecting', lacks: 'requests', alert: null },
    sentence: `waits for visitors who have the flag: ${wordsOf(look).own} counted, to be compared with${known}`,
  }
}

const learningText = (hoursToGo: number) =>
  `a comparison needs ${LEAST_WEEKS} weeks and a day, and begins in ${durationText(hoursToGo * HOUR_MS)}`

function blindSentence(none: NoBasis, look: Look): string {
  const { counted, differ } = wordsOf(look)
  switch (none.kind) {
    case 'history':
      return `collects ${counted} to compare with the same hours of the weeks before: ${learningText(none.hoursToGo)}; until then no fall is seen`
    case 'few':
      return `too few ${counted} to compare with the weeks before: about ${estimateText(none.perHour)} an hour, needs about ${estimateText(none.neededPerHour)}`
    case 'uneven':
      return `${differ} by ${rateText(none.daySd)} from day to day, so no fall can be told from that`
  }
}

function sentenceOf(state: BeforeAfterState, run: Run, basis: Basis, look: Look): string {
  const against = 'the same hours of the weeks before'
  const told = foundText(state, run.risen, look)
  const { compared, are, s } = wordsOf(look)
  switch (standingOf(run, look)) {
    case 'fallen':
      return `${compared} fell by ${rateText(fallOf(run.risen))} against ${against}, ${told}`
    case 'falling':
      return `${compared} fall${s} below ${against}, ${told}; waiting until that clears or grows`
    case 'below':
      return `${compared} ${are} ${rateText(fallOf(run.risen))} below ${against}, ${told}; acts from ${rateText(basis.leastFall)} on`
    default:
      return run.whole.expected < 1
        ? `compares ${compared} with ${against} from now on`
        : `no fall of ${compared} against ${against}, ${foundText(state, run.whole, look)}`
  }
}

/** "since 16:51 UTC: 1,230 where about 2,340 were to be expected". */
function foundText(
  { offsetMs }: BeforeAfterState,
  { since, journeys, expected }: Found,
  { atMs }: Look,
): string {
  const from = clockText(since * BLOCK_MS - offsetMs, atMs)
  return `since ${from}: ${countText(Math.round(journeys))} where about ${countText(Math.round(expected))} were to be expected`
}

/** Where days differ so much that the limit itself can't be told. */
function usualText({ leastFall }: Basis, { maxDropPercent }: Look): string {
  return leastFall * 100 <= maxDropPercent
    ? ''
    : `; days differ so much here that only a fall of ${rateText(leastFall)} is told from them`
}

function figuresOf({ offsetMs }: BeforeAfterState, run: Run, basis: Basis): BeforeAfterFigures {
  const { since, journeys, expected } = run.risen
  return {
    since: new Date(since * BLOCK_MS - offsetMs).toISOString(),
    journeys: Math.round(journeys),
    expected: Math.round(expected),
    fall: Number(fallOf(run.risen).toFixed(3)),
    actsFrom: Number(basis.leastFall.toFixed(3)),
    weeks: basis.weeks,
  }
}
