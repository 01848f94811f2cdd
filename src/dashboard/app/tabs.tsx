/** The tabs of the views. Where they are wider than the screen, a button at the edge says so, and shows the rest. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { Icon } from '../components/icon.tsx'
import { Link } from '../state/router.tsx'
import { TABS } from './view-table.tsx'

export function Tabs({ current }: { current: string | undefined }) {
  const nav = useRef<HTMLElement>(null)
  const hasMore = useHasMore(nav)
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [current])
  return (
    <div class={`tabs ${hasMore ? 'has-more' : ''}`}>
      <nav ref={nav} aria-label="Views">
        {TABS.map(({ to, label }) => (
          <Link key={to} to={to} aria-current={current === to ? 'page' : undefined}>
            {label}
          </Link>
        ))}
      </nav>
      {hasMore && (
        // The keyboard reaches the tabs themselves, which scroll into view.
        <button
          type="button"
          class="more-tabs"
          tabIndex={-1}
          aria-label="More views"
          onClick={() => nav.current?.scrollBy({ left: nav.current.clientWidth * 0.7, behavior: 'smooth' })}
        >
          <Icon name="chevron" />
        </button>
      )}
    </div>
  )
}

/** Whether there is more to the right. */
function useHasMore(element: { current: HTMLElement | null }): boolean {
  const [hasMore, setHasMore] = useState(false)
  useEffect(() => {
    const { current } = element
    if (current === null) return
    const look = () => setHasMore(current.scrollLeft + current.clientWidth < current.scrollWidth - 4)
    const resized = new ResizeObserver(look)
    resized.observe(current)
    current.addEventListener('scroll', look, { passive: true })
    return () => {
      resized.disconnect()
      current.removeEventListener('scroll', look)
    }
  }, [element])
  return hasMore
}
