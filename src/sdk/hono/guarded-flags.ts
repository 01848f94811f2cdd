/** The flags of a request by the gate's evaluator, whose exceptions end here. */
import { checkTrack } from '../../api/flags/track-message.ts'
import type { FlagUse } from '../../gate/evaluation/request-flags.ts'
import type { MetricFact } from '../../gate/reporting/metric-reporter.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'
import type { SluiceFlags } from './flags.ts'

/** An exception never reaches the handler: the flag is off, and the operator sees why. */
export function flagsOf(use: FlagUse | undefined, record: (fact: MetricFact) => void): SluiceFlags {
  const guarded = <Result>(ask: (found: FlagUse) => Result, otherwise: Result, flag?: string): Result => {
    if (use === undefined) return otherwise
    try {
      return ask(use)
    } catch (error) {
      noteInternalError('hono.flags', error, { flag })
      return otherwise
    }
  }
  return {
    isOn: (flag) => guarded((found) => found.of(flag)?.isOn ?? false, false, flag),
    variant: (flag) => guarded((found) => found.of(flag)?.decision.variant, undefined, flag),
    value: <Value>(flag: string, defaultValue: Value) =>
      guarded((found) => (found.of(flag)?.decision.value ?? defaultValue) as Value, defaultValue, flag),
    all: () => guarded((found) => found.all(), {}),
    track: (metric, { value, id } = {}) =>
      guarded(() => {
        const nowMs = Date.now()
        if (checkTrack({ id }, nowMs).ok) record({ metric, value, id, atMs: nowMs })
      }, undefined),
    targetingKey: () => guarded((found) => found.targetingKey(), ''),
  }
}
