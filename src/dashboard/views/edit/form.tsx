/** Fields of a draft: each reads and writes its place in the definition, and shows the problems there. */
import { type ComponentChildren, createContext } from 'preact'
import { useContext, useId, useState } from 'preact/hooks'
import type { PathKey, Problem } from '../../../core/config/parse/problems.ts'
import type { JsonObject } from '../../../core/json-object.ts'
import { type Choice, Select } from '../../components/fields.tsx'
import { NumberInput } from '../../components/number-input.tsx'
import { placeOf, valueAt, withValue } from './draft.ts'
import { listText, parseList } from './list-text.ts'

export type Form = {
  definition: JsonObject
  problems: ReadonlyMap<string, readonly Problem[]>
  change(definition: JsonObject): void
}

export const FormContext = createContext<Form | undefined>(undefined)

export type Path = readonly PathKey[]

export function useForm(): Form {
  const form = useContext(FormContext)
  if (form === undefined) throw new Error('Cannot show a field: it must be inside a form')
  return form
}

/** The value at a place, its problems, and how to set it. */
export function usePlace(path: Path) {
  const form = useForm()
  return {
    value: valueAt(form.definition, path),
    problems: form.problems.get(placeOf(path)) ?? [],
    set: (value: unknown) => form.change(withValue(form.definition, path, value)),
  }
}

export type FieldProps = { path: Path; label: string; hint?: string; placeholder?: string; isBare?: boolean }

type FrameProps = Omit<FieldProps, 'path' | 'placeholder'> & {
  id: string
  problems: readonly Problem[]
  children: ComponentChildren
}

/** Label, control, hint and problems. */
export function Frame({ id, label, hint, problems, isBare, children }: FrameProps) {
  return (
    <div class="field">
      <label for={id} class={isBare ? 'visually-hidden' : ''}>
        {label}
      </label>
      {children}
      <div id={`${id}-notes`} class="notes">
        {hint && <small class="hint">{hint}</small>}
        <ProblemNotes problems={problems} />
      </div>
    </div>
  )
}

/** The problems at a place, and how to fix each. */
export function ProblemNotes({ problems }: { problems: readonly Problem[] }) {
  return problems.map(({ expected, fix }) => (
    <small key={expected} class="problem">
      Expected {expected}: {fix}
    </small>
  ))
}

/** A text; an empty one is omitted from the document. */
export function TextField({ path, placeholder, ...frame }: FieldProps) {
  const { value, problems, set } = usePlace(path)
  const id = useId()
  return (
    <Frame {...frame} id={id} problems={problems}>
      <input
        id={id}
        value={typeof value === 'string' ? value : ''}
        placeholder={placeholder ?? ''}
        aria-invalid={problems.length > 0}
        aria-describedby={`${id}-notes`}
        onInput={(event) => set(event.currentTarget.value || undefined)}
      />
    </Frame>
  )
}

type NumberFieldProps = FieldProps & {
  unit?: string
  /** While it is empty, the document has null there, which is a problem. */
  isRequired?: boolean
}

export function NumberField({ path, unit, placeholder, isRequired = false, ...frame }: NumberFieldProps) {
  const { value, problems, set } = usePlace(path)
  const id = useId()
  return (
    <Frame {...frame} id={id} problems={problems}>
      <span class="with-unit">
        <NumberInput
          id={id}
          step="any"
          value={typeof value === 'number' ? value : undefined}
          placeholder={placeholder ?? ''}
          aria-invalid={problems.length > 0}
          aria-describedby={`${id}-notes`}
          onNumber={(number) => set(number ?? (isRequired ? null : undefined))}
        />
        {unit}
      </span>
    </Frame>
  )
}

type SelectFieldProps = FieldProps & {
  options: readonly Choice[]
  /** The default, where the document has no value. */
  fallback?: string
}

export function SelectField({ path, options, fallback = '', ...frame }: SelectFieldProps) {
  const { value, problems, set } = usePlace(path)
  const id = useId()
  const known = typeof value === 'string' ? value : fallback
  return (
    <Frame {...frame} id={id} problems={problems}>
      <Select
        id={id}
        value={known}
        choices={options.some(([each]) => each === known) ? options : [[known, known], ...options]}
        aria-invalid={problems.length > 0}
        aria-describedby={`${id}-notes`}
        onChoose={set}
      />
    </Frame>
  )
}

/** A checkbox; the fallback is omitted from the document. */
export function CheckField({ path, label, fallback = false }: FieldProps & { fallback?: boolean }) {
  const { value, set } = usePlace(path)
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={typeof value === 'boolean' ? value : fallback}
        onChange={(event) =>
          set(event.currentTarget.checked === fallback ? undefined : event.currentTarget.checked)
        }
      />
      {label}
    </label>
  )
}

type ListFieldProps = FieldProps & {
  /** Whether numbers and booleans are told from texts. */
  isTyped?: boolean
}

/** A comma-separated list; the text stays as it was typed until the field loses the focus. */
export function ListField({ path, isTyped = false, placeholder, ...frame }: ListFieldProps) {
  const { value, problems, set } = usePlace(path)
  const known = Array.isArray(value) ? value : []
  const [typed, setTyped] = useState<string>()
  const id = useId()
  return (
    <Frame {...frame} id={id} problems={problems}>
      <input
        id={id}
        value={typed ?? listText(known, isTyped)}
        placeholder={placeholder ?? ''}
        aria-invalid={problems.length > 0}
        aria-describedby={`${id}-notes`}
        onInput={(event) => {
          setTyped(event.currentTarget.value)
          const items = parseList(event.currentTarget.value, isTyped)
          set(items.length === 0 ? undefined : items)
        }}
        onBlur={() => setTyped(undefined)}
      />
    </Frame>
  )
}
