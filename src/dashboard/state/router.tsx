/** Addresses below /__sluice/ui, one for each view, so that a view can be bookmarked and sent to a colleague. */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { createStore } from './store.ts'

const BASE = '/__sluice/ui'

export const path = createStore(pathNow())

function pathNow(): string {
  return location.pathname.slice(BASE.length) || '/'
}

/** How far down each entry of the browser's history was scrolled, by the number in its state. */
const scrolls = new Map<number, number>()
let entry = numberOf(history.state) ?? Date.now()
let wantedScroll = 0

// The browser would scroll before the view is rendered.
history.scrollRestoration = 'manual'
history.replaceState({ entry }, '')

function numberOf(state: unknown): number | undefined {
  const { entry: number } = (state ?? {}) as { entry?: unknown }
  return typeof number === 'number' ? number : undefined
}

addEventListener('popstate', ({ state }) => {
  scrolls.set(entry, scrollY)
  entry = numberOf(state) ?? Date.now()
  wantedScroll = scrolls.get(entry) ?? 0
  path.set(pathNow())
})

/** Scrolls a view that has just been shown to where it was, or to its top. */
export function scrollToLastPlace(): void {
  scrollTo(0, wantedScroll)
}

/** Sets the query of the address, which holds a view's filters. */
export function setQuery(query: URLSearchParams): void {
  const text = query.toString()
  history.replaceState(history.state, '', location.pathname + (text && `?${text}`))
}

/**
 * One of a few choices that the address holds, so that a link shows the same; the first where the address has none of them.
 */
export function useQueryValue(
  name: string,
  choices: readonly string[],
): readonly [value: string, set: (value: string) => void] {
  const [first = ''] = choices
  const found = queryNow(name)
  const [value, setValue] = useState(choices.includes(found) ? found : first)
  return [value, setter(name, first, setValue)]
}

/** The same for any text; empty where the address has none. */
export function useQueryText(name: string): readonly [value: string, set: (value: string) => void] {
  const [value, setValue] = useState(queryNow(name))
  return [value, setter(name, '', setValue)]
}

function queryNow(name: string): string {
  return new URLSearchParams(location.search).get(name) ?? ''
}

function setter(name: string, absent: string, setValue: (value: string) => void): (value: string) => void {
  return (next) => {
    const query = new URLSearchParams(location.search)
    if (next === absent) query.delete(name)
    else query.set(name, next)
    setQuery(query)
    setValue(next)
  }
}

function hrefTo(to: string): string {
  return to === '/' ? BASE : BASE + to
}

/** Shows another view. */
export function goTo(to: string): void {
  if (to === path.value) return
  scrolls.set(entry, scrollY)
  entry = Date.now()
  wantedScroll = 0
  history.pushState({ entry }, '', hrefTo(to))
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

/** The parameters of a path that matches a pattern such as "/flags/:flag"; undefined if it does not. */
export function match(pattern: string, at: string): Record<string, string> | undefined {
  const wanted = pattern.split('/')
  const found = at.split('/')
  if (wanted.length !== found.length) return undefined
  const parts: Record<string, string> = {}
  for (const [index, segment] of wanted.entries()) {
    const value = found[index] ?? ''
    if (segment.startsWith(':')) parts[segment.slice(1)] = decoded(value)
    else if (segment !== value) return undefined
  }
  return parts
}

/** An address that was cut short is taken literally. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
