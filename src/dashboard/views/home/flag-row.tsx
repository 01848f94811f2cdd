import { useState } from 'preact/hooks'
import type { FlagSummary } from '../../../contract/responses.ts'
import { liveShare, type StateName, stateOf } from '../../../contract/words/flag-state.ts'
import { verdictOf } from '../../../contract/words/verdict-word.ts'
import { percentText } from '../../../core/figures.ts'
import { killPlan, type Plan, unkillPlan } from '../../actions/change-plans.ts'
import { MiniRamp } from '../../components/charts/mini-ramp.tsx'
import { Sparkline } from '../../components/charts/sparkline.tsx'
import { ChangeDialog } from '../../components/dialogs/change-dialog.tsx'
import { StateBadge, VerdictTag } from '../../components/state-badge.tsx'
import { useKills } from '../../state/live.ts'
import { Link } from '../../state/router.tsx'
import { useMayActAs } from '../../state/session.ts'

/** What these wait for is of no interest. */
const SETTLED: ReadonlySet<StateName> = new Set(['on', 'off', 'disabled'])

type FlagRowProps = { flag: FlagSummary; onChanged: () => void }

/** One flag at a glance: its state, its purpose, its rollout, its error rate, and the kill button. */
export function FlagRow({ flag, onChanged }: FlagRowProps) {
  const maySteer = useMayActAs('operator')
  const [plan, setPlan] = useState<Plan>()
  const nowMs = Date.now()
  const state = stateOf(flag, nowMs)
  const share = liveShare(flag, nowMs)
  const { all } = useKills()
  const isKilled = flag.state === 'killed'
  return (
    <>
      <span class="standing">
        <StateBadge state={state} />
        <VerdictTag verdict={verdictOf(flag, nowMs)} />
      </span>
      <span class="name">
        <Link to={`/flags/${encodeURIComponent(flag.key)}`}>{flag.key}</Link>
        <small title={flag.waitingFor ?? ''}>
          {SETTLED.has(state.name) || !flag.waitingFor
            ? (flag.description ?? flag.routes.join(', '))
            : flag.waitingFor}
        </small>
      </span>
      <span class="tags">
        {flag.stale.length > 0 && (
          <span class="tag stale" title={flag.stale.map(({ text }) => text).join('; ')}>
            cleanup
          </span>
        )}
        {flag.tags.slice(0, 2).map((tag) => (
          <span key={tag} class="tag" title={tag}>
            {tag}
          </span>
        ))}
      </span>
      <Sparkline flag={flag} />
      <span class="ramp-cell">
        <MiniRamp flag={flag} />
        <span class={share === null ? 'share by-rules' : 'share'}>
          <span class="visually-hidden">share: </span>
          {share === null ? 'by rules' : percentText(share)}
        </span>
      </span>
      {maySteer && !(isKilled && all) && (
        <button
          type="button"
          class={isKilled ? 'small' : 'small danger'}
          aria-label={`${isKilled ? 'Lift kill of' : 'Kill'} ${flag.key}`}
          onClick={() => setPlan(isKilled ? unkillPlan(flag) : killPlan(flag))}
        >
          {isKilled ? 'Lift kill' : 'Kill'}
        </button>
      )}
      {plan && <ChangeDialog plan={plan} onClose={() => setPlan(undefined)} onDone={onChanged} />}
    </>
  )
}
