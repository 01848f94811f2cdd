/** The ladders of a document's flags, as commands and new documents need them. */
import type { Snapshot } from '../../config/compile/snapshot.ts'
import type { ControlState, FlagControl } from '../../config/control.ts'
import type { GateDocument } from '../../config/schema/document.ts'
import { plainText } from '../../config/split/canonical.ts'
import { dealingRule } from '../../config/split/dealing-rule.ts'
import { meaningOf } from '../../config/split/normal-form.ts'
import { isAttempt, surroundingsOf } from '../../config/split/split.ts'
import { currentShare } from '../../decision/decide.ts'
import { THOUSANDTHS } from '../../flags/position.ts'
import { ownOf } from '../../json-object.ts'
import { restarted } from '../commands.ts'
import type { FlagLadder } from './document-change.ts'

type Loaded = { document: GateDocument; snapshot: Pick<Snapshot, 'flags'> }

/** A flag's ladder; undefined for a flag that the document lacks. */
export function ladderOf({ document, snapshot }: Loaded, key: string): FlagLadder | undefined {
  const config = ownOf(document.flags, key)
  const rule = config && snapshot.flags.get(key)?.rules[dealingRule(config)]
  if (config === undefined) return undefined
  const stages = (rule?.stages ?? []).map(({ percentage }) => percentage)
  const percentage = rule?.thousandths === undefined ? undefined : rule.thousandths / 1_000
  const { serve, holdback = 0 } = rule ?? {}
  const most = (THOUSANDTHS - holdback) / 1_000
  const serves = serve === undefined ? [] : serve.kind === 'variant' ? [serve.variant] : [...serve.variants]
  const splits = {
    split: rule?.split?.() ?? '',
    values: plainText([...serves, config.off].map((variant) => config.variants[variant])),
    meaning: () => meaningOf(key, config, surroundingsOf(document)(key)),
  }
  return { stages, percentage, ...splits, isAttempt: isAttempt(config), serves, most }
}

/** The ladders of all attempts, and of the flags that the control state knows. */
export function laddersOf(loaded: Loaded, state: ControlState): Map<string, FlagLadder> {
  const ladders = new Map<string, FlagLadder>()
  for (const [key, config] of Object.entries(loaded.document.flags)) {
    if (!isAttempt(config) && !Object.hasOwn(state.flags, key)) continue
    const ladder = ladderOf(loaded, key)
    if (ladder !== undefined) ladders.set(key, ladder)
  }
  return ladders
}

/** The share of visitors that a flag's rollout takes in, in percent; 0 without rules, undefined for an unknown flag. */
export function shareOf(
  { document, snapshot }: Loaded,
  key: string,
  control: FlagControl,
): number | undefined {
  const config = ownOf(document.flags, key)
  if (config === undefined) return undefined
  const rule = snapshot.flags.get(key)?.rules[dealingRule(config)]
  if (rule === undefined || !config.enabled) return 0
  return (currentShare(rule, control) ?? THOUSANDTHS) / 1_000
}

/**
 * The share that a flag's rollout takes in once nothing closes it: `resume` begins a rolled-back one anew, and `enable` opens
 * a disabled one. In percent; 0 without rules or flag.
 */
export function openShareOf(loaded: Loaded, key: string, control: FlagControl): number {
  const config = ownOf(loaded.document.flags, key)
  const rule = config && loaded.snapshot.flags.get(key)?.rules[dealingRule(config)]
  const ladder = ladderOf(loaded, key)
  if (rule === undefined || ladder === undefined) return 0
  const opened = control.rolledBack ? restarted(control, ladder) : control
  return (currentShare(rule, opened) ?? THOUSANDTHS) / 1_000
}
