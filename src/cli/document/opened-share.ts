/** From where to where a flag's share goes when what closed it ends: "0 % → 60 %". */
import type { FlagSummary } from '../../contract/responses.ts'
import { percentText } from '../../core/figures.ts'

/** A flag's control, as the API has it. A rule without a share names no percentage. */
type Control = { killed?: unknown; rolledBack?: unknown; percentage?: unknown; most?: unknown }

/**
 * ", 0 % → 1 %"; empty where no one moves, or where that is not known.
 *
 * @param summary of the flag afterwards; undefined where the gate did not tell
 */
export function resumedText(
  before: Control | undefined,
  after: Control,
  summary: FlagSummary | undefined,
): string {
  if (before === undefined || summary === undefined || !before.rolledBack || before.killed) return ''
  if (after.killed || summary.state === 'disabled') return ', 0 % as long as it is closed otherwise'
  // An isolate that has not heard of the command yet tells what was.
  if (typeof after.percentage !== 'number' && summary.state !== 'open') return ''
  return `, ${percentText(0)} → ${percentText(shareOf(after) ?? summary.percentage ?? 100)}`
}

function shareOf({ percentage, most }: Control): number | undefined {
  if (typeof percentage !== 'number') return undefined
  return Math.min(percentage, typeof most === 'number' ? most : 100)
}

/**
 * " (0 % → 60 %)"; empty where the flag stays closed, or was enabled already.
 *
 * @param summary of the flag before
 */
export function enabledText({ state, percentage, rules }: FlagSummary): string {
  if (state !== 'disabled' || rules === 0) return ''
  return ` (${percentText(0)} → ${percentText(percentage ?? 100)})`
}
