/** Keeps the outcome of each rollout attempt that a change ends. */
import type { Snapshot } from '../../../core/config/compile/snapshot.ts'
import type { ControlState, FlagControl } from '../../../core/config/control.ts'
import type { GateDocument } from '../../../core/config/schema/document.ts'
import { isAttempt } from '../../../core/config/split/split.ts'
import type { VerdictReport } from '../../../core/guard/index.ts'
import type { MetricResults } from '../../../core/metrics/results.ts'
import { type Ending, endingOf, outcomeOf } from '../../../core/rollout/attempt.ts'
import type { Cause } from '../../../core/rollout/audit.ts'
import { flagStatus } from '../../../core/rollout/commands.ts'
import type { RolloutChange } from '../../../core/rollout/edits/document-change.ts'
import { percentageOf } from '../../../core/rollout/news/transition.ts'
import type { AttemptLog } from '../../storage/attempt-log.ts'
import type { FailureLog } from '../../storage/books/failure-log.ts'
import type { CellStore } from '../../storage/cell-store.ts'
import type { ShadowLog } from '../../storage/shadow-log.ts'
import { measuredAnew } from './measured-anew.ts'

/** A document that attempts run under; version 0: the one that is built in. */
type Running = { info: { version: number }; document: GateDocument; snapshot: Snapshot }

export type OutcomeParts = {
  attempts: AttemptLog
  cells: CellStore
  failures: FailureLog
  shadow: ShadowLog
  control: { readonly state: ControlState }
  documents: { readonly current: Running }
  /** What the guard said last of a flag. */
  verdictOf(flag: string): VerdictReport | null
  /** What an attempt's metrics have shown; undefined where it measured nothing. */
  metricsOf(flag: string, generation: number, nowMs: number): MetricResults | undefined
}

type Change = Pick<RolloutChange, 'flag' | 'before' | 'after'>

/** A command that ends an attempt leaves its outcome; the one that runs has begun by now. */
export function keepOutcome(parts: OutcomeParts, change: Change, cause: Cause, nowMs: number): void {
  const { flag, before, after } = change
  const { current } = parts.documents
  const ending = endingOf(before, after)
  if (ending !== undefined) keep(parts, { flag, control: before, ending, document: current }, cause, nowMs)
  if (current.snapshot.flags.has(flag)) parts.attempts.noteStart(flag, after.generation, nowMs)
}

/** A document ends attempts by another split, and those of flags that are no rollouts any more. */
export function keepOutcomesOfDocument(
  parts: OutcomeParts,
  before: Running,
  { rollouts, cause }: { rollouts: readonly Change[]; cause: Cause },
  nowMs: number,
): void {
  const { control, documents } = parts
  const known = new Set(rollouts.map(({ flag }) => flag))
  for (const ended of measuredAnew(control.state, before, documents.current))
    if (!known.has(ended.flag) && parts.metricsOf(ended.flag, ended.control.generation, nowMs)?.kept.visitors)
      keep(parts, { ...ended, document: before }, cause, nowMs)
  const now = documents.current.document.flags
  // Under the document that was built in, nothing runs.
  const removed = Object.entries(before.info.version === 0 ? {} : before.document.flags)
    .filter(([flag, was]) => isAttempt(was) && !(Object.hasOwn(now, flag) && isAttempt(now[flag] ?? was)))
    .map(([flag]) => flag)
  for (const { flag, before: was, after } of rollouts) {
    const ending = removed.includes(flag) ? undefined : endingOf(was, after)
    if (ending !== undefined) keep(parts, { flag, control: was, ending, document: before }, cause, nowMs)
    if (documents.current.snapshot.flags.has(flag)) parts.attempts.noteStart(flag, after.generation, nowMs)
  }
  for (const flag of removed) {
    const was = rollouts.find((change) => change.flag === flag)?.before ?? flagStatus(control.state, flag)
    if (was.rolledBack || was.finished) continue
    keep(parts, { flag, control: was, ending: 'removed', document: before }, cause, nowMs)
  }
}

/** `document`: the one that it ran under. */
type Ended = { flag: string; control: FlagControl; ending: Ending; document: Running }

function keep(parts: OutcomeParts, { document, ...ended }: Ended, cause: Cause, nowMs: number): void {
  const { attempts, cells, failures, shadow, verdictOf, metricsOf } = parts
  const { flag, control } = ended
  const known = document.snapshot.flags.get(flag)
  if (known === undefined) return
  const { actor, reason } = cause
  const metrics = metricsOf(flag, control.generation, nowMs)
  const startedAtMs = attempts.startOf(flag, control.generation) ?? metrics?.sinceMs ?? nowMs
  const percentage = control.percentage ?? percentageOf(known, control)
  const times = { startedAtMs, endedAtMs: nowMs }
  attempts.add(
    outcomeOf({
      ...{ ...ended, ...times, actor, reason, percentage },
      cells: cells.of(flag),
      verdict: verdictOf(flag),
      failures: failures.of(flag),
      shadow: shadow.outcomeOf(flag, control.generation),
      metrics,
    }),
  )
}
