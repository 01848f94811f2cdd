/** Short messages about what has just happened, with an undo where there is one. */
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

function dismiss(id: number): void {
  toasts.set(toasts.value.filter((toast) => toast.id !== id))
}

/** Shows a message; the returned function changes it. */
export function showToast(
  text: string,
  kind: Toast['kind'] = 'done',
  action?: Toast['action'],
): (next: Partial<Omit<Toast, 'id'>>) => void {
  const id = nextId++
  toasts.set([...toasts.value, { id, text, kind, action }].slice(-4))
  let timer = setTimeout(() => dismiss(id), SHOWN_MS)
  return (next) => {
    clearTimeout(timer)
    timer = setTimeout(() => dismiss(id), SHOWN_MS)
    toasts.set(toasts.value.map((toast) => (toast.id === id ? { ...toast, ...next } : toast)))
  }
}

export function Toasts() {
  const all = useStore(toasts)
  return (
    <section class="toasts" aria-label="Messages" aria-live="polite">
      {all.map(({ id, text, kind, action }) => (
        <div key={id} class={`toast ${kind}`}>
          <p>{text}</p>
          {action && (
            <button
              type="button"
              onClick={() => {
                dismiss(id)
                action.run()
              }}
            >
              {action.label}
            </button>
          )}
          <button type="button" class="quiet" aria-label="Dismiss" onClick={() => dismiss(id)}>
            ×
          </button>
        </div>
      ))}
    </section>
  )
}
