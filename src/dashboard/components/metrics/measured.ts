import type { FlagInput } from '../../../core/config/schema/document.ts'
import { isObject } from '../../../core/json-object.ts'

/** Whether a flag measures a metric: for its guard, or for an experiment. */
export function isMeasured({ guard, experiment }: FlagInput): boolean {
  const metrics = typeof guard === 'object' ? guard?.metrics : undefined
  return experiment !== undefined || Object.keys(metrics ?? {}).length > 0
}

/** A metric of which less is better may rise, any other may drop. */
export function limitOf(metric: unknown): 'maxDropPercent' | 'maxRisePercent' {
  return isObject(metric) && metric.better === 'lower' ? 'maxRisePercent' : 'maxDropPercent'
}
