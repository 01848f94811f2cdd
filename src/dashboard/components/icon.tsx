/** Small line icons, always with words beside them. */
import { focusAdded } from '../state/keep-focus.ts'

const PATHS = {
  search: 'M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10zm4-1 3.5 3.5',
  check: 'm3 8.5 3.2 3L13 4.5',
  cross: 'm4 4 8 8m0-8-8 8',
  alert: 'M8 5v4m0 2.5v.1M8 1.5 15 14H1z',
  clock: 'M8 4.5V8l2.5 1.5M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13z',
  pause: 'M5.5 3v10m5-10v10',
  play: 'M5 3v10l8-5z',
  stop: 'M4 4h8v8H4z',
  chevron: 'm6 3 5 5-5 5',
  arrow: 'M3 8h10m-4-4 4 4-4 4',
  undo: 'M4 6h6a3.5 3.5 0 0 1 0 7H7M6.5 3 3.5 6l3 3',
  up: 'M8 13V3M4 7l4-4 4 4',
  link: 'M6.5 9.5 9.5 6.5M7 4.5l1.5-1.5a3 3 0 0 1 4.5 4.5L11.5 9M9 11.5 7.5 13A3 3 0 0 1 3 8.5L4.5 7',
  plus: 'M8 3v10M3 8h10',
  trash: 'M3 4.5h10M6.5 4V2.5h3V4m-5 .5.6 9h5.8l.6-9',
  sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1v1.5m0 11V15M1 8h1.5m11 0H15M3 3l1 1m8 8 1 1M13 3l-1 1m-8 8-1 1',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}

type IconButtonProps = { icon: IconName; label: string; onClick: () => void }

/** A button that shows only an icon; a screen reader hears its label. */
export function IconButton({ icon, label, onClick }: IconButtonProps) {
  return (
    <button type="button" class="quiet icon-only" aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  )
}

/** "+ Rule": what it adds has the focus then. */
export function AddButton({ what, onClick }: { what: string; onClick: () => void }) {
  const add = (button: Element) => {
    focusAdded(button)
    onClick()
  }
  return (
    <div>
      <button type="button" class="small" onClick={(event) => add(event.currentTarget)}>
        <Icon name="plus" /> {what}
      </button>
    </div>
  )
}
