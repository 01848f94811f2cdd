/** Light or dark: the system's choice, unless the user has made another. */
import { createStore } from './store.ts'

export type Theme = 'system' | 'light' | 'dark'

const KEY = 'sluice.theme'
const ORDER: readonly Theme[] = ['system', 'light', 'dark']

function stored(): Theme {
  const value = localStorage.getItem(KEY)
  return value === 'light' || value === 'dark' ? value : 'system'
}

export const theme = createStore<Theme>('system')

/** Changes whenever colours do. */
export const colours = createStore(0)

function apply(next: Theme): void {
  document.documentElement.style.colorScheme = next === 'system' ? '' : next
  theme.set(next)
  colours.set(colours.value + 1)
}

export function startTheme(): void {
  apply(stored())
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => colours.set(colours.value + 1))
}

export function nextTheme(): void {
  const next = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length] ?? 'system'
  if (next === 'system') localStorage.removeItem(KEY)
  else localStorage.setItem(KEY, next)
  apply(next)
}

/** The present value of a colour of the style sheet, for canvases. */
export function colourOf(name: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(--${name})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
