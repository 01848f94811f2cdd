import { durationText, useNow } from '../../state/clock.ts'
import { live } from '../../state/live.ts'
import { useStore } from '../../state/store.ts'

/** A stream has a sign of life every 15 s. */
const OLD_MS = 20_000

/** Whether the page shows the present, and if not, how old what it shows is. */
export function Freshness() {
  const { by, heardAtMs } = useStore(live)
  const ageMs = useNow() - heardAtMs
  const isOld = by === 'lost' || ageMs > OLD_MS
  const text =
    by === 'starting'
      ? 'Connecting'
      : isOld
        ? 'Gate not reached'
        : by === 'stream'
          ? 'Live'
          : 'Live, by polling'
  return (
    <span class={`freshness ${isOld ? 'old' : by}`} role="status">
      <span class="dot" />
      {text}
      {/* A screen reader is told that it is so, not every second of it. */}
      {isOld && <span aria-hidden="true">data is {durationText(ageMs)} old</span>}
    </span>
  )
}
