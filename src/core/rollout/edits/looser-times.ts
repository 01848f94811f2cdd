/** When stages may advance by themselves, and how fast a rollback takes visitors back: in what a new document allows more. */
import type { FlagConfig, FreezeConfig } from '../../config/schema/document.ts'
import { parseDurationMs } from '../../config/schema/duration.ts'
import { durationText } from '../../figures.ts'
import { parseTimeMs } from '../../flags/date-time.ts'
import { openMinutes } from '../windows.ts'

/** What a flag's `rollout` allows more, in a few words each. */
export function looserTimes({ rollout: was }: FlagConfig, { rollout: is }: FlagConfig): string[] {
  const stepBackMs = (rollout: FlagConfig['rollout']) => parseDurationMs(rollout?.stepBack ?? '') ?? 0
  const [slow, fast] = [stepBackMs(is), stepBackMs(was)]
  const at = (ms: number) => (ms === 0 ? 'at once' : `within ${durationText(ms)}`)
  return [
    ...(opensMore(was, is) ? ['stages may advance at more times of the week'] : []),
    ...(slow > fast ? [`a rollback takes visitors back ${at(slow)}, ${at(fast)} before`] : []),
  ]
}

type Windows = FlagConfig['rollout']

function opensMore(was: Windows, is: Windows): boolean {
  const before = was?.windows ?? []
  const after = is?.windows ?? []
  if (before.length === 0) return false
  // Any hour may be another one there.
  if (after.length === 0 || (was?.timezone ?? 'UTC') !== (is?.timezone ?? 'UTC')) return true
  const wasOpen = openMinutes(before)
  return openMinutes(after).some((isOpen, minute) => isOpen && !wasOpen[minute])
}

/** Freezes that are not over and that a new document ends sooner, begins later, or lacks. */
export function endedFreezes(
  was: readonly FreezeConfig[],
  is: readonly FreezeConfig[],
  nowMs: number,
): string[] {
  return was
    .filter(({ start, end }) => {
      const fromMs = Math.max(nowMs, parseTimeMs(start))
      const isKept = is.some(
        (each) => parseTimeMs(each.start) <= fromMs && parseTimeMs(each.end) >= parseTimeMs(end),
      )
      return parseTimeMs(end) > nowMs && !isKept
    })
    .map(({ end, reason }) => `the freeze until ${end} (${reason}) goes: stages may advance before`)
}
