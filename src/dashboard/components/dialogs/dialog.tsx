/** A question in front of the page. Escape and a click beside it say no. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

type DialogProps = {
  title: string
  onClose: () => void
  children: ComponentChildren
  class?: string
}

let ids = 0

export function Dialog({ title, onClose, children, class: name }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null)
  const id = useRef(`dialog-${++ids}`).current
  useEffect(() => {
    const before = document.activeElement
    element.current?.showModal()
    // Where Enter should answer at once.
    element.current?.querySelector<HTMLElement>('[data-answer]')?.focus()
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  const onBackdrop = (event: Event) => event.target === element.current && onClose()
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it, which `onCancel` hears of
    <dialog
      ref={element}
      class={`dialog ${name ?? ''}`}
      aria-labelledby={id}
      onClick={onBackdrop}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
    >
      <div class="dialog-body">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  )
}
