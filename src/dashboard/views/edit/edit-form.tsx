import { useId } from 'preact/hooks'
import { CheckField, Frame, ListField, TextField } from './form.tsx'
import { GuardEditor } from './guard-editor.tsx'
import { RulesEditor } from './rules-editor.tsx'
import { VariantsEditor } from './variants-editor.tsx'

type KeyField = { name: string; isTaken: boolean; change: (key: string) => void }

/** Everything that most flags have; the rest is in the JSON beside it. */
export function EditForm({ keyField }: { keyField: KeyField | undefined }) {
  return (
    <form class="stack-l" aria-label="Flag" onSubmit={(event) => event.preventDefault()}>
      <fieldset class="card">
        <legend>What it is</legend>
        {keyField && <Key {...keyField} />}
        <TextField path={['description']} label="Description" placeholder="What the flag is for" />
        <div class="pair">
          <TextField path={['owner']} label="Owner" placeholder="Team or person to ask" />
          <TextField path={['expires']} label="To be gone by" placeholder="2027-03-01" />
        </div>
        <div class="pair">
          <ListField path={['tags']} label="Tags" placeholder="shop, payments" />
          <ListField path={['requires']} label="Only with the flags" placeholder="new-shop" />
        </div>
        <div class="pair">
          <TextField path={['schedule', 'start']} label="From" placeholder="2026-12-01T00:00:00Z" />
          <TextField path={['schedule', 'end']} label="Until" />
        </div>
        <div class="pair">
          <ListField path={['environments']} label="Only in the environments" placeholder="production" />
          <CheckField path={['enabled']} label="Enabled" fallback />
        </div>
      </fieldset>
      <VariantsEditor />
      <RulesEditor />
      <GuardEditor />
    </form>
  )
}

function Key({ name: value, isTaken, change }: KeyField) {
  const id = useId()
  const problems = isTaken
    ? [{ path: '', found: value, expected: 'A flag of this name is there already', fix: 'choose another' }]
    : []
  return (
    <Frame
      id={id}
      label="Key"
      hint="Letters, digits and . _ ~ : / -; it cannot be changed later."
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
