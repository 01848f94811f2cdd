/** One flag: who gets it, how its rollout is doing, and the controls. */
import type { ComponentChildren } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { FlagStatusView, FlagSummary, Responses } from '../../../contract/responses.ts'
import type { AuditRecord } from '../../../contract/words/audit.ts'
import { idleText, stateOf, waitingText, withStatus } from '../../../contract/words/flag-state.ts'
import { bakeLeftMs, etaText } from '../../../contract/words/ladder.ts'
import { verdictOf } from '../../../contract/words/verdict-word.ts'
import type { FlagInput } from '../../../core/config/schema/document.ts'
import { hasSplit } from '../../../core/config/split/split.ts'
import type { Plan } from '../../actions/change-plans.ts'
import { AuditList } from '../../components/audit/audit-list.tsx'
import { ChangeDialog } from '../../components/dialogs/change-dialog.tsx'
import { Icon } from '../../components/icon.tsx'
import { Card, ProblemText, ViewHead } from '../../components/layout.tsx'
import { Skeleton, StaleDataNotice } from '../../components/loading.tsx'
import { isMeasured } from '../../components/metrics/measured.ts'
import { Results } from '../../components/metrics/results.tsx'
import { VerdictBadge } from '../../components/state-badge.tsx'
import { live } from '../../state/live.ts'
import { Link } from '../../state/router.tsx'
import { useMayActAs } from '../../state/session.ts'
import { useStore } from '../../state/store.ts'
import { useTitle } from '../../state/title.ts'
import { usePolled } from '../../state/use-polled.ts'
import { ArmsTable } from './arms-table.tsx'
import { Audience } from './audience.tsx'
import { Charts } from './charts.tsx'
import { Controls, FlagDock, ShareControl } from './controls.tsx'
import { Feedback } from './feedback.tsx'
import { MetricTiles } from './metric-tiles.tsx'
import { momentsOf } from './moments.ts'
import { Outcomes } from './outcomes.tsx'
import { Ramp } from './ramp.tsx'
import { Requirements } from './requirements.tsx'
import { Shadow } from './shadow.tsx'
import { WhatFailed } from './what-failed.tsx'

const REFRESH_MS = 5_000
const NO_RECORDS: readonly AuditRecord[] = []

type FlagDetails = Responses['getFlag']

export function FlagView({ flag }: { flag: string }) {
  const { value, problem, atMs, refresh } = usePolled('getFlag', { params: { flag } }, REFRESH_MS)
  const audit = usePolled('listAudit', { query: { flag, limit: '50' } }, REFRESH_MS)
  const { status } = useStore(live)
  const news = status && `${status.epoch} ${status.document.version}`
  useEffect(() => {
    if (news === undefined) return
    refresh()
    audit.refresh()
  }, [news])
  if (value === undefined) return problem ? <Missing flag={flag} problem={problem} /> : <Skeleton />
  return (
    <Details
      details={withLive(value)}
      atMs={Date.parse(status?.at ?? '') || Date.now()}
      records={audit.value?.records ?? NO_RECORDS}
      onChanged={refresh}
    >
      <StaleDataNotice problem={problem} atMs={atMs} />
      <Card title="Recent activity">
        {audit.value && <AuditList records={audit.value.records} isOfOneFlag />}
      </Card>
    </Details>
  )
}

/** The flag, brought up to date by the live status. */
function withLive(details: FlagDetails): FlagDetails {
  const status = live.value.status?.flags[details.summary.key]
  if (status === undefined) return details
  return { ...details, summary: withStatus(details.summary, status), status }
}

type DetailsProps = {
  details: FlagDetails
  atMs: number
  records: readonly AuditRecord[]
  onChanged: () => void
  children: ComponentChildren
}

