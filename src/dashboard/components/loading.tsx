/** What a view shows until its data is loaded, when that fails, and when the data is old. */
import { Component, type ComponentChildren, type ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { agoText, durationText } from '../../core/figures.ts'
import { useNow } from '../state/clock.ts'
import { live } from '../state/live.ts'
import { textOf } from '../state/session.ts'
import { useStore } from '../state/store.ts'

export function Skeleton({ class: name = '' }: { class?: string }) {
  return (
    <div class={`${name} skeleton`} aria-busy="true">
      <span class="visually-hidden">Loading</span>
    </div>
  )
}

type LoadingProps = { problem: string | undefined; onRetry: () => unknown }

/** A skeleton; once loading has failed, the problem and a button to retry. */
export function Loading({ problem, onRetry }: LoadingProps) {
  if (problem === undefined) return <Skeleton />
  return <Failed problem={problem} label="Try again" onRetry={onRetry} />
}

function Failed({ problem, label, onRetry }: { problem: string; label: string; onRetry: () => unknown }) {
  return (
    <div class="empty stack" role="alert">
      <p class="problem">{problem}</p>
      <p>
        <button type="button" onClick={() => void onRetry()}>
          {label}
        </button>
      </p>
    </div>
  )
}

/** A view whose code is loaded when it is shown first. */
export function lazy<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let loaded: ComponentType<Props> | undefined
  return function Lazy(props: Props) {
    const [, render] = useState(0)
    const [isMissing, setIsMissing] = useState(false)
    useEffect(() => {
      if (loaded) return
      load().then(
        (found) => {
          loaded = found
          render(1)
        },
        () => setIsMissing(true),
      )
    }, [])
    if (loaded) {
      const View = loaded
      return <View {...props} />
    }
    if (!isMissing) return <Skeleton />
    const problem = 'This view could not be loaded, probably because the dashboard has been updated.'
    return <Failed problem={problem} label="Reload" onRetry={() => location.reload()} />
  }
}

type BoundaryProps = { children: ComponentChildren }
type BoundaryState = { problem: string | undefined }

/** Keeps an exception in one view from taking the page down. */
export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { problem: undefined }

  static override getDerivedStateFromError(error: unknown): BoundaryState {
    return { problem: textOf(error) }
  }

  override render({ children }: BoundaryProps, { problem }: BoundaryState) {
    if (problem === undefined) return children
    return (
      <Failed
        problem={`This view failed: ${problem}. The gate itself is not affected.`}
        label="Show it again"
        onRetry={() => this.setState({ problem: undefined })}
      />
    )
  }
}

/** A stream sends at least a sign of life every 15 s. */
const OLD_MS = 20_000
const FRESHNESS = { starting: 'Connecting', stream: 'Live', polling: 'Live, by polling', lost: '' } as const

/** Whether the page shows the present; if not, how old it is. */
export function Freshness() {
  const { by, heardAtMs } = useStore(live)
  const ageMs = useNow() - heardAtMs
  const isOld = by === 'lost' || ageMs > OLD_MS
  return (
    <span class={`freshness ${isOld ? 'old' : by}`} role="status">
      <span class="dot" />
      {isOld && by !== 'starting' ? 'Gate unreachable' : FRESHNESS[by]}
      {/* A screen reader hears that the data is old, not every second of it. */}
      {isOld && <span aria-hidden="true">data is {durationText(ageMs)} old</span>}
    </span>
  )
}

type StaleDataNoticeProps = {
  /** Why the last refresh failed; undefined when it did not. */
  problem: string | undefined
  /** When the shown data came; undefined when none has. */
  atMs: number | undefined
}

/** Says that a part of the page could not be refreshed, and how old its data is. */
export function StaleDataNotice({ problem, atMs }: StaleDataNoticeProps) {
  const { by } = useStore(live)
  const nowMs = useNow()
  // Where nothing can be reached, the frame says so for all.
  if (problem === undefined || (atMs !== undefined && by === 'lost')) return null
  return (
    <p class="problem" role="alert">
      {problem}
      {atMs !== undefined && `. Showing data from ${agoText(nowMs - atMs)}`}
    </p>
  )
}
