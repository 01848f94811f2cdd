import { useRef, useState } from 'preact/hooks'
import type { FlagSummary } from '../../../contract/responses.ts'
import { type Plan, percentagePlan, plansFor } from '../../actions/change-plans.ts'
import { useKeepFocus } from '../../components/keep-focus.ts'
import { NumberInput } from '../../components/number-input.tsx'
import { useKills } from '../../state/live.ts'
import type { Definition } from '../../state/plain-words.ts'
import { Link } from '../../state/router.tsx'
import { mayActAs } from '../../state/session.ts'
import { useSession } from '../../state/session-context.ts'

type ControlsProps = { flag: FlagSummary; definition: Definition; onChoose: (plan: Plan) => void }

/** What can be done with the flag now; each asks first, with whom it moves. */
export function Controls({ flag, definition, onChoose }: ControlsProps) {
  const { person } = useSession()
  const { all } = useKills()
  const container = useRef<HTMLDivElement>(null)
  const stages = definition.rules?.find((rule) => rule.stages)?.stages ?? []
  const plans = plansFor(flag, stages, definition.enabled ?? true)
  useKeepFocus(container, plans.map(({ label }) => label).join())
  if (!mayActAs(person, 'operator')) return null
  if (all) {
    return (
      <p class="muted">
        Killed with all the others: lift that under <Link to="/">Flags</Link>
      </p>
    )
  }
  return (
    <div ref={container} class="controls row">
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
        <NumberInput
          min="0"
          max="100"
          step="0.001"
          required
          value={value}
          aria-label="Percentage, exactly"
          onNumber={(number) => number !== undefined && setWanted(number)}
        />
        %
      </span>
      <button type="submit" class="primary" disabled={value === percentage}>
        Change
      </button>
    </form>
  )
}
