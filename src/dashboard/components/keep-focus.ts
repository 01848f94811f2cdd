/** Focus on what has just gone would fall back to the top of the page, and the keyboard with it. */
import { useEffect, useRef } from 'preact/hooks'

/** Gives the focus to the first button of an element, where the one that had it is gone since `what` changed. */
export function useKeepFocus(element: { current: HTMLElement | null }, what: string): void {
  const hadFocus = useRef(false)
  useEffect(() => {
    const look = ({ target }: FocusEvent) => {
      hadFocus.current = target instanceof Node && (element.current?.contains(target) ?? false)
    }
    document.addEventListener('focusin', look)
    return () => document.removeEventListener('focusin', look)
  }, [element])
  useEffect(() => {
    if (hadFocus.current && document.activeElement === document.body) {
      element.current?.querySelector('button')?.focus()
    }
  }, [element, what])
}
