/**
 * What of a change that a person names, a percentage or `enable`, must be confirmed all the same: that it moves many visitors,
 * or may do so as far as anybody knows. The change of the share is then the most that can move.
 */
import type { Edit } from '../../config/edit.ts'
import { dealingRule } from '../../config/split/dealing-rule.ts'
import type { Impact } from '../../decision/impact.ts'
import { percentText } from '../../figures.ts'
import { flagStatus } from '../commands.ts'
import { impactQuestion } from './impact-question.ts'
import { openShareOf } from './ladders.ts'
import type { ReachSide } from './serving.ts'

export type NamedEdit = Edit & { kind: 'percentage' | 'enable' }

type Sides = { before: ReachSide; after: ReachSide }

/**
 * The questions, in one sentence each; none for a change that takes no one in.
 *
 * @param after with the control state that the document would lead to
 * @param people its impact by recent requests
 * @param limitPercent `publishing.confirmAbovePercent`
 */
export function namedQuestions(
  edit: NamedEdit,
  { before, after }: Sides,
  people: Impact,
  limitPercent: number,
): string[] {
  const { flag } = edit
  const { from, to } = largestRise(edit, { before, after })
  const mayMove = to - from > limitPercent
  const { killed, rolledBack } = flagStatus(after.state, flag)
  const isClosed = killed || rolledBack !== undefined || after.document.flags[flag]?.enabled === false
  const asked = impactQuestion(people, limitPercent, mayMove)
  // Of a closed flag recent requests say nothing: what moves will move when it is opened.
  if (!mayMove || (asked === undefined && !isClosed)) return asked === undefined ? [] : [asked]
  const most = `moves up to ${percentText(to - from)} of visitors`
  const rise = `${flag}: ${percentText(from)} → ${percentText(to)} ${most}${isClosed ? ' once it is opened' : ''}`
  return asked === undefined ? [rise] : [rise, asked]
}

/** Of the rule that takes in the most more, in percent of those who meet its conditions. */
function largestRise({ kind, flag }: NamedEdit, { before, after }: Sides): { from: number; to: number } {
  const wasOpen = before.document.flags[flag]?.enabled !== false
  const { rules = [], off } = after.document.flags[flag] ?? {}
  const most = { from: 0, to: 0 }
  for (const [index, { when, serve }] of rules.entries()) {
    // Testers, whom a rule beside the rollout names, are few.
    const isFew = serve === off || (index !== dealingRule({ rules }) && when.length > 0)
    if (kind === 'enable' && (wasOpen || isFew)) continue
    const from = kind === 'enable' ? 0 : shareOfRule(before, flag, index)
    const to = shareOfRule(after, flag, index)
    if (to - from > most.to - most.from) Object.assign(most, { from, to })
  }
  return most
}

/** What a rule takes in once nothing closes its flag. */
function shareOfRule({ document, snapshot, state }: ReachSide, key: string, index: number): number {
  const flag = document.flags[key]
  if (flag === undefined) return 0
  if (index !== dealingRule(flag)) return flag.rules[index]?.percentage ?? 100
  return openShareOf({ document, snapshot }, key, flagStatus(state, key))
}
