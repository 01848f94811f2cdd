/**
 * What of a document that no person has confirmed would let visitors into a canary and can't be held. Splits and stages are held
 * by the control state (document-change.ts); routes, rules beside a rollout and what admits visitors to it are not.
 */
import type { FlagConfig, GateDocument } from '../../config/schema/document.ts'
import { dealingRule } from '../../config/split/dealing-rule.ts'
import { isAttempt } from '../../config/split/split.ts'
import { ownOf } from '../../json-object.ts'
import { flagStatus } from '../commands.ts'
import { withDocument } from './document-change.ts'
import { ladderOf, laddersOf, shareOf } from './ladders.ts'
import { type Question, questionsOf } from './questions.ts'
import { isClosed, type ReachSide } from './serving.ts'

const ENTERING: readonly Question['kind'][] = ['raised', 'admitted', 'reach', 'reopened']

/** Why a document must not come into force without a person's word, in one sentence each; empty where it may. */
export function unconfirmedEntries(
  before: ReachSide,
  next: Pick<ReachSide, 'document' | 'snapshot'>,
): string[] {
  const { state } = withDocument(before.state, {
    ladders: laddersOf(next, before.state),
    word: 'unconfirmed',
    shareBefore: (flag) => shareOf(before, flag, flagStatus(before.state, flag)),
    ladderBefore: (flag) => ladderOf(before, flag),
  })
  const after = { ...next, state }
  const texts = questionsOf(before, after)
    .filter(({ kind }) => ENTERING.includes(kind))
    .map(({ text }) => text)
  return [...new Set([...texts, ...rulesBeside(before, after)])]
}

function rulesBeside(before: ReachSide, after: ReachSide): string[] {
  return Object.entries(after.document.flags).flatMap(([key, is]) => {
    const was = ownOf(before.document.flags, key)
    if (was === undefined || isClosed(after, key)) return []
    if (!isAttempt(was) && before.state.flags[key]?.split === undefined) return []
    return admitsBeside({ flag: was, document: before.document }, { flag: is, document: after.document })
      ? [`${key}: a rule beside the rollout would serve visitors another variant than the off one`]
      : []
  })
}

type Definition = { flag: FlagConfig; document: GateDocument }

/** Whether rules beside the rollout may take in a visitor whom those before did not. */
function admitsBeside(before: Definition, after: Definition): boolean {
  const [was, is] = [besideOf(before), besideOf(after)]
  if (is.every(({ serve }) => serve === after.flag.off)) return false
  const [old, now] = [was, is].map((list) => new Set(list.map(({ text }) => text)))
  const isNew = is.some(({ serve, text }) => serve !== after.flag.off && !old?.has(text))
  const isOpened = was.some(({ serve, text }) => serve === before.flag.off && !now?.has(text))
  return isNew || isOpened || before.flag.off !== after.flag.off
}

function besideOf({ flag, document: { context } }: Definition): { serve: unknown; text: string }[] {
  const at = dealingRule(flag)
  return flag.rules
    .filter((rule, index) => index !== at || (rule.stages ?? rule.percentage) === undefined)
    .map(({ name: _, ...rule }) => {
      const isDealt = rule.percentage !== undefined || typeof rule.serve === 'object'
      const sources = rule.when.map(({ attribute }) => context.attributes[attribute])
      const key = isDealt ? [context.targetingKey, flag.salt] : []
      return { serve: rule.serve, text: JSON.stringify([rule, sources, key, context.jwt]) }
    })
}
