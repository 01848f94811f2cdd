/** What can be done to a flag in its present state, and what each change means for visitors. Pure. */
import type { FlagSummary } from '../../contract/responses.ts'
import type { FlagVerb } from '../../contract/routes.ts'
import { liveShare, stageText } from '../../contract/words/flag-state.ts'
import type { FlagInput, RuleInput } from '../../core/config/schema/document.ts'
import { durationText, percentText, plural } from '../../core/figures.ts'
import type { Change } from './change.ts'

/** A document that would have the same effect, so that its impact can be computed. */
export type Trial = { kind: 'disable' } | { kind: 'share'; percentage: number; rule?: number }

export type Plan = {
  /** On the button; with the flag, the default title of the question. */
  label: string
  /** What the button skips, in brackets behind its label. */
  skips?: string
  title?: string
  /** What happens, in a sentence or two. */
  effect: string
  tone: 'primary' | 'danger' | 'plain'
  change: Change
  trial?: Trial
}

type Stages = NonNullable<RuleInput['stages']>
/** `bakeLeftMs`: of the present stage's bake; undefined where that is not known. */
export type Definition = Pick<FlagInput, 'enabled' | 'rules' | 'guard'> & { bakeLeftMs?: number | undefined }

/** How many visitors move when a share changes. */
export function movesText(from: number | null, to: number | null): string {
  if (from === null || to === null) return 'The visitors whom a rule serves move'
  if (from === to) return 'No visitors move'
  const where = to > from ? 'to the new variant' : 'back'
  return `${percentText(Math.abs(to - from))} of eligible visitors move ${where}: ${percentText(from)} → ${percentText(to)}`
}

function command(flag: string, verb: FlagVerb, done: string, undo?: Change): Change {
  return { kind: 'command', flag, verb, done, undo }
}

const kill = (key: string, undo?: Change) => command(key, 'kill', `${key} is killed`, undo)
const unkill = (key: string, undo?: Change) => command(key, 'unkill', `The kill of ${key} is lifted`, undo)
const rollback = (key: string) => command(key, 'rollback', `${key} is rolled back`)

export function killPlan(flag: FlagSummary): Plan {
  const { key } = flag
  return {
    label: 'Kill',
    effect: `All visitors get the off variant at once, whatever the rules say. ${movesText(liveShare(flag, Date.now()), 0)}.`,
    tone: 'danger',
    change: kill(key, unkill(key)),
    trial: { kind: 'disable' },
  }
}

export function unkillPlan({ key, percentage }: FlagSummary): Plan {
  return {
    label: 'Lift kill',
    title: `Lift the kill of ${key}?`,
    effect: `The rollout continues where it was. ${movesText(0, percentage)}.`,
    tone: 'primary',
    change: unkill(key, kill(key)),
  }
}

/** Every change that makes sense in the flag's present state, the most likely first. */
export function plansFor(flag: FlagSummary, definition: Definition): Plan[] {
  const { enabled = true, rules = [] } = definition
  const stages = rules.find((rule) => rule.stages)?.stages ?? []
  if (flag.state === 'killed') return [unkillPlan(flag)]
  if (flag.state === 'rolled-back') return [resumePlan(flag), killPlan(flag)]
  const others = [enabled ? disablePlan(flag) : enablePlan(flag), killPlan(flag)]
  if (!enabled || stages.length === 0) return others
  const [climbing, back] = [climbingPlans(flag, definition, stages), rollbackPlan(flag)]
  return [...(isWorse(flag) ? [back, ...climbing] : [...climbing, back]), ...others]
}

/** What a flag's state asks for, and the kill: what stands beside each flag of a list. */
export function rowPlans(flag: FlagSummary): Plan[] {
  if (flag.state === 'killed') return [unkillPlan(flag)]
  if (flag.state === 'rolled-back') return [resumePlan(flag), killPlan(flag)]
  const asked = flag.state !== 'open' ? [] : isWorse(flag) ? [rollbackPlan(flag)] : askedPlans(flag)
  return [...asked, killPlan(flag)]
}

function askedPlans(flag: FlagSummary): Plan[] {
  if (flag.needsApproval) return [approvePlan(flag, flag.ladder[(flag.stage ?? 0) + 1]?.percentage)]
  return flag.paused ? [continuePlan(flag)] : []
}

/** The guard has found the canary worse: rolling back comes first, as the only primary button. */
function isWorse({ frozen, verdict }: FlagSummary): boolean {
  return frozen || verdict === 'failing'
}

function climbingPlans(flag: FlagSummary, definition: Definition, stages: Stages): Plan[] {
  const stage = flag.stage ?? 0
  const next = stages[stage + 1]
  const plans: Plan[] = []
  if (flag.frozen || flag.paused) plans.push(continuePlan(flag))
  if (flag.needsApproval) plans.push(approvePlan(flag, next?.percentage))
  if (next) plans.push(stagePlan(flag, definition, stage + 1))
  else if (!flag.finished) plans.push(finishPlan(flag))
  if (!flag.paused && !flag.frozen && !flag.finished) plans.push(pausePlan(flag))
  return plans
}

function continuePlan(flag: FlagSummary): Plan {
  return {
    label: 'Resume',
    effect: flag.frozen
      ? 'A new attempt starts at this stage, with fresh evidence. No visitors move.'
      : 'The stage can advance automatically again. No visitors move now.',
    tone: isWorse(flag) ? 'plain' : 'primary',
    change: command(flag.key, 'resume', `${flag.key} is resumed`),
  }
}

