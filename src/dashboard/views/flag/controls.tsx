import { useState } from 'preact/hooks'
import type { FlagSummary } from '../../../contract/responses.ts'
import { type Plan, percentagePlan, plansFor } from '../../change-plans.ts'
import { useSession } from '../../context.ts'
import { mayActAs } from '../../session.ts'
import type { Definition } from './plain-words.ts'

type ControlsProps = { flag: FlagSummary; definition: Definition; onChoose: (plan: Plan) => void }

/** What can be done with the flag now; each asks first, with whom it moves. */
export function Controls({ flag, definition, onChoose }: ControlsProps) {
  const { person } = useSession()
  if (!mayActAs(person, 'operator')) return null
  const stages = definition.rules?.find((rule) => rule.stages)?.stages ?? []
  const plans = plansFor(flag, stages, definition.enabled ?? true)
  return (
    <div class="controls row">
      {plans.map((plan) => (
        <button
          key={plan.label}
          type="button"
          class={plan.tone === 'plain' ? '' : plan.tone}
          onClick={() => onChoose(plan)}
        >
          {plan.label}
        </button>
      ))}
    </div>
  )
}

type ShareProps = ControlsProps & { rule: number; percentage: number }

/** The percentage of a rule without stages. */
export function ShareControl({ flag, rule, percentage, onChoose }: Omit<ShareProps, 'definition'>) {
  const [wanted, setWanted] = useState<number>()
  const value = wanted ?? percentage
  const submit = (event: Event) => {
    event.preventDefault()
    onChoose(percentagePlan(flag, rule, percentage, value))
  }
  return (
    <form class="share-control" onSubmit={submit}>
      <input
        type="range"
        min="0"
        max="100"
        step="1"
        value={value}
        aria-label="Percentage"
        onInput={(event) => setWanted(event.currentTarget.valueAsNumber)}
      />
      <span class="percent-input">
        <input
          type="number"
          min="0"
          max="100"
          step="0.001"
          required
          value={value}
          aria-label="Percentage, exactly"
          onInput={(event) => {
            if (!Number.isNaN(event.currentTarget.valueAsNumber)) setWanted(event.currentTarget.valueAsNumber)
          }}
        />
        %
      </span>
      <button type="submit" class="primary" disabled={value === percentage}>
        Change
      </button>
    </form>
  )
}
