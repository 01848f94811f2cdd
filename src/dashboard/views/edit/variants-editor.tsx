import { useState } from 'preact/hooks'
import { valueText } from '../../../core/figures.ts'
import { type Choice, Segments, Select } from '../../components/fields.tsx'
import { AddButton, IconButton } from '../../components/icon.tsx'
import { NumberInput } from '../../components/number-input.tsx'
import { withVariantRenamed } from './draft.ts'
import { ProblemNotes, SelectField, useForm, usePlace } from './form.tsx'
import { asType, freshValue, typeOfValues, VALUE_TYPES, type ValueType } from './value-types.ts'

/** The variants with their values, and the one that is served where no rule matches. */
export function VariantsEditor() {
  const { value, problems, set } = usePlace(['variants'])
  const variants = Object.entries((value ?? {}) as Record<string, unknown>)
  const [chosen, setChosen] = useState<ValueType>()
  const found = typeOfValues(variants.map(([, json]) => json))
  // JSON holds any value; else the values tell.
  const type = chosen === 'json' ? chosen : found
  const form = useForm()
  const rename = (from: string, to: string) => form.change(withVariantRenamed(form.definition, from, to))
  const put = (index: number, json: unknown) =>
    set(Object.fromEntries(variants.map(([name, before], at) => [name, at === index ? json : before])))
  const remove = (index: number) => set(Object.fromEntries(variants.filter((_, at) => at !== index)))
  const add = () => {
    const taken = new Set(variants.map(([name]) => name))
    let name = 'variant'
    for (let number = 2; taken.has(name); number++) name = `variant-${number}`
    set(Object.fromEntries([...variants, [name, freshValue(type, name)]]))
  }
  const choose = (next: string) => {
    setChosen(next as ValueType)
    set(Object.fromEntries(variants.map(([name, json]) => [name, asType(json, next as ValueType)])))
  }
  return (
    <fieldset class="card">
      <legend>Variants</legend>
      <Segments
        label="Type of the values"
        name="value-type"
        value={type}
        choices={VALUE_TYPES}
        onChoose={choose}
      />
      {variants.map(([name, json], index) => (
        <div key={index} class="variant-row">
          <VariantName
            name={name}
            taken={variants.map(([each]) => each)}
            onChange={(next) => rename(name, next)}
          />
          <VariantValue {...{ name, type }} value={json} onChange={(next) => put(index, next)} />
          <IconButton icon="trash" label={`Remove the variant ${name}`} onClick={() => remove(index)} />
        </div>
      ))}
      <ProblemNotes problems={problems} />
      <div class="row between">
        <AddButton what="Variant" onClick={add} />
        <SelectField
          path={['off']}
          label="Otherwise serve"
          options={variants.map(([name]) => [name, name])}
        />
      </div>
    </fieldset>
  )
}

type VariantNameProps = { name: string; taken: readonly string[]; onChange: (name: string) => void }

/** Renames when the field loses the focus: each letter would make another variant. A taken name is refused. */
function VariantName({ name, taken, onChange }: VariantNameProps) {
  const [typed, setTyped] = useState<string>()
  return (
    <input
      aria-label="Name of the variant"
      value={typed ?? name}
      onInput={(event) => setTyped(event.currentTarget.value)}
      onChange={(event) => {
        const next = event.currentTarget.value.trim()
        if (next !== '' && !taken.includes(next)) onChange(next)
        setTyped(undefined)
      }}
    />
  )
}

type VariantValueProps = {
  name: string
  type: ValueType
  value: unknown
  onChange: (value: unknown) => void
}

function VariantValue({ type, ...props }: VariantValueProps) {
  const { name, value, onChange } = props
  const label = `Value of ${name}`
  if (type === 'boolean')
    return (
      <Select
        aria-label={label}
        value={String(value)}
        choices={ON_OFF}
        onChoose={(next) => onChange(next === 'true')}
      />
    )
  if (type === 'number')
    return (
      <NumberInput
        aria-label={label}
        step="any"
        value={typeof value === 'number' ? value : undefined}
        onNumber={(number) => onChange(number ?? 0)}
      />
    )
  if (type === 'text')
    return (
      <input
        aria-label={label}
        value={String(value)}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    )
  return <JsonValue {...props} />
}

const ON_OFF: readonly Choice[] = [
  ['true', 'true (on)'],
  ['false', 'false (off)'],
]

/** Any JSON; everything else is a text. */
function JsonValue({ name, value, onChange }: Omit<VariantValueProps, 'type'>) {
  const [typed, setTyped] = useState<string>()
  return (
    <input
      class="mono"
      aria-label={`Value of ${name}, as JSON`}
      value={typed ?? valueText(JSON.stringify(value), 10_000)}
      onInput={(event) => {
        const text = event.currentTarget.value
        setTyped(text)
        try {
          onChange(JSON.parse(text))
        } catch {
          onChange(text)
        }
      }}
      onBlur={() => setTyped(undefined)}
    />
  )
}
