import type { FlagInput } from '../../../core/config/schema/document.ts'
import { isObject } from '../../../core/json-object.ts'

/**
 * Whether a flag compares variants by a metric: for its guard, or for an experiment. Without a split its guard compares metrics with
 * the weeks before, and the guard's sentence tells of that.
 */
export function isMeasured({ guard, experiment, rules = [] }: FlagInput): boolean {
  const metrics = typeof guard === 'object' ? guard?.metrics : undefined
  const isSplit = rules.some(
    ({ stages, percentage = 100, serve }) =>
      stages !== undefined ||
      percentage < 100 ||
      (typeof serve === 'object' && Object.keys(serve).length > 1),
  )
  return experiment !== undefined || (isSplit && Object.keys(metrics ?? {}).length > 0)
}

/** A metric of which less is better may rise, any other may drop. */
export function limitOf(metric: unknown): 'maxDropPercent' | 'maxRisePercent' {
  return isObject(metric) && metric.better === 'lower' ? 'maxRisePercent' : 'maxDropPercent'
}
