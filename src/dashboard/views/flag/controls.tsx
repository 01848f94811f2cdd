import { useState } from 'preact/hooks'
import type { FlagSummary } from '../../../contract/responses.ts'
import { verdictOf } from '../../../contract/words/verdict-word.ts'
import { type Definition, type Plan, percentagePlan, plansFor, rowPlans } from '../../actions/change-plans.ts'
import { NumberInput } from '../../components/number-input.tsx'
import { VerdictBadge } from '../../components/state-badge.tsx'
import { useKills } from '../../state/live.ts'
import { Link } from '../../state/router.tsx'
import { useMayActAs } from '../../state/session.ts'
import { useIsNarrow } from '../../state/use-media.ts'

type ControlsProps = { flag: FlagSummary; definition: Definition; onChoose: (plan: Plan) => void }

/** The changes that the flag's state allows; each opens a dialog that shows its impact. */
export function Controls({ flag, definition, onChoose }: ControlsProps) {
  const maySteer = useMayActAs('operator')
  const { all } = useKills()
  const isNarrow = useIsNarrow()
  const docked = isNarrow ? rowPlans(flag).map(({ label }) => label) : []
  const plans = plansFor(flag, definition).filter(({ label }) => !docked.includes(label))
  if (!maySteer) return null
  if (all) {
    return (
      <p class="muted">
        All flags are killed: lift that under <Link to="/">Flags</Link>
      </p>
    )
  }
  return (
    <div class="controls row">
      {plans.map((plan) => (
        <PlanButton key={plan.label} {...{ plan, onChoose }} />
      ))}
    </div>
  )
}

/** On a phone: the verdict, what it asks for, and the kill, at the lower edge, wherever the page is scrolled to. */
export function FlagDock({ flag, onChoose }: Omit<ControlsProps, 'definition'>) {
  const maySteer = useMayActAs('operator')
  const { all } = useKills()
  if (!useIsNarrow()) return null
  return (
    <section class="dock" aria-label="Verdict and controls">
      <VerdictBadge verdict={verdictOf(flag, Date.now())} />
      {maySteer &&
        !all &&
        rowPlans(flag).map((plan) => <PlanButton key={plan.label} {...{ plan, onChoose }} />)}
    </section>
  )
}

function PlanButton({ plan, onChoose }: { plan: Plan; onChoose: (plan: Plan) => void }) {
  return (
    <button type="button" class={plan.tone === 'plain' ? '' : plan.tone} onClick={() => onChoose(plan)}>
      {plan.label}
      {plan.skips && <small> ({plan.skips})</small>}
    </button>
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
