import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { placeOf } from './draft.ts'
import { type Path, useForm } from './form.tsx'

type FoldedProps = {
  class: string
  summary: ComponentChildren
  /** Of its fields, or of what they are in. */
  paths: readonly Path[]
  children: ComponentChildren
}

/** Fields that are folded away, unless something is wrong in them. */
export function Folded({ class: name, summary, paths, children }: FoldedProps) {
  const { problems } = useForm()
  const [isOpen, setIsOpen] = useState(false)
  const places = [...problems.keys()]
  const isShown = isOpen || paths.some((path) => places.some((place) => place.startsWith(placeOf(path))))
  return (
    <details class={name} open={isShown} onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>{summary}</summary>
      {isShown && children}
    </details>
  )
}
