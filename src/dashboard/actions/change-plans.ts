/** What a person can do to a flag right now, and what each would mean for visitors. Pure. */
import type { FlagSummary } from '../../contract/responses.ts'
import { liveShare, stateOf } from '../state/flag-state.ts'
import { percentText } from '../state/format.ts'
import type { Change } from './make-change.ts'

/** A document that would have the same effect, so that it can be tried on recent visitors. */
export type Trial = { kind: 'disable' } | { kind: 'share'; percentage: number; rule?: number }

export type Plan = {
  /** On the button. */
  label: string
  title: string
  /** What happens, in a sentence. */
  effect: string
  tone: 'primary' | 'danger' | 'plain'
  change: Change
  trial?: Trial
}

type Stage = { percentage: number }

/** How many move when a share changes. */
export function movesText(from: number | null, to: number | null): string {
  if (from === null || to === null) return 'Visitors whom a rule serves move'
  const moved = Math.abs(to - from)
  if (moved === 0) return 'Nobody moves'
  const where = to > from ? 'to the new variant' : 'back'
  return `${percentText(moved)} of those who meet the conditions move ${where}: ${percentText(from)} → ${percentText(to)}`
}

const command = (
  flag: string,
  verb: (Change & { kind: 'command' })['verb'],
  done: string,
  undo?: Change,
): Change => ({
  kind: 'command',
  flag,
  verb,
  done,
  ...(undo && { undo }),
})

export function killPlan(flag: FlagSummary): Plan {
  const { key } = flag
  const lift = command(key, 'unkill', `The kill of ${key} is lifted`)
  return {
    label: 'Kill',
    title: `Kill ${key}?`,
    effect: `Everybody gets the off variant at once, whatever the rules say. ${movesText(liveShare(flag), 0)}.`,
    tone: 'danger',
    change: command(key, 'kill', `${key} is killed`, lift),
    trial: { kind: 'disable' },
  }
}

export function unkillPlan(flag: FlagSummary): Plan {
  const { key } = flag
  return {
    label: 'Lift kill',
    title: `Lift the kill of ${key}?`,
    effect: `The rollout goes on where it was. ${movesText(0, flag.percentage)}.`,
    tone: 'primary',
    change: command(
      key,
      'unkill',
      `The kill of ${key} is lifted`,
      command(key, 'kill', `${key} is killed again`),
    ),
  }
}

/** Everything that makes sense in the flag's present state, the most likely first. */
export function plansFor(flag: FlagSummary, stages: readonly Stage[], isEnabled: boolean): Plan[] {
  const { name } = stateOf(flag)
  if (name === 'killed') return [unkillPlan(flag)]
  if (name === 'rolled-back') return [resumePlan(flag, stages), killPlan(flag)]
  const toggle = isEnabled ? disablePlan(flag) : enablePlan(flag)
  if (!isEnabled) return [toggle, killPlan(flag)]
  if (stages.length === 0) return [toggle, killPlan(flag)]
  const [climbing, rollback] = [climbingPlans(flag, stages), rollbackPlan(flag)]
  const inOrder = isWorse(flag)
    ? [{ ...rollback, tone: 'primary' as const }, ...climbing]
    : [...climbing, rollback]
  return [...inOrder, toggle, killPlan(flag)]
}

/** The guard has found the canary worse: nothing should lead on at a careless click. */
function isWorse({ frozen, verdict }: FlagSummary): boolean {
  return frozen || verdict === 'failing'
}

function climbingPlans(flag: FlagSummary, stages: readonly Stage[]): Plan[] {
  const { key, percentage } = flag
  const stage = flag.stage ?? 0
  const next = stages[stage + 1]
  const plans: Plan[] = []
  if (flag.frozen || flag.paused) {
    plans.push({
      label: 'Resume',
      title: `Resume ${key}?`,
      effect: flag.frozen
        ? 'A new attempt begins at this stage, and is judged afresh. Nobody moves.'
        : 'The stage may advance by itself again. Nobody moves now.',
      tone: isWorse(flag) ? 'plain' : 'primary',
      change: command(key, 'resume', `${key} goes on`),
    })
  }
  if (flag.needsApproval) {
    plans.push({
      label: 'Approve',
      title: `Approve ${key} at ${percentText(percentage ?? 0)}?`,
      effect: next
        ? `The guard leads on to ${percentText(next.percentage)} at its next look. ${movesText(percentage, next.percentage)}.`
        : 'The rollout is finished at the guard’s next look.',
      tone: 'primary',
      change: command(key, 'approve', `${key} is approved at stage ${stage + 1}`),
      ...(next && { trial: { kind: 'share', percentage: next.percentage } }),
    })
  }
  if (next) plans.push(stagePlan(flag, stages, stage + 1))
  else if (!flag.finished) {
    plans.push({
      label: 'Finish',
      title: `Finish ${key}?`,
      effect: 'The last of control moves over, and nothing is compared any more.',
      tone: 'plain',
      change: command(key, 'finish', `${key} is finished`),
    })
  }
  if (!flag.paused && !flag.frozen && !flag.finished) {
    plans.push({
      label: 'Pause',
      title: `Pause ${key}?`,
      effect:
        'It stays at this stage until somebody resumes it. Nobody moves, and the guard can still roll back.',
      tone: 'plain',
      change: command(key, 'pause', `${key} is paused`, command(key, 'resume', `${key} goes on`)),
    })
  }
  return plans
}

