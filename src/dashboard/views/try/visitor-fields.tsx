import type { ComponentChildren } from 'preact'
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
      <Labelled label="Flag" hint="Default: the flag that decides the path; all flags without a path.">
        <input list="try-flags" value={form.flag} onInput={set('flag')} />
      </Labelled>
      <datalist id="try-flags">
        {flags.slice(0, 500).map((key) => (
          <option key={key} value={key} />
        ))}
      </datalist>
      <Labelled label="Targeting key" hint="Who it is: percentages go by this.">
        <input value={form.targetingKey} placeholder="visitor-42" onInput={set('targetingKey')} />
      </Labelled>
      <div class="field-pair">
        <Labelled label="Path or URL">
          <input value={form.url} placeholder="/checkout/" onInput={set('url')} />
        </Labelled>
        <Labelled label="Country">
          <input value={form.country} maxLength={2} placeholder="RO" onInput={set('country')} />
        </Labelled>
      </div>
      <Labelled label="User agent">
        <input value={form.userAgent} onInput={set('userAgent')} />
      </Labelled>
      <Labelled label="Attributes" hint="One on each line; they win over what the request says.">
        <textarea
          rows={3}
          value={form.attributes}
          placeholder={'accountType = gold\nage = 42'}
          onInput={set('attributes')}
        />
      </Labelled>
      <Labelled label="Headers">
        <textarea rows={2} value={form.headers} placeholder="cookie: beta=1" onInput={set('headers')} />
      </Labelled>
    </>
  )
}

type LabelledProps = { label: string; hint?: string; children: ComponentChildren }

function Labelled({ label, hint, children }: LabelledProps) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is its child
    <label class="field">
      <span>{label}</span>
      {children}
      {hint && <small class="hint">{hint}</small>}
    </label>
  )
}
