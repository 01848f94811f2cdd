/** Addresses below /__sluice/ui, one for each view, so that a view can be bookmarked and sent to a colleague. */
import type { ComponentChildren } from 'preact'
import { createStore } from './store.ts'

const BASE = '/__sluice/ui'

export const path = createStore(pathNow())

function pathNow(): string {
  return location.pathname.slice(BASE.length) || '/'
}

addEventListener('popstate', () => path.set(pathNow()))

function hrefTo(to: string): string {
  return to === '/' ? BASE : BASE + to
}

/** Shows another view. */
export function goTo(to: string): void {
  if (to === path.value) return
  history.pushState(null, '', hrefTo(to))
  scrollTo(0, 0)
  path.set(to)
}

type LinkProps = {
  to: string
  children: ComponentChildren
  class?: string
  id?: string
  'aria-label'?: string
  'aria-current'?: 'page' | undefined
}

/** A real link; a plain click is followed within the page. */
export function Link({ to, children, ...rest }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    goTo(to)
  }
  return (
    <a {...rest} href={hrefTo(to)} onClick={follow}>
      {children}
    </a>
  )
}

/** The parts of a path that fit a pattern such as "/flags/:flag"; undefined where it doesn't. */
export function match(pattern: string, at: string): Record<string, string> | undefined {
  const wanted = pattern.split('/')
  const found = at.split('/')
  if (wanted.length !== found.length) return undefined
  const parts: Record<string, string> = {}
  for (const [index, segment] of wanted.entries()) {
    const value = found[index] ?? ''
    if (segment.startsWith(':')) parts[segment.slice(1)] = decodeURIComponent(value)
    else if (segment !== value) return undefined
  }
  return parts
}
