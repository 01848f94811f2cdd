/** Fields of a draft: each reads and writes its place in the definition, and shows the problems there. */
import { type ComponentChildren, createContext } from 'preact'
import { useContext, useId, useState } from 'preact/hooks'
import type { Responses } from '../../../contract/responses.ts'
import type { PathKey, Problem } from '../../../core/config/parse/problems.ts'
import type { JsonObject } from '../../../core/json-object.ts'
import { Checkbox, type Choice, Select } from '../../components/fields.tsx'
import { NumberInput } from '../../components/number-input.tsx'
import { placeOf, valueAt, withValue } from './draft.ts'
import { listText, parseList } from './list-text.ts'

export type Form = {
  definition: JsonObject
  problems: ReadonlyMap<string, readonly Problem[]>
  change(definition: JsonObject): void
  /** The document around it: what can be chosen depends on it. */
  document?: JsonObject
  /** Whose traffic tells how long its stages take; none for a flag that is new. */
  flag?: string | undefined
  /** How many recent visitors each rule is about; undefined while it is being counted, or can't be. */
  audience?: Audience | undefined
  /** Attribute → values that recent visitors have. */
  examples?: Examples | undefined
}

export type Audience = Responses['diffDocument']['audience']
export type Examples = Readonly<Record<string, readonly string[]>>

export const FormContext = createContext<Form | undefined>(undefined)

export type Path = readonly PathKey[]

export function useForm(): Form {
  const form = useContext(FormContext)
  if (form === undefined) throw new Error('Cannot show a field: it must be inside a form')
  return form
}

type EditedByProps = {
  edit: (before: JsonObject, after: JsonObject) => JsonObject
  children: ComponentChildren
}

/** Fields of which each change is completed by a function of the definitions before and after. */
export function EditedBy({ edit, children }: EditedByProps) {
  const form = useForm()
  const change = (definition: JsonObject) => form.change(edit(form.definition, definition))
  return <FormContext.Provider value={{ ...form, change }}>{children}</FormContext.Provider>
}

/** The value at a place, its problems, and how to set it. */
export function usePlace(path: Path) {
  const form = useForm()
  return {
    value: valueAt(form.definition, path),
    problems: problemsAt(form, path),
    set: (value: unknown) => form.change(withValue(form.definition, path, value)),
  }
}

/** The problems of a place; those of a list's plain items belong to the list, which one control edits. */
function problemsAt({ definition, problems }: Form, path: Path): readonly Problem[] {
  const place = placeOf(path)
  const own = problems.get(place) ?? []
  const value = valueAt(definition, path)
  if (!Array.isArray(value) || value.some((item) => typeof item === 'object')) return own
  return [...own, ...value.flatMap((_, index) => problems.get(`${place}[${index}]`) ?? [])]
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

/** A place, with what its label and its control need to belong together. */
export function useField({ path, placeholder, ...frame }: FieldProps) {
  const place = usePlace(path)
  const id = useId()
  const isInvalid = place.problems.length > 0
  return {
    ...place,
    frame: { ...frame, id, problems: place.problems },
    control: { id, 'aria-invalid': isInvalid, 'aria-describedby': `${id}-notes` },
    placeholder: placeholder ?? '',
  }
}

/** A text; an empty one is omitted from the document. */
export function TextField(props: FieldProps) {
  const { value, set, frame, control, placeholder } = useField(props)
  return (
    <Frame {...frame}>
      <input
        {...control}
        value={typeof value === 'string' ? value : ''}
        placeholder={placeholder}
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

export function NumberField({ unit, isRequired = false, ...props }: NumberFieldProps) {
  const { value, set, frame, control, placeholder } = useField(props)
  return (
    <Frame {...frame}>
      <span class="with-unit">
        <NumberInput
          {...control}
          step="any"
          value={typeof value === 'number' ? value : undefined}
          placeholder={placeholder}
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

export function SelectField({ options, fallback = '', ...props }: SelectFieldProps) {
  const { value, set, frame, control } = useField(props)
  const known = typeof value === 'string' ? value : fallback
  const choices = options.some(([each]) => each === known) ? options : [[known, known] as const, ...options]
  return (
    <Frame {...frame}>
      <Select {...control} value={known} choices={choices} onChoose={set} />
    </Frame>
  )
}

/** A checkbox; the fallback is omitted from the document. */
export function CheckField({ path, label, fallback = false }: FieldProps & { fallback?: boolean }) {
  const { value, set } = usePlace(path)
  const checked = typeof value === 'boolean' ? value : fallback
  return (
    <Checkbox
      label={label}
      checked={checked}
      onChange={(next) => set(next === fallback ? undefined : next)}
    />
  )
}

type ListFieldProps = FieldProps & {
  /** Whether items can be numbers and booleans. */
  isTyped?: boolean
  /** Items to choose from, each with its name. */
  suggestions?: readonly Choice[] | undefined
}

/** A comma-separated list; the text stays as it was typed until the field loses the focus. */
export function ListField({ isTyped = false, suggestions, ...props }: ListFieldProps) {
  const { value, set, frame, control, placeholder } = useField(props)
  const [typed, setTyped] = useState<string>()
  const type = (text: string) => {
    setTyped(text)
    const items = parseList(text, isTyped)
    set(items.length === 0 ? undefined : items)
  }
  const text = typed ?? listText(Array.isArray(value) ? value : [], isTyped)
  // A browser suggests whole texts.
  const before = text.slice(0, text.lastIndexOf(',') + 1)
  const listId = `${control.id}-list`
  return (
    <Frame {...frame}>
      {suggestions && (
        <datalist id={listId}>
          {suggestions.map(([item, name]) => (
            <option key={item} value={before === '' ? item : `${before} ${item}`} label={name} />
          ))}
        </datalist>
      )}
      <input
        {...control}
        value={text}
        placeholder={placeholder}
        list={suggestions ? listId : undefined}
        onInput={(event) => type(event.currentTarget.value)}
        onBlur={() => setTyped(undefined)}
      />
    </Frame>
  )
}
