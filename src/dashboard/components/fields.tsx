/** Labelled controls. */
import type { ComponentChildren } from 'preact'

type FieldProps = { label: ComponentChildren; hint?: string | undefined; children: ComponentChildren }

/** A label with its control, and a hint below. */
export function Field({ label, hint, children }: FieldProps) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is its child
    <label class="field">
      <span>{label}</span>
      {children}
      {hint && <small class="hint">{hint}</small>}
    </label>
  )
}

type CheckboxProps = { label: string; checked: boolean; onChange: (checked: boolean) => void }

export function Checkbox({ label, checked, onChange }: CheckboxProps) {
  return (
    <label class="check">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} />
      {label}
    </label>
  )
}

export type Choice = readonly [value: string, label: string]

type SelectProps = {
  id?: string
  'aria-label'?: string
  'aria-invalid'?: boolean
  'aria-describedby'?: string
  class?: string
  value: string
  choices: readonly Choice[]
  onChoose: (value: string) => void
}

export function Select({ choices, onChoose, ...rest }: SelectProps) {
  return (
    <select {...rest} onChange={(event) => onChoose(event.currentTarget.value)}>
      {choices.map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  )
}

type SegmentsProps = {
  /** For a screen reader. */
  label: string
  /** Of the radio buttons; unique on the page. */
  name: string
  value: string
  choices: readonly Choice[]
  onChoose: (value: string) => void
}

/** One of a few, side by side. */
export function Segments({ label, name, value, choices, onChoose }: SegmentsProps) {
  return (
    <fieldset class="segments">
      <legend class="visually-hidden">{label}</legend>
      {choices.map(([each, text]) => (
        <label key={each}>
          <input type="radio" name={name} checked={each === value} onChange={() => onChoose(each)} />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  )
}

/** As the admin API allows. */
const MAX_REASON_LENGTH = 500

type ReasonFieldProps = { value: string; onChange: (reason: string) => void }

/** Why a change is made, for the readers of the audit log. */
export function ReasonField({ value, onChange }: ReasonFieldProps) {
  const label = (
    <>
      Reason <small class="muted">for the audit log, optional</small>
    </>
  )
  return (
    <Field label={label}>
      <input
        value={value}
        maxLength={MAX_REASON_LENGTH}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    </Field>
  )
}
