import { useId } from 'preact/hooks'
import { requirementText } from '../../../contract/words/rules.ts'
import type { FlagInput } from '../../../core/config/schema/document.ts'
import { CheckField, Frame, ListField, TextField, usePlace } from './form.tsx'
import { GuardEditor } from './guard-editor.tsx'
import { RulesEditor } from './rules-editor.tsx'
import { VariantsEditor } from './variants-editor.tsx'

type KeyField = { name: string; isTaken: boolean; change: (key: string) => void }

/** What most flags have; the JSON beside it has the rest. */
export function EditForm({ keyField }: { keyField: KeyField | undefined }) {
  return (
    <form class="stack-l" aria-label="Flag" onSubmit={(event) => event.preventDefault()}>
      <fieldset class="card">
        <legend>General</legend>
        {keyField && <Key {...keyField} />}
        <TextField path={['description']} label="Description" placeholder="What the flag is for" />
        <div class="pair">
          <TextField path={['owner']} label="Owner" placeholder="Team or person to ask" />
          <TextField path={['expires']} label="Remove by" placeholder="2027-03-01" />
        </div>
        <div class="pair">
          <ListField path={['tags']} label="Tags" placeholder="shop, payments" />
          <Requirements />
        </div>
        <div class="pair">
          <TextField path={['schedule', 'start']} label="From" placeholder="2026-12-01T00:00:00Z" />
          <TextField path={['schedule', 'end']} label="Until" />
        </div>
        <div class="pair">
          <ListField path={['environments']} label="Environments" placeholder="production" />
          <CheckField path={['enabled']} label="Enabled" fallback />
        </div>
      </fieldset>
      <VariantsEditor />
      <RulesEditor />
      <GuardEditor />
    </form>
  )
}

/** Keys of flags that must be on; conditions beyond that are shown here, and edited in the JSON. */
function Requirements() {
  const { value, problems } = usePlace(['requires'])
  const id = useId()
  const path = ['requires'] as const
  const required = Array.isArray(value) ? (value as NonNullable<FlagInput['requires']>) : []
  if (required.every((each) => typeof each === 'string')) {
    return <ListField path={path} label="Requires flags" placeholder="new-shop" />
  }
  return (
    <Frame id={id} label="Requires flags" hint="Has conditions: edit them in the JSON." problems={problems}>
      <input id={id} readOnly value={required.map(requirementText).join(', ')} />
    </Frame>
  )
}

function Key({ name: value, isTaken, change }: KeyField) {
  const id = useId()
  const problems = isTaken
    ? [{ path: '', found: value, expected: 'a new key', fix: 'a flag with this key exists already' }]
    : []
  return (
    <Frame
      id={id}
      label="Key"
      hint="Letters, digits and . _ ~ : / -; cannot be changed later."
      problems={problems}
    >
      <input
        id={id}
        class="mono"
        value={value}
        placeholder="new-checkout"
        spellcheck={false}
        aria-invalid={isTaken}
        onInput={(event) => change(event.currentTarget.value.trim())}
      />
    </Frame>
  )
}
