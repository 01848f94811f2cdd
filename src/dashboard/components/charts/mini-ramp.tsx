import type { FlagSummary } from '../../../contract/responses.ts'
import { liveShare, stageText, stateOf } from '../../../contract/words/flag-state.ts'

/** The progress of a rollout: a notch for each stage, or a bar for the share. */
export function MiniRamp({ flag }: { flag: FlagSummary }) {
  const nowMs = Date.now()
  const { tone } = stateOf(flag, nowMs)
  if (flag.stages > 0) {
    const stage = flag.stage ?? 0
    const isOpen = flag.state === 'open'
    return (
      <span class={`mini-ramp stages ${tone}`} title={stageText(stage, flag.stages)} aria-hidden="true">
        {Array.from({ length: Math.min(flag.stages, 12) }, (_, index) => (
          <i
            key={index}
            class={!isOpen ? '' : index < stage || flag.finished ? 'done' : index === stage ? 'now' : ''}
          />
        ))}
      </span>
    )
  }
  const share = liveShare(flag, nowMs)
  if (share === null) return <span />
  return (
    <span class={`mini-ramp ${tone}`} aria-hidden="true">
      <i class="fill" style={{ width: `${share}%` }} />
    </span>
  )
}
