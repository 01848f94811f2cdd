/** Short messages about what has just happened, with an undo where there is one. */
import { useEffect } from 'preact/hooks'
import { createStore, useStore } from '../state/store.ts'

export type Toast = {
  id: number
  text: string
  kind: 'done' | 'problem' | 'busy'
  action?: { label: string; run: () => void } | undefined
}

const SHOWN_MS = 12_000

const toasts = createStore<readonly Toast[]>([])
let nextId = 1
/** No message goes while the pointer or the focus is on one. */
const isHeld = () => document.querySelector('.toasts:hover, .toasts:focus-within') !== null

function dismiss(id: number): void {
  toasts.set(toasts.value.filter((toast) => toast.id !== id))
}

/** Shows a message; the returned function changes it, or takes it away. */
export function showToast(
  text: string,
  kind: Toast['kind'] = 'done',
  action?: Toast['action'],
): (next: Partial<Omit<Toast, 'id'>> | 'gone') => void {
  const id = nextId++
  toasts.set([...toasts.value, { id, text, kind, action }].slice(-4))
  let timer: ReturnType<typeof setTimeout>
  const dismissLater = () => {
    timer = setTimeout(() => (isHeld() ? dismissLater() : dismiss(id)), SHOWN_MS)
  }
  dismissLater()
  return (next) => {
    clearTimeout(timer)
    if (next === 'gone') return dismiss(id)
    dismissLater()
    toasts.set(toasts.value.map((toast) => (toast.id === id ? { ...toast, ...next } : toast)))
  }
}

function act({ id, action }: Toast): void {
  dismiss(id)
  action?.run()
}

/** Ctrl+Z or ⌘Z, outside of text: the messages are at the end of the page, far from the control that was used. */
function undoByKey(event: KeyboardEvent): void {
  const { target, key, ctrlKey, metaKey, shiftKey } = event
  const isTyping = target instanceof Element && target.closest('input, textarea, dialog') !== null
  const latest = toasts.value.findLast(({ action }) => action !== undefined)
  if (key.toLowerCase() !== 'z' || !(ctrlKey || metaKey) || shiftKey || isTyping || latest === undefined)
    return
  event.preventDefault()
  act(latest)
}

export function Toasts() {
  const all = useStore(toasts)
  useEffect(() => {
    addEventListener('keydown', undoByKey)
    return () => removeEventListener('keydown', undoByKey)
  }, [])
  return (
    <section class="toasts" aria-label="Messages" aria-live="polite">
      {all.map((toast) => {
        const { id, text, kind, action } = toast
        return (
          <div key={id} class={`toast ${kind}`}>
            <p>{text}</p>
            {action && (
              <button
                type="button"
                title="Ctrl+Z or ⌘Z"
                aria-keyshortcuts="Control+Z Meta+Z"
                onClick={() => act(toast)}
              >
                {action.label}
              </button>
            )}
            <button type="button" class="quiet" aria-label="Dismiss" onClick={() => dismiss(id)}>
              ×
            </button>
          </div>
        )
      })}
    </section>
  )
}
