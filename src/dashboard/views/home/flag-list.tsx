/** A list of thousands of flags, of which only the rows in view are rendered. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { FlagSummary } from '../../../contract/responses.ts'
import { FlagRow } from './flag-row.tsx'

/** As in home.css. */
const ROW_PX = { wide: 60, narrow: 88 }
const NARROW = '(max-width: 720px)'
/** Rows beyond the edge: enough to tab into, and to scroll fast without gaps. */
const BEYOND = 12

type FlagListProps = { flags: readonly FlagSummary[]; onChanged: () => void }

export function FlagList({ flags, onChanged }: FlagListProps) {
  const list = useRef<HTMLUListElement>(null)
  const rowPx = useRowHeight()
  const [first, last] = useRange(list, flags.length, rowPx)
  const shown = flags.slice(first, last)
  return (
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
  )
}

function useRowHeight(): number {
  const [isNarrow, setIsNarrow] = useState(() => matchMedia(NARROW).matches)
  useLayoutEffect(() => {
    const media = matchMedia(NARROW)
    const update = () => setIsNarrow(media.matches)
    media.addEventListener('change', update)
    return () => media.removeEventListener('change', update)
  }, [])
  return isNarrow ? ROW_PX.narrow : ROW_PX.wide
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
