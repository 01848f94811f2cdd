/** What rolls the flag back automatically, and what lets its stages advance. */
import { useRef } from 'preact/hooks'
import { isObject, type JsonObject } from '../../../core/json-object.ts'
import { Checkbox } from '../../components/fields.tsx'
import { placeOf } from './draft.ts'
import { GuardMetrics } from './experiment-editor.tsx'
import { Folded } from './folded.tsx'
import { EditedBy, ProblemNotes, useForm, usePlace } from './form.tsx'
import { afterEdit, type Comparison, comparedIn, withComparison, withGuard } from './guard-draft.ts'
import { GuardField } from './guard-field.tsx'
import { countSet, EVERYDAY, GROUPS, type GuardGroup, settingsOf } from './guard-settings.ts'

const COMPARED: readonly (readonly [name: Comparison, label: string])[] = [
  ['errors', 'Error rate'],
  ['latency', 'Latency'],
  ['clientErrors', 'Visitors turned away (4xx)'],
]

/** What is wrong with a part as a whole belongs to no field of it. */
const PARTS = ['errors', 'latency', 'clientErrors', 'grpc', 'traffic', 'ceilings', 'thresholds']

export function GuardEditor({ title = 'Guard' }: { title?: string }) {
  const { value, problems, set } = usePlace(['guard'])
  const form = useForm()
  const guard = isObject(value) ? value : undefined
  const isOn = guard !== undefined && guard.enabled !== false
  return (
    <fieldset class="card">
      <legend>{title}</legend>
      <Checkbox
        label="Compare canary with control, and act when the canary is worse"
        checked={isOn}
        onChange={(next) => set(withGuard(guard, next))}
      />
      {guard !== undefined && !isOn && <p class="hint">Switched off; its settings stay.</p>}
      {isOn && (
        <>
          <Comparisons guard={guard} onChange={set} />
          <EditedBy edit={keepComparing}>
            <div class="guard-fields">
              {EVERYDAY.map((setting) => (
                <GuardField key={setting.label} setting={setting} />
              ))}
            </div>
            <GuardMetrics />
            {GROUPS.map((group) => (
              <Group key={group.title} group={group} guard={guard} />
            ))}
          </EditedBy>
          {PARTS.map((part) => (
            <ProblemNotes key={part} problems={form.problems.get(placeOf(['guard', part])) ?? []} />
          ))}
        </>
      )}
      <ProblemNotes problems={problems} />
    </fieldset>
  )
}

/** An edit of a setting changes nothing of what is compared. */
function keepComparing(before: JsonObject, after: JsonObject): JsonObject {
  const { guard } = after
  return isObject(before.guard) && isObject(guard)
    ? { ...after, guard: afterEdit(before.guard, guard) }
    : after
}

type ComparisonsProps = { guard: JsonObject; onChange: (guard: JsonObject) => void }

/** A comparison that is switched off and on again has the settings that it had. */
function Comparisons({ guard, onChange }: ComparisonsProps) {
  const kept = useRef<Partial<Record<Comparison, unknown>>>({})
  const compared = comparedIn(guard)
  const turn = (name: Comparison, isOn: boolean) => {
    if (!isOn) kept.current = { ...kept.current, [name]: guard[name] }
    onChange(withComparison(guard, name, isOn, kept.current[name]))
  }
  return (
    <div class="row">
      {COMPARED.map(([name, label]) => (
        <Checkbox key={name} label={label} checked={compared[name]} onChange={(isOn) => turn(name, isOn)} />
      ))}
    </div>
  )
}

function Group({ group, guard }: { group: GuardGroup; guard: JsonObject }) {
  const settings = settingsOf(group, guard)
  const count = countSet(settings, guard)
  if (settings.length === 0) return null
  return (
    <Folded
      class="guard-group"
      paths={settings.map(({ path }) => ['guard', ...path])}
      summary={
        <>
          {group.title}: <small>{group.about}</small> {count > 0 && <small class="tag">{count} set</small>}
        </>
      }
    >
      <div class="guard-fields">
        {settings.map((setting) => (
          <GuardField key={setting.label} setting={setting} />
        ))}
      </div>
    </Folded>
  )
}
