import type { FlagConfig } from '../schema/document.ts'

/** The rule whose share a rollout moves: the staged one, else the first with a percentage, else the last. */
export function dealingRule({ rules }: Pick<FlagConfig, 'rules'>): number {
  const staged = rules.findIndex((rule) => rule.stages)
  if (staged >= 0) return staged
  const partial = rules.findIndex((rule) => rule.percentage !== undefined)
  return partial >= 0 ? partial : rules.length - 1
}
