import { Field } from '../../components/fields.tsx'
import type { VisitorForm } from './visitor.ts'

type VisitorFieldsProps = {
  form: VisitorForm
  flags: readonly string[]
  onChange: (form: VisitorForm) => void
}

export function VisitorFields({ form, flags, onChange }: VisitorFieldsProps) {
  const set = (key: keyof VisitorForm) => (event: { currentTarget: { value: string } }) =>
    onChange({ ...form, [key]: event.currentTarget.value })
  return (
    <>
      <Field label="Flag" hint="Default: the flag of the path’s route; without a path, all flags.">
        <input list="try-flags" value={form.flag} onInput={set('flag')} />
      </Field>
      <datalist id="try-flags">
        {flags.slice(0, 500).map((key) => (
          <option key={key} value={key} />
        ))}
      </datalist>
      <Field label="Targeting key" hint="Identifies the visitor; percentages apply to it.">
        <input value={form.targetingKey} placeholder="visitor-42" onInput={set('targetingKey')} />
      </Field>
      <div class="field-pair">
        <Field label="Path or URL">
          <input value={form.url} placeholder="/checkout/" onInput={set('url')} />
        </Field>
        <Field label="Country">
          <input value={form.country} maxLength={2} placeholder="RO" onInput={set('country')} />
        </Field>
      </div>
      <Field label="User agent">
        <input value={form.userAgent} onInput={set('userAgent')} />
      </Field>
      <Field label="Attributes" hint="One per line; they override what the request says.">
        <textarea
          rows={3}
          value={form.attributes}
          placeholder={'accountType = gold\nage = 42'}
          onInput={set('attributes')}
        />
      </Field>
      <Field label="Headers">
        <textarea rows={2} value={form.headers} placeholder="cookie: beta=1" onInput={set('headers')} />
      </Field>
    </>
  )
}
