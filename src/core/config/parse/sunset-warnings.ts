/** Rollouts that end at `off`: what a rollback leads to, and who relies on the flag. */

import type { FlagConfig, GateDocument } from '../schema/document.ts'
import { ruleThatServesOff, SUNSET_RULE } from '../split/sunset.ts'
import type { PathKey } from './problems.ts'

type SunsetWarning = { at: PathKey[]; text: string }

/**
 * Warnings about flags whose canary gets what the flag serves when it is closed, and about flags that require one which
 * is on its way out: "on" is then another variant than before.
 */
export function sunsetWarnings({ flags }: GateDocument): SunsetWarning[] {
  const sunsets = new Set(
    Object.keys(flags).filter((key) => flags[key]?.rules.some(({ name }) => name === SUNSET_RULE)),
  )
  return Object.entries(flags).flatMap(([key, flag]) => [
    ...closingWarnings(key, flag),
    ...flag.requires.flatMap((required, index) => {
      const { flag: other, variants } = typeof required === 'string' ? { flag: required } : required
      if (variants !== undefined || !sunsets.has(other)) return []
      const off = flags[other]?.off
      const text = `${other} is being turned off, and "${off}" is its off variant now: name the variants that are required, { "flag": ${JSON.stringify(other)}, "variants": [${JSON.stringify(off)}] }`
      return [{ at: ['flags', key, 'requires', index], text }]
    }),
  ])
}

function closingWarnings(key: string, flag: FlagConfig): SunsetWarning[] {
  const rule = ruleThatServesOff(flag)
  if (rule < 0) return []
  const text = `its canary gets "${flag.off}", and after a rollback or a kill everybody would: to turn a feature off in stages, let "off" name the variant that visitors have now`
  return [{ at: ['flags', key, 'rules', rule, 'serve'], text }]
}
