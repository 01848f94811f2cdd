/** The parts that views are built of. */
import type { ComponentChildren } from 'preact'

type ViewHeadProps = {
  title: ComponentChildren
  /** Where the view belongs, above its title. */
  crumbs?: ComponentChildren
  /** What the view is about, below its title. */
  about?: ComponentChildren
  /** Buttons, on the right. */
  children?: ComponentChildren
}

/** The head of a view: its title, and what can be done there. */
export function ViewHead({ title, crumbs, about, children }: ViewHeadProps) {
  return (
    <header class="view-head">
      <div>
        {crumbs && <p class="crumbs">{crumbs}</p>}
        <h1>{title}</h1>
        {typeof about === 'string' ? <p class="muted">{about}</p> : about}
      </div>
      {children && <div class="row">{children}</div>}
    </header>
  )
}

type CardProps = {
  title: ComponentChildren
  /** Name of the region for a screen reader; that of the title where it is a plain text. */
  label?: string
  class?: string
  /** A remark beside the title. */
  hint?: ComponentChildren
  /** Buttons beside the title. */
  tools?: ComponentChildren
  children: ComponentChildren
}

/** A titled region of a view. */
export function Card({ title, label, class: name = '', hint, tools, children }: CardProps) {
  return (
    <section class={`card ${name}`} aria-label={label ?? String(title)}>
      <header class="card-head">
        <h2>{title}</h2>
        {hint && <span class="hint">{hint}</span>}
        {tools}
      </header>
      {children}
    </section>
  )
}

/** A problem, which a screen reader announces at once. */
export function ProblemText({ children }: { children: ComponentChildren }) {
  return (
    <p class="problem" role="alert">
      {children}
    </p>
  )
}

/** Long content in little room that the keyboard can scroll as well. */
export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: not every browser lets the keyboard scroll a region without it
    <section class="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  )
}

type TableProps = { columns: readonly ComponentChildren[]; children: ComponentChildren }

/** A table of rows that scrolls sideways where it is too wide. */
export function Table({ columns, children }: TableProps) {
  return (
    <div class="table-scroll">
      <table class="list">
        <thead>
          <tr>
            {columns.map((column, index) => (
              <th key={index} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}
