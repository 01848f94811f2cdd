import { useState } from 'preact/hooks'
import { valueText } from '../../../core/figures.ts'
import { AddButton, IconButton } from '../../components/icon.tsx'
import { withVariantRenamed } from './draft.ts'
import { ProblemNotes, SelectField, useForm, usePlace } from './form.tsx'

/** The variants with their values, and the one that is served where no rule matches. */
export function VariantsEditor() {
  const { value, problems, set } = usePlace(['variants'])
  const variants = Object.entries((value ?? {}) as Record<string, unknown>)
  const form = useForm()
  const rename = (from: string, to: string) => form.change(withVariantRenamed(form.definition, from, to))
  const put = (index: number, json: unknown) =>
    set(Object.fromEntries(variants.map(([name, before], at) => [name, at === index ? json : before])))
  const remove = (index: number) => set(Object.fromEntries(variants.filter((_, at) => at !== index)))
  const add = () => {
    const taken = new Set(variants.map(([name]) => name))
    let name = 'variant'
    for (let number = 2; taken.has(name); number++) name = `variant-${number}`
    set(Object.fromEntries([...variants, [name, name]]))
  }
  return (
    <fieldset class="card">
      <legend>Variants</legend>
      {variants.map(([name, json], index) => (
        <div key={index} class="variant-row">
          <VariantName
            name={name}
            taken={variants.map(([each]) => each)}
            onChange={(next) => rename(name, next)}
          />
          <VariantValue name={name} value={json} onChange={(next) => put(index, next)} />
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

type VariantValueProps = { name: string; value: unknown; onChange: (value: unknown) => void }

/** Any JSON; everything else is a text. */
function VariantValue({ name, value, onChange }: VariantValueProps) {
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
