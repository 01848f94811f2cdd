import type { ComponentChildren } from 'preact'

/** Something long in little room, that the keyboard can scroll as well. */
export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: not every browser lets the keyboard into what scrolls
    <section class="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  )
}
