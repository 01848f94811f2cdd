/** The outcome of a rollout attempt: kept when it ends, for those who ask later how it went. */
import type { FlagControl } from '../config/control.ts'
import { type Cell, emptyCell, errorsOf, mergeCell } from '../counters/cell.ts'
import { quantileMs } from '../counters/histogram.ts'
import { type FailureGroup, type Failures, mostFrequent } from '../counters/samples/failures.ts'
import type { Arm } from '../decision/decide.ts'
import type { VerdictReport } from '../guard/index.ts'
import type { MetricResults } from '../metrics/results.ts'

export const ENDINGS = ['finished', 'rolled-back', 'replaced', 'removed'] as const
/**
 * `replaced`: another attempt began before this one had ended, by a resume after a freeze or by a document. `removed`: the
 * document has the flag no more, or has no rollout for it.
 */
export type Ending = (typeof ENDINGS)[number]

/** What one arm had; rate and latencies are null without requests. */
export type ArmOutcome = {
  requests: number
  errors: number
  errorRate: number | null
  p50Ms: number | null
  p95Ms: number | null
}

/** How an attempt's copies compared, in a word and a sentence. */
export type ShadowOutcome = { verdict: string; sentence: string; samples: number }

/** Times in ms since 1970. */
export type AttemptOutcome = {
  flag: string
  generation: number
  /** When the gate first knew of the attempt. */
  startedAtMs: number
  endedAtMs: number
  ending: Ending
  /** Who or what ended it, and why. */
  actor: string
  reason: string
  /** Of the visitors who meet the conditions, in percent: where it ended. */
  percentage: number
  /** Index of the stage. */
  stage: number
  canary: ArmOutcome
  control: ArmOutcome
  /** The guard's last sentence; null without a guard. */
  verdict: string | null
  /** What failed; left out by earlier releases. */
  failures?: FailureGroup[]
  /** What the copies of its latest shadow stage showed; undefined without one. */
  shadow?: ShadowOutcome | undefined
  /** What its metrics have shown, without their course; missing where it measured nothing. */
  metrics?: MetricResults
  /** What a person adds. */
  note: { text: string; actor: string; atMs: number } | null
}

/** How an attempt ended by a change of its control; undefined where it goes on, or had ended before. */
export function endingOf(before: FlagControl, after: FlagControl): Ending | undefined {
  if (before.rolledBack) return undefined
  if (after.rolledBack) return 'rolled-back'
  if (before.finished) return undefined
  if (after.generation > before.generation) return 'replaced'
  return after.finished ? 'finished' : undefined
}

export type EndedAttempt = Pick<
  AttemptOutcome,
  'flag' | 'startedAtMs' | 'endedAtMs' | 'ending' | 'actor' | 'reason' | 'percentage'
> & {
  control: FlagControl
  /** All counts of the flag. */
  cells: readonly Cell[]
  verdict: VerdictReport | null
  /** What failed in the flag's latest attempt in which anything did. */
  failures: Failures | undefined
  shadow: ShadowOutcome | undefined
  metrics?: MetricResults | undefined
}

export function outcomeOf(ended: EndedAttempt): AttemptOutcome {
  const { control, cells, verdict, failures, shadow, metrics, ...known } = ended
  const { generation, stage } = control
  const counted = cells.filter((cell) => cell.generation === generation)
  return {
    ...known,
    generation,
    stage,
    canary: armOutcome(counted, 'canary'),
    control: armOutcome(counted, 'control'),
    verdict: verdict?.sentence ?? null,
    failures: failuresOf(failures, generation),
    ...(shadow && { shadow }),
    ...(metrics && {
      metrics: { ...metrics, metrics: metrics.metrics.map((metric) => ({ ...metric, series: [] })) },
    }),
    note: null,
  }
}

/** What failed in this attempt, as it is shown. */
export function failuresOf(failures: Failures | undefined, generation: number): FailureGroup[] {
  return failures !== undefined && failures.generation === generation ? mostFrequent(failures.groups) : []
}

function armOutcome(cells: readonly Cell[], arm: Arm): ArmOutcome {
  const sum = emptyCell({ flag: '', variant: '', arm, generation: 0, stage: 0 })
  for (const cell of cells) if (cell.arm === arm) mergeCell(sum, cell)
  const { requests, latency } = sum
  const errors = errorsOf(sum)
  return {
    requests,
    errors,
    errorRate: requests === 0 ? null : errors / requests,
    p50Ms: rounded(quantileMs(latency, 0.5)),
    p95Ms: rounded(quantileMs(latency, 0.95)),
  }
}

function rounded(valueMs: number | undefined): number | null {
  return valueMs === undefined ? null : Math.round(valueMs * 10) / 10
}
