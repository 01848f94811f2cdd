import { Checkbox } from '../../components/fields.tsx'
import { GuardMetrics } from './experiment-editor.tsx'
import { NumberField, ProblemNotes, SelectField, usePlace } from './form.tsx'
import { RateField } from './pickers.tsx'

type GuardParts = Record<string, unknown>

const ACTIONS = [
  ['rollback', 'Roll back'],
  ['freeze', 'Freeze and alert'],
] as const

/** What rolls the flag back automatically. The JSON has finer settings. */
export function GuardEditor({ title = 'Guard' }: { title?: string }) {
  const { value, problems, set } = usePlace(['guard'])
  const guard = (value ?? undefined) as GuardParts | undefined
  return (
    <fieldset class="card">
      <legend>{title}</legend>
      <Checkbox
        label="Compare canary with control, and act when the canary is worse"
        checked={guard !== undefined}
        onChange={(isOn) => set(isOn ? { errors: {}, latency: {} } : undefined)}
      />
      {guard && (
        <>
          <div class="row">
            <Part name="errors" label="Error rate" guard={guard} />
            <Part name="latency" label="Latency" guard={guard} />
            <ClientErrors guard={guard} />
          </div>
          <div class="guard-fields">
            <SelectField
              path={['guard', 'action']}
              label="When the canary is worse"
              options={ACTIONS}
              fallback="rollback"
            />
            <RateField path={['guard', 'ceilings', 'errorRate']} label="Max error rate" placeholder="20" />
            <NumberField path={['guard', 'ceilings', 'p95Ms']} label="Max 95th percentile" unit="ms" />
            <RateField
              path={['guard', 'alpha']}
              label="False rollback probability"
              placeholder="1"
              hint="over the whole rollout"
            />
          </div>
          <GuardMetrics />
        </>
      )}
      <ProblemNotes problems={problems} />
    </fieldset>
  )
}

/** On wherever errors are, unless it is switched off. */
function ClientErrors({ guard }: { guard: GuardParts }) {
  const { set } = usePlace(['guard', 'clientErrors'])
  const { errors, clientErrors } = guard
  const isOn = clientErrors !== undefined ? clientErrors !== false : isCompared(guard, errors)
  return (
    <Checkbox
      label="Visitors turned away (4xx)"
      checked={isOn}
      onChange={() => set(isOn ? false : isCompared(guard, errors) ? undefined : {})}
    />
  )
}

/** An empty guard compares everything; metrics come on top. */
function isCompared(guard: GuardParts, test: unknown): boolean {
  return Object.keys(guard).every((key) => key === 'metrics') || (test !== undefined && test !== false)
}

type PartProps = { name: 'errors' | 'latency'; label: string; guard: GuardParts }

function Part({ name, label, guard }: PartProps) {
  const { set } = usePlace(['guard', name])
  const isOn = isCompared(guard, guard[name])
  return <Checkbox label={label} checked={isOn} onChange={() => set(isOn ? false : {})} />
}