function approvePlan({ key, percentage, stage }: FlagSummary, next: number | undefined): Plan {
  return {
    label: 'Approve',
    title: `Approve ${key} at ${percentText(percentage ?? 0)}?`,
    effect:
      next === undefined
        ? 'The rollout finishes within seconds.'
        : `The rollout advances to ${percentText(next)} within seconds. ${movesText(percentage, next)}.`,
    tone: 'primary',
    change: command(key, 'approve', `${key} is approved at ${stageText(stage ?? 0)}`),
    ...(next !== undefined && { trial: { kind: 'share', percentage: next } }),
  }
}

function finishPlan({ key }: FlagSummary): Plan {
  return {
    label: 'Finish',
    effect: 'The visitors who were held back as control move as well, and the comparison ends.',
    tone: 'plain',
    change: command(key, 'finish', `${key} is finished`),
  }
}

function pausePlan({ key }: FlagSummary): Plan {
  return {
    label: 'Pause',
    effect:
      'The flag stays at this stage until it is resumed. No visitors move, and the guard can still roll back.',
    tone: 'plain',
    change: command(key, 'pause', `${key} is paused`, command(key, 'resume', `${key} is resumed`)),
  }
}

/** "12 min of bake and the guard", "the guard", "1 stage, 12 min of bake and the guard". */
function skippedText({ bakeLeftMs }: Definition, stages: number): string {
  const bake =
    bakeLeftMs === undefined ? 'bake and ' : bakeLeftMs > 0 ? `${durationText(bakeLeftMs)} of bake and ` : ''
  const between = stages > 0 ? `${plural(stages, 'stage')}, ` : ''
  return `${between}${bake}the guard`
}

/** Going to any stage (counted from 0), up or down. */
export function stagePlan(flag: FlagSummary, definition: Definition, to: number): Plan {
  const { rules = [], guard } = definition
  const { key } = flag
  const stages = rules.find((rule) => rule.stages)?.stages ?? []
  const from = flag.stage ?? 0
  const percentage = stages[to]?.percentage ?? 0
  const goTo = (stage: number, undo?: Change): Change => {
    const done = `${key} is at ${percentText(stages[stage]?.percentage ?? 0)}`
    return { kind: 'command', flag: key, verb: 'stage', stage, done, undo }
  }
  const isGuarded = guard !== undefined && guard.enabled !== false
  const isEarly = to > from && isGuarded && stages[from]?.advance !== 'manual'
  const skipped = skippedText(definition, to - from - 1)
  const label = `${to < from ? 'Go back' : isEarly ? 'Advance early' : 'Advance'} to ${percentText(percentage)}`
  return {
    label,
    ...(isEarly && { skips: `skips ${skipped}` }),
    title: `${label.replace(' to ', `: ${key} to `)}?`,
    effect: `${movesText(flag.percentage, percentage)}.${isEarly ? ` This skips ${skipped}.` : ''}`,
    tone: to < from || flag.needsApproval || flag.paused || isWorse(flag) ? 'plain' : 'primary',
    change: goTo(to, goTo(from)),
    trial: { kind: 'share', percentage },
  }
}

function rollbackPlan(flag: FlagSummary): Plan {
  return {
    label: 'Roll back',
    effect: `${movesText(liveShare(flag, Date.now()), 0)}. The flag stays rolled back until it is resumed, with a new attempt from the first stage.`,
    tone: isWorse(flag) ? 'primary' : 'plain',
    change: rollback(flag.key),
    trial: { kind: 'disable' },
  }
}

function resumePlan({ key, ladder }: FlagSummary): Plan {
  const first = ladder[0]?.percentage
  return {
    label: 'Resume',
    effect:
      first === undefined
        ? 'A new attempt starts, with fresh evidence.'
        : `A new attempt starts at ${percentText(first)}, with fresh evidence. ${movesText(0, first)}.`,
    tone: 'primary',
    change: command(key, 'resume', `${key} starts a new attempt`, rollback(key)),
  }
}

function enablePlan({ key, percentage }: FlagSummary): Plan {
  const off: Change = { kind: 'disable', flag: key, done: `${key} is disabled` }
  return {
    label: 'Enable',
    effect: `The rules decide again. ${movesText(0, percentage)}.`,
    tone: 'primary',
    change: { kind: 'enable', flag: key, done: `${key} is enabled`, undo: off },
  }
}

function disablePlan(flag: FlagSummary): Plan {
  const { key } = flag
  const on: Change = { kind: 'enable', flag: key, done: `${key} is enabled` }
  return {
    label: 'Disable',
    effect: `All visitors get the off variant, by a new version of the document. ${movesText(liveShare(flag, Date.now()), 0)}.`,
    tone: 'plain',
    change: { kind: 'disable', flag: key, done: `${key} is disabled`, undo: on },
    trial: { kind: 'disable' },
  }
}

/** Setting the percentage of a rule without stages. */
export function percentagePlan(flag: FlagSummary, rule: number, from: number, percentage: number): Plan {
  const { key } = flag
  const to = (share: number, undo?: Change): Change => {
    const done = `${key} is at ${percentText(share)}`
    return { kind: 'percentage', flag: key, percentage: share, rule, done, undo }
  }
  return {
    label: `Set to ${percentText(percentage)}`,
    title: `Set ${key} to ${percentText(percentage)}?`,
    effect: `${movesText(from, percentage)}.`,
    tone: 'primary',
    change: to(percentage, to(from)),
    trial: { kind: 'share', percentage, rule },
  }
}
