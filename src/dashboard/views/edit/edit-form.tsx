import { useId } from 'preact/hooks'
import { requirementText } from '../../../contract/words/rules.ts'
import type { FlagInput } from '../../../core/config/schema/document.ts'
import { isObject, type JsonObject } from '../../../core/json-object.ts'
import type { Choice } from '../../components/fields.tsx'
import { useSession } from '../../state/session.ts'
import { ExperimentEditor } from './experiment-editor.tsx'
import { CheckField, Frame, ListField, TextField, useForm, usePlace } from './form.tsx'
import { GuardEditor } from './guard-editor.tsx'
import { DateField, MomentField, PickField } from './pickers.tsx'
import { RulesEditor } from './rules-editor.tsx'
import { VariantsEditor } from './variants-editor.tsx'

/** What most gates call theirs; another one can be written in the JSON. */
const ENVIRONMENTS = ['production', 'staging', 'development'] as const

/** Every tag of the document, sorted. */
function tagsIn({ flags }: JsonObject): string[] {
  const all = Object.values(isObject(flags) ? flags : {}).flatMap((flag) =>
    isObject(flag) && Array.isArray(flag.tags) ? flag.tags.map(String) : [],
  )
  return [...new Set(all)].sort()
}

type KeyField = { name: string; isTaken: boolean; change: (key: string) => void }

/** What most flags have; the JSON beside it has the rest. */
export function EditForm({ keyField }: { keyField: KeyField | undefined }) {
  const { user } = useSession()
  const { document = {} } = useForm()
  const environments = [...new Set([user.environment, ...ENVIRONMENTS])].map((each): Choice => [each, each])
  const tags = tagsIn(document).map((tag): Choice => [tag, tag])
  return (
    <form class="stack-l" aria-label="Flag" onSubmit={(event) => event.preventDefault()}>
      <fieldset class="card">
        <legend>General</legend>
        {keyField && <Key {...keyField} />}
        <TextField path={['description']} label="Description" placeholder="What the flag is for" />
        <div class="pair">
          <TextField path={['owner']} label="Owner" placeholder="Team or person to ask" />
          <DateField path={['expires']} label="Remove by" />
        </div>
        <div class="pair">
          <ListField path={['tags']} label="Tags" placeholder="shop, payments" suggestions={tags} />
          <Requirements />
        </div>
        <div class="pair">
          <MomentField path={['schedule', 'start']} label="From" />
          <MomentField path={['schedule', 'end']} label="Until" />
        </div>
        <div class="pair">
          <PickField
            path={['environments']}
            label="Environments"
            choices={environments}
            add="All; choose some"
          />
          <CheckField path={['enabled']} label="Enabled" fallback />
        </div>
      </fieldset>
      <VariantsEditor />
      <RulesEditor />
      <GuardEditor />
      <ExperimentEditor />
    </form>
  )
}

/** Keys of flags that must be on; conditions beyond that are shown here, and edited in the JSON. */
function Requirements() {
  const { value, problems } = usePlace(['requires'])
  const id = useId()
  const path = ['requires'] as const
  const { document = {}, definition } = useForm()
  const others = Object.entries(isObject(document.flags) ? document.flags : {})
    .filter(([, flag]) => flag !== definition)
    .map(([key]): Choice => [key, key])
  const required = Array.isArray(value) ? (value as NonNullable<FlagInput['requires']>) : []
  if (required.every((each) => typeof each === 'string')) {
    return <PickField path={path} label="Requires flags" choices={others} add="None; choose some" />
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
