import { ownOf } from '../../json-object.ts'
import type { FlagConfig, GateDocument } from '../schema/document.ts'

/**
 * Which flags no context can change: they serve one variant to all, and so do the flags that they require. Each is looked
 * at once, however many require it; parsing bounds the chains.
 */
export function staticFlags(flags: GateDocument['flags']): (key: string) => boolean {
  const known = new Map<string, boolean>()
  const isStatic = (key: string): boolean => {
    const before = known.get(key)
    if (before !== undefined) return before
    const flag = ownOf(flags, key)
    const found =
      flag === undefined ||
      (servesOne(flag) &&
        flag.requires.every((each) => isStatic(typeof each === 'string' ? each : each.flag)))
    known.set(key, found)
    return found
  }
  return isStatic
}

function servesOne({ rules: [first] }: FlagConfig): boolean {
  if (first === undefined) return true
  const { when, serve, percentage, stages, bucketing } = first
  const isShared = percentage !== undefined || stages !== undefined || bucketing !== undefined
  return when.length === 0 && typeof serve === 'string' && !isShared
}
