import { useRef, useState } from 'preact/hooks'
import type { FlagSummary } from '../../../contract/responses.ts'
import type { FlagInput } from '../../../core/config/schema/document.ts'
import { type Plan, percentagePlan, plansFor } from '../../actions/change-plans.ts'
import { useKeepFocus } from '../../components/layout.tsx'
import { NumberInput } from '../../components/number-input.tsx'
import { useKills } from '../../state/live.ts'
import { Link } from '../../state/router.tsx'
import { useMayActAs } from '../../state/session.ts'

type ControlsProps = { flag: FlagSummary; definition: FlagInput; onChoose: (plan: Plan) => void }

/** The changes that the flag's state allows; each opens a dialog that shows its impact. */
export function Controls({ flag, definition, onChoose }: ControlsProps) {
  const maySteer = useMayActAs('operator')
  const { all } = useKills()
  const container = useRef<HTMLDivElement>(null)
  const plans = plansFor(flag, definition)
  useKeepFocus(container, plans.map(({ label }) => label).join())
  if (!maySteer) return null
  if (all) {
    return (
      <p class="muted">
        All flags are killed: lift that under <Link to="/">Flags</Link>
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
          {plan.skips && <small> ({plan.skips})</small>}
        </button>
      ))}
    </div>
  )
}

type ShareProps = Omit<ControlsProps, 'definition'> & { rule: number; percentage: number }

/** The percentage of a rule without stages. */
export function ShareControl({ flag, rule, percentage, onChoose }: ShareProps) {
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
