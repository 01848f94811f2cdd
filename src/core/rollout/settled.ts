import type { FlagControl } from '../config/control.ts'
import { currentShare } from '../decision/decide.ts'
import type { CompiledFlag } from '../flags/flag.ts'
import { THOUSANDTHS } from '../flags/position.ts'

/** Whether all visitors get the same variant, so that the other variants' code can go. */
export function isSettled(flag: CompiledFlag, control: FlagControl): boolean {
  if (!flag.enabled || flag.rules.length === 0) return true
  const variants = new Set<string>()
  for (const rule of flag.rules) {
    if (rule.serve.kind !== 'variant') return false
    variants.add(rule.serve.variant)
    if (variants.size > 1) return false
    if (rule.conditions.length === 0 && (currentShare(rule, control) ?? THOUSANDTHS) >= THOUSANDTHS)
      return true
  }
  return variants.has(flag.off)
}