function Details({ details, atMs, records, onChanged, children }: DetailsProps) {
  const moments = useMemo(() => momentsOf(records), [records])
  const killedFor = records.find(({ action }) => action === 'kill')?.reason
  const maySteer = useMayActAs('operator')
  const { summary: flag, status } = details
  const definition = details.definition as FlagInput
  const bakeLeft = bakeLeftMs(flag.ladder[flag.stage ?? 0], status)
  const steered = { ...definition, bakeLeftMs: bakeLeft }
  const { rules = [] } = definition
  const [plan, setPlan] = useState<Plan>()
  // What went wrong comes first where something did.
  const isWrong = verdictOf(flag, Date.now()).tone === 'bad'
  const failed = <WhatFailed failures={details.failures} />
  const isStaged = rules.some((rule) => rule.stages)
  const shared = rules.findIndex((rule) => rule.percentage !== undefined)
  return (
    <div class="flag-view">
      <Head details={details} />
      <div class="flag-columns">
        <div class="stack-l">
          <Card title="Rollout" tools={<Controls flag={flag} definition={steered} onChoose={setPlan} />}>
            <StateLine {...{ flag, status, definition, killedFor }} />
            {isStaged && (
              <Ramp
                {...{ flag, status, atMs, records }}
                definition={steered}
                onChoose={maySteer ? setPlan : undefined}
              />
            )}
            <Requirements status={status} />
            {!isStaged && shared >= 0 && maySteer && (
              <ShareControl
                flag={flag}
                rule={shared}
                percentage={rules[shared]?.percentage ?? 0}
                onChoose={setPlan}
              />
            )}
          </Card>
          {maySteer && rules.some(({ stages = [] }) => stages.some(({ shadow }) => shadow !== undefined)) && (
            <Shadow flag={flag.key} />
          )}
          {isWrong && failed}
          {isMeasured(definition) && <Results flag={flag.key} />}
          <MetricTiles flag={flag.key} moments={moments} />
          <Charts flag={flag.key} moments={moments} />
          {!isWrong && failed}
          <Outcomes flag={flag.key} attempt={`attempt ${status.generation}`} />
          {children}
        </div>
        <div class="stack-l">
          <Audience flag={flag} definition={definition} />
          <ArmsTable status={status} hasControl={hasSplit({ rules })} />
          <Feedback flag={flag.key} />
        </div>
      </div>
      <FlagDock flag={flag} onChoose={setPlan} />
      {plan && <ChangeDialog plan={plan} onClose={() => setPlan(undefined)} onDone={onChanged} />}
    </div>
  )
}

function Head({ details: { summary: flag } }: { details: FlagDetails }) {
  const key = encodeURIComponent(flag.key)
  const [state, verdict] = [stateOf(flag, Date.now()), verdictOf(flag, Date.now())]
  useTitle(verdict.word)
  const title = (
    <>
      {flag.key} <VerdictBadge verdict={verdict} isMoving={state.name === 'climbing'} />
      {state.label !== verdict.word && <small class="state">{state.label}</small>}
    </>
  )
  const about = (
    <>
      {flag.description && <p class="muted">{flag.description}</p>}
      <p class="hint facts">
        <span>{flag.owner ? `Owner: ${flag.owner}` : 'No owner'}</span>
        {flag.routes.length > 0 && <span>Routes: {flag.routes.join(', ')}</span>}
        {flag.expires && <span>Remove by {flag.expires}</span>}
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
    </>
  )
  const crumbs = (
    <>
      <Link to="/">Flags</Link> /
    </>
  )
  return (
    <ViewHead title={title} crumbs={crumbs} about={about}>
      <Link to={`/try/${key}`} class="button">
        Try
      </Link>
      <Link to={`/flags/${key}/edit`} class="button">
        Edit
      </Link>
    </ViewHead>
  )
}

type StateLineProps = {
  flag: FlagSummary
  status: FlagStatusView
  definition: FlagInput
  /** The reason of the kill, if the audit log has it. */
  killedFor: string | undefined
}

/** The state of the flag, and what it waits for, in one sentence. */
function StateLine({ flag, status, definition, killedFor }: StateLineProps) {
  const { tone, label, name } = stateOf(flag, Date.now())
  const isSteady = tone === 'accent' || tone === 'good'
  const waiting = name === 'killed' ? killedFor : waitingText(status)
  const text = waiting ?? idleText(flag, definition)
  const eta = etaText(flag, status, Date.now())
  return (
    <p class={`waiting ${tone}`} role="status">
      <Icon name={isSteady ? 'clock' : tone === 'neutral' ? 'pause' : 'alert'} />
      <span>
        <strong>{status.finished ? 'Finished' : label}</strong>
        {text && <> — {text}</>}
        {eta && <span class="muted"> · {eta}</span>}
      </span>
    </p>
  )
}

function Missing({ flag, problem }: { flag: string; problem: string }) {
  return (
    <div class="empty">
      <h1>{flag}</h1>
      <ProblemText>{problem}</ProblemText>
      <Link to="/">All flags</Link>
    </div>
  )
}
