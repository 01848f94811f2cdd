/** The state of a flag as the dashboard and the command line name it, and what its rollout waits for. */
import type { FlagInput } from '../../core/config/schema/document.ts'
import type { FlagStatusView, FlagSummary } from '../responses.ts'

export type Tone = 'good' | 'warn' | 'bad' | 'accent' | 'neutral'
export type StateName =
  | 'killed'
  | 'rolled-back'
  | 'failing'
  | 'frozen'
  | 'approval'
  | 'paused'
  | 'climbing'
  | 'scheduled'
  | 'partial'
  | 'on'
  | 'off'
  | 'disabled'

export type FlagState = { name: StateName; label: string; tone: Tone }

const STATES: Readonly<Record<StateName, Pick<FlagState, 'label' | 'tone'>>> = {
  killed: { label: 'Killed', tone: 'bad' },
  'rolled-back': { label: 'Rolled back', tone: 'bad' },
  failing: { label: 'Failing', tone: 'bad' },
  frozen: { label: 'Frozen', tone: 'bad' },
  approval: { label: 'Needs approval', tone: 'warn' },
  paused: { label: 'Paused', tone: 'warn' },
  climbing: { label: 'Rolling out', tone: 'accent' },
  scheduled: { label: 'Scheduled', tone: 'neutral' },
  partial: { label: 'Manual rollout', tone: 'accent' },
  on: { label: 'On', tone: 'good' },
  off: { label: 'Off', tone: 'neutral' },
  disabled: { label: 'Disabled', tone: 'neutral' },
}

export const STATE_NAMES = Object.keys(STATES) as StateName[]
export const labelOf = (name: StateName): string => STATES[name].label

/** What the document says of a flag, as far as its state depends on it. */
export type DocumentFacts = Pick<FlagSummary, 'key' | 'rules' | 'schedule' | 'stages' | 'ladder' | 'byTime'>
/** What changes while the document stays the same. */
export type LiveFacts = Pick<
  FlagSummary,
  | 'state'
  | 'percentage'
  | 'stage'
  | 'verdict'
  | 'waitingFor'
  | 'unmet'
  | 'needsApproval'
  | 'needsOperator'
  | 'finished'
  | 'paused'
  | 'frozen'
>
export type FlagFacts = DocumentFacts & LiveFacts

/** The most pressing state that holds at `nowMs` (ms since 1970). */
export function stateOf(flag: FlagFacts, nowMs: number): FlagState {
  const name = nameOf(flag, nowMs)
  return { name, ...STATES[name] }
}

function nameOf(flag: FlagFacts, nowMs: number): StateName {
  if (flag.state !== 'open') return flag.state
  if (flag.rules === 0 || flag.unmet !== undefined) return 'off'
  const { start, end } = flag.schedule ?? { start: null, end: null }
  if (start !== null && nowMs < Date.parse(start)) return 'scheduled'
  if (end !== null && nowMs >= Date.parse(end)) return 'off'
  if (flag.frozen) return 'frozen'
  if (flag.verdict === 'failing' || flag.verdict === 'broken-split') return 'failing'
  if (flag.needsApproval) return 'approval'
  if (flag.paused) return 'paused'
  // A rollout at 0 % has not begun; that is for an operator to do.
  if (flag.stages > 0) return flag.finished ? 'on' : 'climbing'
  if (flag.percentage === 0) return 'off'
  return flag.percentage === null || flag.percentage === 100 ? 'on' : 'partial'
}

/** The share of eligible visitors that gets the new variant now, 0–100; null where no rule has a percentage. */
export function liveShare(flag: FlagFacts, nowMs: number): number | null {
  const { name } = stateOf(flag, nowMs)
  return flag.state !== 'open' || name === 'off' || name === 'scheduled' ? 0 : flag.percentage
}

/** A flag, brought up to date by a later status of it. */
export function withStatus<Facts extends DocumentFacts>(
  facts: Facts,
  status: FlagStatusView,
): Facts & LiveFacts {
  const { state, percentage, stage, waitingFor, needsApproval, finished } = status
  return {
    ...facts,
    ...{ state, percentage, waitingFor, needsApproval, finished },
    paused: status.paused !== null,
    frozen: status.frozen !== null,
    ...toldVerdict(status),
    unmet: status.unmet,
    stage: facts.stages > 0 ? Math.min(stage, facts.stages - 1) : null,
  }
}

/** The verdict by which a flag is called what it is: without flapping, where the Controller tells it so. */
export function toldVerdict({
  told,
  verdict,
  needsOperator,
}: Pick<FlagStatusView, 'told' | 'verdict' | 'needsOperator'>): Pick<LiveFacts, 'verdict' | 'needsOperator'> {
  if (told !== undefined) return { verdict: told.kind, needsOperator: told.needsOperator }
  return { verdict: verdict?.kind ?? null, needsOperator }
}

/** "stage 2 of 5": the API counts stages from 0, people from 1. */
export function stageText(stage: number, stages?: number): string {
  return `stage ${stage + 1}${stages === undefined ? '' : ` of ${stages}`}`
}

/** Why a flag stands still or what it waits for, in one sentence; undefined where nothing is waited for. */
export function waitingText(
  status: Pick<FlagStatusView, 'rolledBack' | 'frozen' | 'paused' | 'waitingFor'>,
): string | undefined {
  const { rolledBack, frozen, paused, waitingFor } = status
  return (rolledBack ?? frozen ?? paused)?.reason ?? waitingFor ?? undefined
}

/** Who moves a flag on where nothing is waited for. */
export function idleText(
  { state, stage, stages, rules }: Pick<FlagSummary, 'state' | 'stage' | 'stages' | 'rules'>,
  { off, guard }: Pick<FlagInput, 'off' | 'guard'>,
): string | undefined {
  if (state === 'killed') return `serves ${off} to all visitors until the kill is lifted`
  if (state === 'disabled' || rules === 0) return `serves ${off} to all visitors`
  if (stages === 0) return 'without stages, it changes only by hand'
  const isGuarded = guard !== undefined && guard.enabled !== false
  return isGuarded || stage === stages - 1 ? undefined : 'without a guard, stages only advance by hand'
}

/** What the guard of a flag watches, and what it does: "errors, latency; then rollback". */
export function guardText({ guard }: Pick<FlagInput, 'guard'>): string {
  if (guard === undefined || guard.enabled === false) return 'none'
  const { enabled: _, action = 'rollback', alpha: __, ...checks } = guard
  const watched = Object.entries(checks).flatMap(([name, check]) => (check === false ? [] : [name]))
  return `${watched.join(', ') || 'errors, latency'}; then ${action}`
}
