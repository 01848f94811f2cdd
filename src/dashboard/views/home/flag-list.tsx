/** A list of thousands of flags, of which only the rows in view are rendered. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { FlagSummary } from '../../../contract/responses.ts'
import { useIsNarrow } from '../../state/use-media.ts'
import { FlagRow } from './flag-row.tsx'

/** As in home.css. */
const ROW_PX = { wide: 68, narrow: 160 }
/** Rows beyond the edge: enough to tab into, and to scroll fast without gaps. */
const BEYOND = 12

type FlagListProps = { flags: readonly FlagSummary[]; onChanged: () => void }

export function FlagList({ flags, onChanged }: FlagListProps) {
  const list = useRef<HTMLUListElement>(null)
  const rowPx = useIsNarrow() ? ROW_PX.narrow : ROW_PX.wide
  const [first, last] = useRange(list, flags.length, rowPx)
  const shown = flags.slice(first, last)
  if (flags.length === 0) return null
  return (
    <>
      <div class="flags-head" aria-hidden="true">
        <span>Verdict</span>
        <span>Flag</span>
        <span>Errors so far</span>
        <span>p95 so far</span>
        <span>Rollout, and what is next</span>
      </div>
      <ul ref={list} class="flags" style={{ height: `${flags.length * rowPx}px` }}>
        {shown.map((flag, index) => (
          <li
            key={flag.key}
            class="flag"
            data-flag={flag.key}
            aria-setsize={flags.length}
            aria-posinset={first + index + 1}
            style={{ transform: `translateY(${(first + index) * rowPx}px)` }}
          >
            <FlagRow flag={flag} onChanged={onChanged} />
          </li>
        ))}
      </ul>
    </>
  )
}

/** Indexes of the rows to render: the first, and the one after the last. */
function useRange(
  list: { current: HTMLElement | null },
  count: number,
  rowPx: number,
): readonly [number, number] {
  const [range, setRange] = useState<readonly [number, number]>([0, 40])
  useLayoutEffect(() => {
    const measure = () => {
      const topPx = list.current?.getBoundingClientRect().top ?? 0
      const first = Math.max(0, Math.floor(-topPx / rowPx) - BEYOND)
      const last = Math.ceil((innerHeight - topPx) / rowPx) + BEYOND
      setRange((range) => (range[0] === first && range[1] === last ? range : [first, last]))
    }
    measure()
    addEventListener('scroll', measure, { passive: true })
    addEventListener('resize', measure)
    return () => {
      removeEventListener('scroll', measure)
      removeEventListener('resize', measure)
    }
  }, [count, rowPx])
  return [Math.min(range[0], Math.max(0, count - 1)), Math.min(range[1], count)]
}
