/** A flag's state as people name it, with the colour that it deserves. */
import type { FlagSummary } from '../../contract/responses.ts'

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

export type FlagState = { name: StateName; label: string; tone: Tone; needsYou: boolean }

const STATES: Readonly<Record<StateName, Omit<FlagState, 'name'>>> = {
  killed: { label: 'Killed', tone: 'bad', needsYou: true },
  'rolled-back': { label: 'Rolled back', tone: 'bad', needsYou: true },
  failing: { label: 'Failing', tone: 'bad', needsYou: true },
  frozen: { label: 'Frozen', tone: 'bad', needsYou: true },
  approval: { label: 'Needs approval', tone: 'warn', needsYou: true },
  paused: { label: 'Paused', tone: 'warn', needsYou: false },
  climbing: { label: 'Rolling out', tone: 'accent', needsYou: false },
  scheduled: { label: 'Scheduled', tone: 'neutral', needsYou: false },
  partial: { label: 'Partly on', tone: 'accent', needsYou: false },
  on: { label: 'On', tone: 'good', needsYou: false },
  off: { label: 'Off', tone: 'neutral', needsYou: false },
  disabled: { label: 'Disabled', tone: 'neutral', needsYou: false },
}

export const STATE_NAMES = Object.keys(STATES) as StateName[]
export const labelOf = (name: StateName): string => STATES[name].label

export function stateOf(flag: FlagSummary): FlagState {
  const name = nameOf(flag, Date.now())
  return { name, ...STATES[name] }
}

function nameOf(flag: FlagSummary, nowMs: number): StateName {
  if (flag.state === 'killed') return 'killed'
  if (flag.state === 'rolled-back') return 'rolled-back'
  if (flag.state === 'disabled') return 'disabled'
  if (flag.rules === 0) return 'off'
  if (flag.schedule) {
    if (flag.schedule.start !== null && nowMs < Date.parse(flag.schedule.start)) return 'scheduled'
    if (flag.schedule.end !== null && nowMs >= Date.parse(flag.schedule.end)) return 'off'
  }
  if (flag.frozen) return 'frozen'
  if (flag.verdict === 'failing' || flag.verdict === 'broken-split') return 'failing'
  if (flag.needsApproval) return 'approval'
  if (flag.paused) return 'paused'
  if (flag.percentage === 0) return 'off'
  if (flag.stages > 0) return flag.finished ? 'on' : 'climbing'
  return flag.percentage === null || flag.percentage === 100 ? 'on' : 'partial'
}

/** What share of the eligible gets it at this moment: nobody where it is closed. */
export function liveShare(flag: FlagSummary): number | null {
  const { name } = stateOf(flag)
  return flag.state !== 'open' || name === 'off' || name === 'scheduled' ? 0 : flag.percentage
}
