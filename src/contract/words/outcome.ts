/** How a rollout attempt went, as people read it: the same on the flag's page, in the terminal and in the book. */
import { latencyText, percentText, plural, rateText, timestampText } from '../../core/figures.ts'
import type { FailureView, Responses } from '../responses.ts'
import { comparisonLines } from './results.ts'

export type Outcome = Responses['listOutcomes']['outcomes'][number]

const ENDINGS: Readonly<Record<Outcome['ending'], string>> = {
  finished: 'finished',
  'rolled-back': 'rolled back',
  replaced: 'replaced by another attempt',
  removed: 'removed from the document',
}

/** "attempt 2: rolled back at 25 % by guard, 2026-03-01 10:00:00 UTC". */
export function outcomeTitle({ generation, ending, percentage, actor, endedAt }: Outcome): string {
  return `attempt ${generation}: ${ENDINGS[ending]} at ${percentText(percentage)} by ${actor}, ${timestampText(endedAt)}`
}

/** What was measured, what the guard said, why it ended, and what people noted, a line each. */
export function outcomeLines({
  startedAt,
  canary,
  control,
  verdict,
  failures = [],
  shadow = null,
  metrics,
  reason,
  note,
}: Outcome): string[] {
  return [
    `since ${timestampText(startedAt)}; ${reason}`,
    `canary ${armText(canary)}`,
    `control ${armText(control)}`,
    // The guard that ended it gave its verdict as the reason.
    ...(verdict === null || verdict === reason ? [] : [`guard: ${verdict}`]),
    ...(shadow === null ? [] : [`shadow: ${shadow.sentence}`]),
    ...(metrics ? comparisonLines(metrics) : []),
    ...failures.filter(({ arm, as }) => arm === 'canary' && as === 'failed').map(failedText),
    ...(note === null ? [] : [`note by ${note.actor}, ${timestampText(note.at)}: ${note.text}`]),
  ]
}

function armText({ requests, errors, errorRate, p95Ms }: Outcome['canary']): string {
  if (requests === 0) return 'had no requests'
  const failed = `${plural(errors, 'error')} (${rateText(errorRate ?? 0)})`
  return `${plural(requests, 'request')} by then, ${failed}${p95Ms === null ? '' : `, p95 ${latencyText(p95Ms)}`}`
}

const MOST_NAMED = 3

/** "what failed, of 9 sampled of on: 503 (7), timeout (2); GET /pay (9); such as request 8a1b…". */
function failedText({ variant, sampled, statuses, paths, requests }: FailureView): string {
  const named = (tally: FailureView['paths']) =>
    tally
      .slice(0, MOST_NAMED)
      .map(({ value, count }) => `${value} (${count})`)
      .join(', ')
  const [first] = requests
  const example = first === undefined ? '' : `; such as request ${first.id}`
  return `what failed, of ${sampled} sampled of ${variant}: ${named(statuses)}; ${named(paths)}${example}`
}
