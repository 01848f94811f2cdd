import type { FlagControl } from '../config/control.ts'
import { currentShare } from '../decision/decide.ts'
import type { CompiledFlag } from '../flags/flag.ts'
import { THOUSANDTHS } from '../flags/position.ts'

/** Whether all visitors get the same variant, so that the other variants' code can go. */
export function isSettled(flag: CompiledFlag, control: FlagControl): boolean {
  if (!flag.enabled || flag.rules.length === 0) return true
  const [first] = flag.rules
  if (first === undefined || first.conditions.length > 0 || first.serve.kind !== 'variant') return false
  return (currentShare(first, control) ?? THOUSANDTHS) >= THOUSANDTHS
}
