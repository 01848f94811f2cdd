/** Keeps the outcome of each rollout attempt that a change ends. */
import type { Snapshot } from '../../../core/config/compile/snapshot.ts'
import type { ControlState, FlagControl } from '../../../core/config/control.ts'
import type { GateDocument } from '../../../core/config/schema/document.ts'
import { isAttempt } from '../../../core/config/split/split.ts'
import type { CompiledFlag } from '../../../core/flags/flag.ts'
import type { VerdictReport } from '../../../core/guard/index.ts'
import type { MetricResults } from '../../../core/metrics/results.ts'
import { sharesOf } from '../../../core/metrics/spec.ts'
import { type Ending, endingOf, outcomeOf } from '../../../core/rollout/attempt.ts'
import type { Cause } from '../../../core/rollout/audit.ts'
import { flagStatus } from '../../../core/rollout/commands.ts'
import type { RolloutChange } from '../../../core/rollout/edits/document-change.ts'
import { percentageOf } from '../../../core/rollout/news/transition.ts'
import type { AttemptLog } from '../../storage/attempt-log.ts'
import type { FailureLog } from '../../storage/books/failure-log.ts'
import type { CellStore } from '../../storage/cell-store.ts'
import type { ShadowLog } from '../../storage/shadow-log.ts'

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
  for (const ended of measuredAnew(parts, before, rollouts))
    if (parts.metricsOf(ended.flag, ended.control.generation, nowMs)?.kept.visitors)
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

/**
 * Experiments of a split without stages are no attempts: where a document deals or compares their visitors otherwise, the count
 * begins anew, and what it had come to must stay.
 */
function measuredAnew(
  { control, documents }: OutcomeParts,
  before: Running,
  rollouts: readonly Change[],
): Omit<Ended, 'document'>[] {
  const known = new Set(rollouts.map(({ flag }) => flag))
  const measured = new Set([...(before.snapshot.measured?.flagsOf.values() ?? [])].flat())
  return [...measured].flatMap((flag): Omit<Ended, 'document'>[] => {
    const config = before.document.flags[flag]
    const status = flagStatus(control.state, flag)
    if (known.has(flag) || config === undefined || isAttempt(config)) return []
    if (status.rolledBack || status.finished) return []
    const was = dealOf(before.snapshot.flags.get(flag), status)
    const is = dealOf(documents.current.snapshot.flags.get(flag), status)
    if (was === undefined || was === is) return []
    return [{ flag, control: status, ending: is === undefined ? 'removed' : 'replaced' }]
  })
}

/** Which variants a flag compares, and how it deals them, as text; undefined for one that compares nothing. */
function dealOf(flag: CompiledFlag | undefined, control: FlagControl): string | undefined {
  const measures = flag?.measures
  if (flag === undefined || measures === undefined) return undefined
  return JSON.stringify([measures.variants, sharesOf(measures, percentageOf(flag, control))])
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
