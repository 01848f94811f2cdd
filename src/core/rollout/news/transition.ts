/** From what to what a command leads the visitors of a flag. */
import type { FlagControl } from '../../config/control.ts'
import { currentShare } from '../../decision/decide.ts'
import type { CompiledFlag } from '../../flags/flag.ts'
import type { FlagStatus } from '../commands.ts'
import type { Transition } from './notification.ts'

/** The canary's share, in percent, of the visitors who meet the rule's conditions. */
export function percentageOf(flag: CompiledFlag, control: FlagControl): number {
  const rule = flag.rules[flag.rolloutRule]
  const thousandths = rule && currentShare(rule, control)
  return thousandths === undefined ? 100 : thousandths / 1_000
}

/** What visitors get before and after; of all flags together nothing can be said. */
export function commandTransition(
  flag: CompiledFlag | undefined,
  before: FlagStatus,
  after: FlagStatus,
): Required<Pick<Transition, 'from' | 'to'>> {
  if (flag === undefined) return { from: null, to: null }
  const served = (status: FlagStatus) => (status.killed || status.rolledBack ? 0 : percentageOf(flag, status))
  return { from: served(before), to: served(after) }
}
