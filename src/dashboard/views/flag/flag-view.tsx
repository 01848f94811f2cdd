/** One flag: who gets it and why, how its rollout goes, and the means to steer it. */
import type { ComponentChildren } from 'preact'
import { useCallback, useEffect, useState } from 'preact/hooks'
import type { Responses } from '../../../contract/responses.ts'
import type { Plan } from '../../actions/change-plans.ts'
import { AuditList } from '../../components/audit-list.tsx'
import { ChangeDialog } from '../../components/dialogs/change-dialog.tsx'
import { OldData } from '../../components/loading/old-data.tsx'
import { StateBadge } from '../../components/state-badge.tsx'
import { stateOf } from '../../state/flag-state.ts'
import { live } from '../../state/live.ts'
import type { Definition } from '../../state/plain-words.ts'
import { Link } from '../../state/router.tsx'
import { mayActAs } from '../../state/session.ts'
import { useSession } from '../../state/session-context.ts'
import { useStore } from '../../state/store.ts'
import { usePolled } from '../../state/use-polled.ts'
import { ArmsTable } from './arms-table.tsx'
import { Charts } from './charts.tsx'
import { Controls, ShareControl } from './controls.tsx'
import { Feedback } from './feedback.tsx'
import { Ramp } from './ramp.tsx'
import { StateLine } from './state-line.tsx'
import { Who } from './who.tsx'

const REFRESH_MS = 5_000

type FlagDetails = Responses['getFlag']

export function FlagView({ flag }: { flag: string }) {
  const { client } = useSession()
  const askFlag = useCallback(
    (signal: AbortSignal) => client.call('getFlag', { params: { flag } }, signal),
    [client, flag],
  )
  const askAudit = useCallback(
    (signal: AbortSignal) => client.call('listAudit', { query: { flag, limit: '50' } }, signal),
    [client, flag],
  )
  const { value, problem, atMs, refresh } = usePolled(askFlag, REFRESH_MS)
  const audit = usePolled(askAudit, REFRESH_MS)
  const { status } = useStore(live)
  const news = status && `${status.epoch} ${status.document.version}`
  useEffect(() => {
    if (news === undefined) return
    refresh()
    audit.refresh()
  }, [news])
  if (value === undefined) {
    return problem ? <Missing flag={flag} problem={problem} /> : <div class="skeleton" aria-busy="true" />
  }
  return (
    <Details
      details={withLive(value)}
      atMs={Date.parse(status?.at ?? '') || Date.now()}
      killedFor={audit.value?.records.find(({ action }) => action === 'kill')?.reason}
      onChanged={refresh}
    >
      <OldData problem={problem} atMs={atMs} />
      <section class="card" aria-label="What happened">
        <header class="card-head">
          <h2>What happened</h2>
        </header>
        {audit.value && <AuditList records={audit.value.records} withFlag={false} />}
      </section>
    </Details>
  )
}

/** The flag with what the stream has said of it since. */
function withLive(details: FlagDetails): FlagDetails {
  const status = live.value.status?.flags[details.summary.key]
  if (status === undefined) return details
  const { state, percentage, stage, verdict, waitingFor, needsApproval, finished } = status
  const { stages } = details.summary
  const summary = {
    ...details.summary,
    ...{ state, percentage, waitingFor, needsApproval, finished },
    paused: status.paused !== null,
    frozen: status.frozen !== null,
    verdict: verdict?.kind ?? null,
    stage: stages > 0 ? Math.min(stage, stages - 1) : null,
  }
  return { ...details, summary, status }
}

type DetailsProps = {
  details: FlagDetails
  atMs: number
  killedFor: string | undefined
  onChanged: () => void
  children: ComponentChildren
}

function Details({ details, atMs, killedFor, onChanged, children }: DetailsProps) {
  const { person } = useSession()
  const { summary: flag, status } = details
  const definition = details.definition as Definition
  const [plan, setPlan] = useState<Plan>()
  const staged = definition.rules?.find((rule) => rule.stages)
  const shared = definition.rules?.findIndex((rule) => rule.percentage !== undefined) ?? -1
  const maySteer = mayActAs(person, 'operator')
  return (
    <div class="flag-view">
      <Head details={details} />
      <div class="flag-columns">
        <div class="stack-l">
          <section class="card" aria-label="Rollout">
            <header class="card-head">
              <h2>Rollout</h2>
              <Controls flag={flag} definition={definition} onChoose={setPlan} />
            </header>
            {staged?.stages && (
              <Ramp
                flag={flag}
                status={status}
                stages={staged.stages}
                atMs={atMs}
                onChoose={maySteer ? setPlan : undefined}
              />
            )}
            <StateLine {...{ flag, status, definition, killedFor }} />
            {!staged && shared >= 0 && maySteer && (
              <ShareControl
                flag={flag}
                rule={shared}
                percentage={definition.rules?.[shared]?.percentage ?? 0}
                onChoose={setPlan}
              />
            )}
          </section>
          <Charts flag={flag.key} />
          {children}
        </div>
        <div class="stack-l">
          <Who flag={flag} definition={definition} />
          <ArmsTable status={status} />
          <Feedback flag={flag.key} />
        </div>
      </div>
      {plan && <ChangeDialog plan={plan} onClose={() => setPlan(undefined)} onDone={onChanged} />}
    </div>
  )
}

function Head({ details: { summary: flag } }: { details: FlagDetails }) {
  const path = `/flags/${encodeURIComponent(flag.key)}`
  return (
    <header class="view-head">
      <div>
        <p class="crumbs">
          <Link to="/">Flags</Link> /
        </p>
        <h1>
          {flag.key} <StateBadge state={stateOf(flag)} />
        </h1>
        {flag.description && <p class="muted">{flag.description}</p>}
        <p class="hint facts">
          {flag.owner ? <span>owned by {flag.owner}</span> : <span>nobody owns it</span>}
          {flag.routes.length > 0 && <span>decides {flag.routes.join(', ')}</span>}
          {flag.expires && <span>to be gone by {flag.expires}</span>}
          {flag.tags.map((tag) => (
            <span key={tag} class="tag">
              {tag}
            </span>
          ))}
          {flag.stale.map(({ kind, text }) => (
            <span key={kind} class="tag stale">
              {text}
            </span>
          ))}
        </p>
      </div>
      <nav class="row" aria-label="This flag">
        <Link to={`/try/${encodeURIComponent(flag.key)}`} class="button">
          Try
        </Link>
        <Link to={`${path}/edit`} class="button">
          Edit
        </Link>
      </nav>
    </header>
  )
}

function Missing({ flag, problem }: { flag: string; problem: string }) {
  return (
    <div class="empty">
      <h1>{flag}</h1>
      <p role="alert">{problem}</p>
      <Link to="/">All flags</Link>
    </div>
  )
}