/** Going to any stage, up or down. */
export function stagePlan(flag: FlagSummary, stages: readonly Stage[], to: number): Plan {
  const { key } = flag
  const from = flag.stage ?? 0
  const percentage = stages[to]?.percentage ?? 0
  const done = (stage: number) => `${key} is at ${percentText(stages[stage]?.percentage ?? 0)}`
  const back: Change = { kind: 'command', flag: key, verb: 'stage', stage: from, done: done(from) }
  return {
    label: to === from + 1 ? `Advance to ${percentText(percentage)}` : `Go to ${percentText(percentage)}`,
    title: `${to > from ? 'Advance' : 'Take'} ${key} ${to > from ? '' : 'back '}to ${percentText(percentage)}?`,
    effect: `${movesText(flag.percentage, percentage)}.${to === from + 1 ? ' The guard begins a new stage.' : ''}`,
    tone: flag.needsApproval || flag.paused || isWorse(flag) ? 'plain' : 'primary',
    change: { kind: 'command', flag: key, verb: 'stage', stage: to, done: done(to), undo: back },
    trial: { kind: 'share', percentage },
  }
}

function rollbackPlan(flag: FlagSummary): Plan {
  return {
    label: 'Roll back',
    title: `Roll back ${flag.key}?`,
    effect: `${movesText(liveShare(flag), 0)}. It stays closed until somebody resumes it; that begins a new attempt at the first stage.`,
    tone: 'plain',
    change: command(flag.key, 'rollback', `${flag.key} is rolled back`),
    trial: { kind: 'disable' },
  }
}

function resumePlan(flag: FlagSummary, stages: readonly Stage[]): Plan {
  const first = stages[0]?.percentage ?? null
  return {
    label: 'Resume',
    title: `Resume ${flag.key}?`,
    effect:
      first === null
        ? 'A new attempt begins, and is judged afresh.'
        : `A new attempt begins at ${percentText(first)}, and is judged afresh. ${movesText(0, first)}.`,
    tone: 'primary',
    change: command(
      flag.key,
      'resume',
      `${flag.key} begins a new attempt`,
      command(flag.key, 'rollback', `${flag.key} is rolled back`),
    ),
  }
}

function enablePlan({ key, percentage }: FlagSummary): Plan {
  const off: Change = { kind: 'disable', flag: key, done: `${key} is disabled` }
  return {
    label: 'Enable',
    title: `Enable ${key}?`,
    effect: `The rules decide again. ${movesText(0, percentage)}.`,
    tone: 'primary',
    change: { kind: 'enable', flag: key, done: `${key} is enabled`, undo: off },
  }
}

function disablePlan(flag: FlagSummary): Plan {
  const on: Change = { kind: 'enable', flag: flag.key, done: `${flag.key} is enabled again` }
  return {
    label: 'Disable',
    title: `Disable ${flag.key}?`,
    effect: `Everybody gets the off variant, in the document. ${movesText(liveShare(flag), 0)}.`,
    tone: 'plain',
    change: { kind: 'disable', flag: flag.key, done: `${flag.key} is disabled`, undo: on },
    trial: { kind: 'disable' },
  }
}

/** Setting the percentage of a rule without stages. */
export function percentagePlan(flag: FlagSummary, rule: number, from: number, percentage: number): Plan {
  const { key } = flag
  const to = (share: number, undo?: Change): Change => ({
    kind: 'percentage',
    flag: key,
    percentage: share,
    rule,
    done: `${key} is at ${percentText(share)}`,
    ...(undo && { undo }),
  })
  return {
    label: `Set to ${percentText(percentage)}`,
    title: `Set ${key} to ${percentText(percentage)}?`,
    effect: `${movesText(from, percentage)}.`,
    tone: 'primary',
    change: to(percentage, to(from)),
    trial: { kind: 'share', percentage, rule },
  }
}
