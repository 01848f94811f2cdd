/**
 * What of a change that a person names must be confirmed all the same. Of a percentage or `enable`: that it moves many visitors,
 * or may do so as far as anybody knows; the change of the share is then the most that can move. Of a command: what it does to other
 * flags: a person who names a flag means that flag alone.
 */
import { KILL_ALL } from '../../config/control.ts'
import type { Edit } from '../../config/edit.ts'
import { dealingRule } from '../../config/split/dealing-rule.ts'
import type { Impact } from '../../decision/impact.ts'
import { percentText } from '../../figures.ts'
import { applyCommand, type Command, flagStatus } from '../commands.ts'
import { impactQuestion } from './impact-question.ts'
import { ladderOf, openShareOf } from './ladders.ts'
import { questionsOf } from './questions.ts'
import { newReach } from './reach.ts'
import { type ReachSide, ServingChange } from './serving.ts'

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
  const off = after.document.flags[flag]?.off
  const shares = openShares(before, flag)
  const most = { from: 0, to: 0 }
  for (const [index, { isDealing, when, serve, share: to }] of openShares(after, flag).entries()) {
    // Testers, whom a rule beside the rollout names, are few.
    const isFew = serve === off || (!isDealing && when.length > 0)
    if (kind === 'enable' && (wasOpen || isFew)) continue
    const from = kind === 'enable' ? 0 : (shares[index]?.share ?? 0)
    if (to - from > most.to - most.from) Object.assign(most, { from, to })
  }
  return most
}

/** What each rule takes in once nothing closes its flag. */
function openShares({ document, snapshot, state }: ReachSide, key: string) {
  const { rules = [] } = document.flags[key] ?? {}
  const dealing = dealingRule({ rules })
  const open = openShareOf({ document, snapshot }, key, flagStatus(state, key))
  return rules.map(({ when, serve, percentage = 100 }, index) => {
    const isDealing = index === dealing
    return { isDealing, when, serve, share: isDealing ? open : percentage }
  })
}

/** They wait for nothing, or move no visitor. */
const UNASKED: readonly Command['kind'][] = ['kill', 'rollback', 'pause', 'freeze']

/**
 * The questions, in one sentence each: flags that require this one and let more visitors into their canary, and ways to what
 * rollouts hold back.
 */
export function commandQuestions(command: Command, side: ReachSide): string[] {
  const { flag } = command
  if (flag === KILL_ALL || UNASKED.includes(command.kind)) return []
  const [before, after] = [side, { ...side, state: stateAfter(command, side) }]
  const asked = questionsOf(before, after).filter((each) => each.flag !== flag)
  const reached = newReach(before, after, new ServingChange({ before, after })).filter(
    (each) => each.by !== flag,
  )
  return [...asked, ...reached].map(({ text }) => text)
}

/** The same state where the command is impossible; that is said elsewhere. */
function stateAfter(command: Command, side: ReachSide): ReachSide['state'] {
  const { kind, flag } = command
  const { state } = side
  if (kind === 'unkill') {
    const [killed, kvKilled] = [state.killed, state.kvKilled].map((list) =>
      list.filter((key) => key !== flag),
    )
    return { ...state, killed: killed ?? [], kvKilled: kvKilled ?? [] }
  }
  const facts = ladderOf(side, flag)
  const apply = (next: Command['kind']) => applyCommand(state, { ...command, kind: next }, facts, 0, '')
  // An approved stage advances; the last one finishes.
  const advanced = kind === 'approve' ? apply('advance') : apply(kind)
  const result = advanced.ok || kind !== 'approve' ? advanced : apply('finish')
  return result.ok ? result.state : state
}
