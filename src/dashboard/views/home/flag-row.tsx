import { useState } from 'preact/hooks'
import type { FlagSummary } from '../../../contract/responses.ts'
import { liveShare, type StateName, stageText, stateOf } from '../../../contract/words/flag-state.ts'
import { verdictOf } from '../../../contract/words/verdict-word.ts'
import { latencyText, percentText, rateText } from '../../../core/figures.ts'
import { type Plan, rowPlans } from '../../actions/change-plans.ts'
import { Against } from '../../components/against.tsx'
import { MiniRamp } from '../../components/charts/mini-ramp.tsx'
import { ChangeDialog } from '../../components/dialogs/change-dialog.tsx'
import { VerdictBadge } from '../../components/state-badge.tsx'
import { useKills } from '../../state/live.ts'
import { Link } from '../../state/router.tsx'
import { useMayActAs } from '../../state/session.ts'

/** What these wait for is of no interest. */
const SETTLED: ReadonlySet<StateName> = new Set(['on', 'off', 'disabled'])

type FlagRowProps = { flag: FlagSummary; onChanged: () => void }

/** One flag at a glance: is it well, how does the canary do, what comes next, and what can be done about it. */
export function FlagRow({ flag, onChanged }: FlagRowProps) {
  const nowMs = Date.now()
  const state = stateOf(flag, nowMs)
  const verdict = verdictOf(flag, nowMs)
  return (
    <>
      <span class="standing">
        <VerdictBadge verdict={verdict} isMoving={state.name === 'climbing'} />
        {state.label !== verdict.word && <small class="state">{state.label}</small>}
      </span>
      <span class="name">
        <span class="row-title">
          <Link to={`/flags/${encodeURIComponent(flag.key)}`}>{flag.key}</Link>
          <Tags flag={flag} />
        </span>
        <small title={flag.waitingFor ?? ''}>
          {SETTLED.has(state.name) || !flag.waitingFor
            ? (flag.description ?? flag.routes.join(', '))
            : briefly(flag.waitingFor)}
        </small>
      </span>
      <Figures flag={flag} />
      <Rollout flag={flag} nowMs={nowMs} />
      <Actions flag={flag} onChanged={onChanged} />
    </>
  )
}

/** The first statement of a reason: figures of the whole attempt stand beside it, the rest is on the flag's page. */
function briefly(reason: string): string {
  return reason.split('; ')[0] ?? reason
}

function Tags({ flag }: { flag: FlagSummary }) {
  return (
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
  )
}

/** Error rate and latency of the present attempt. Where nothing is compared, those of all visitors. */
function Figures({ flag: { canary, control, other } }: { flag: FlagSummary }) {
  const isCompared = canary.requests + control.requests > 0
  const [shown, against] = isCompared ? [canary, control] : [other, undefined]
  return (
    <>
      <Against
        label="errors"
        canary={shown.errorRate}
        control={against?.errorRate ?? null}
        format={rateText}
      />
      <Against label="p95" canary={shown.p95Ms} control={against?.p95Ms ?? null} format={latencyText} />
    </>
  )
}

function Rollout({ flag, nowMs }: { flag: FlagSummary; nowMs: number }) {
  const share = liveShare(flag, nowMs)
  const stage = flag.stage === null || flag.state === 'rolled-back' ? '' : stageText(flag.stage, flag.stages)
  return (
    <span class="ramp-cell">
      <span class={share === null ? 'share by-rules' : 'share'}>
        <span class="visually-hidden">share: </span>
        {share === null ? 'by rules' : percentText(share)}
      </span>
      <MiniRamp flag={flag} />
      <small class="next">
        {stage}
        {stage && flag.next && ' · '}
        {flag.next && <strong>{flag.next}</strong>}
      </small>
    </span>
  )
}

/** What the flag's state asks for, and the kill. */
function Actions({ flag, onChanged }: FlagRowProps) {
  const maySteer = useMayActAs('operator')
  const [plan, setPlan] = useState<Plan>()
  const { all } = useKills()
  if (!maySteer) return <span />
  return (
    <span class="row-actions">
      {rowPlans(flag)
        // No single flag can be opened while all are killed.
        .filter((each) => !(all && flag.state === 'killed') || each.tone === 'danger')
        .map((each) => (
          <button
            key={each.label}
            type="button"
            class={`small ${each.tone}`}
            aria-label={each.label === 'Lift kill' ? `Lift kill of ${flag.key}` : `${each.label} ${flag.key}`}
            onClick={() => setPlan(each)}
          >
            {each.label}
          </button>
        ))}
      {plan && <ChangeDialog plan={plan} onClose={() => setPlan(undefined)} onDone={onChanged} />}
    </span>
  )
}
