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
import type { ReachSide } from './reach.ts'

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

type Rise = { from: number; to: number }

/** The rule that takes in the most more, in percent of those who meet its conditions. */
function largestRise(edit: NamedEdit, { before, after }: Sides): Rise {
  const rules = after.document.flags[edit.flag]?.rules ?? []
  const isOpening = edit.kind === 'enable'
  const wasOpen = before.document.flags[edit.flag]?.enabled !== false
  const rises = rules.flatMap(({ when, serve }, index): Rise[] => {
    const to = shareOfRule(after, edit.flag, index)
    // Testers, whom a rule beside the rollout names, are few.
    const isAsked = !isOpening || index === dealingRule({ rules }) || when.length === 0
    if (!isAsked || (isOpening && serve === after.document.flags[edit.flag]?.off)) return []
    const from = isOpening ? (wasOpen ? to : 0) : shareOfRule(before, edit.flag, index)
    return [{ from, to }]
  })
  const riseOf = ({ from, to }: Rise) => to - from
  return rises.reduce((most, each) => (riseOf(each) > riseOf(most) ? each : most), { from: 0, to: 0 })
}

/** What a rule takes in once nothing closes its flag. */
function shareOfRule({ document, snapshot, state }: ReachSide, key: string, index: number): number {
  const flag = document.flags[key]
  if (flag === undefined) return 0
  if (index !== dealingRule(flag)) return flag.rules[index]?.percentage ?? 100
  return openShareOf({ document, snapshot }, key, flagStatus(state, key))
}
