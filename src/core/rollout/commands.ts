/**
 * Commands as pure functions of the control state: each returns the next state and what to audit, or why it is
 * impossible. Every change raises the epoch by one.
 */

import { type ControlState, type FlagControl, INITIAL_FLAG_CONTROL, KILL_ALL } from '../config/control.ts'
import { ownOf } from '../json-object.ts'
import { currentStage, heldBelow, type Ladder, placeOf } from './place.ts'

export const COMMANDS = [
  'kill',
  'unkill',
  'rollback',
  'resume',
  'restart',
  'stage',
  'advance',
  'approve',
  'pause',
  'freeze',
  'finish',
] as const
export type CommandKind = (typeof COMMANDS)[number]

/**
 * `flag` is a key, or `*` for kill and unkill; `stage` is an index, for `stage` only; `isolate` and `sever` are what a
 * kill does besides. A flag that is killed can be killed again with more of them. `confirm`: false where a person
 * has yet to be asked about what it does to other flags.
 */
export type Command = {
  kind: CommandKind
  flag: string
  stage?: number
  isolate?: boolean
  sever?: boolean
  confirm?: boolean
}

/** What commands need to know of a flag; undefined for an unknown flag. */
export type FlagFacts = Ladder | undefined

export type CommandResult =
  | { ok: true; state: ControlState; before: FlagStatus; after: FlagStatus }
  /** `missing`: the document has no such flag. `impossible`: the flag's state forbids the command. */
  | { ok: false; why: 'missing' | 'impossible'; error: string }
  /** It would open other flags: each in one sentence. */
  | { ok: false; why: 'unconfirmed'; error: string; questions: string[] }

/** A flag's control, whether it is killed, and what the kill does besides. */
export type FlagStatus = FlagControl & { killed: boolean; isolated?: true; severed?: true }

export function flagStatus(state: ControlState, flag: string): FlagStatus {
  const isIn = (list: readonly string[] = []) => list.some((key) => key === flag || key === KILL_ALL)
  return {
    ...controlOf(state, flag),
    killed: isIn([...state.killed, ...state.kvKilled]),
    ...(isIn(state.isolated) && { isolated: true }),
    ...(isIn(state.severed) && { severed: true }),
  }
}

/**
 * Applies a command.
 *
 * @param nowMs ms since 1970
 * @param reason for the audit log
 * @example applyCommand(state, { kind: 'kill', flag: 'new-checkout' }, { stages: [1, 25, 100] }, nowMs, 'errors')
 */
export function applyCommand(
  state: ControlState,
  command: Command,
  facts: FlagFacts,
  nowMs: number,
  reason: string,
): CommandResult {
  const forAll = command.flag === KILL_ALL
  if (forAll && command.kind !== 'kill' && command.kind !== 'unkill') return refuse(command, 'name one flag')
  if (facts === undefined && !forAll) return refuse(command, 'the document has no such flag', 'missing')
  const next =
    command.kind === 'kill' || command.kind === 'unkill'
      ? nextKills(state, command)
      : nextControl(controlOf(state, command.flag), command, facts ?? NO_LADDER, { atMs: nowMs, reason })
  if (typeof next === 'string') return refuse(command, next)
  const after: ControlState = {
    ...state,
    epoch: state.epoch + 1,
    ...('killed' in next ? next : { flags: { ...state.flags, [command.flag]: next } }),
  }
  return {
    ok: true,
    state: after,
    before: flagStatus(state, command.flag),
    after: flagStatus(after, command.flag),
  }
}

/** Takes over the kill list of KV. */
export function withKvKills(state: ControlState, kvKilled: readonly string[]): ControlState {
  return { ...state, epoch: state.epoch + 1, kvKilled: [...kvKilled] }
}

const NO_LADDER: Ladder = { stages: [] }

type Occasion = { atMs: number; reason: string }

type Kills = Pick<ControlState, 'killed' | 'isolated' | 'severed'>

function nextKills(state: ControlState, { kind, flag, isolate, sever }: Command): Kills | string {
  const { killed, isolated, severed } = state
  const isKilled = killed.includes(flag)
  if (kind === 'kill') {
    const next: Kills = {
      killed: withFlag(killed, flag),
      isolated: isolate ? withFlag(isolated, flag) : isolated,
      severed: sever ? withFlag(severed, flag) : severed,
    }
    const isNew = next.killed !== killed || next.isolated !== isolated || next.severed !== severed
    return isNew ? next : 'it is killed already'
  }
  const isOther = (key: string) => key !== flag
  if (isKilled)
    return {
      killed: killed.filter(isOther),
      isolated: isolated?.filter(isOther),
      severed: severed?.filter(isOther),
    }
  return flagStatus(state, flag).killed ? 'every flag is killed; lift the kill of all' : 'it is not killed'
}

/** The same list where it has the flag. */
function withFlag(list: string[] = [], flag: string): string[] {
  return list.includes(flag) ? list : [...list, flag]
}

/** The flag's next control, or why the command is impossible. */
function nextControl(
  control: FlagControl,
  command: Command,
  ladder: Ladder,
  occasion: Occasion,
): FlagControl | string {
  const { stages } = ladder
  switch (command.kind) {
    case 'rollback': {
      const { approved: _, finished: __, paused: ___, frozen: ____, ...rest } = control
      return control.rolledBack ? 'it is rolled back already' : { ...rest, rolledBack: occasion }
    }
    case 'resume':
      return resumed(control, ladder)
    case 'restart':
      return ladder.stages.length === 0 ? 'no rule of it has stages' : restarted(control, ladder)
    case 'freeze':
      if (control.rolledBack) return 'it is rolled back'
      return control.frozen ? 'it is frozen already' : { ...control, frozen: occasion }
    case 'pause':
      if (control.rolledBack) return 'it is rolled back'
      return control.paused ? 'it is paused already' : { ...control, paused: occasion }
    case 'stage':
      return atStage(control, command.stage ?? -1, ladder)
    case 'advance':
      return atStage(control, stageAbove(control, stages), ladder)
    case 'approve':
      if (stages.length === 0) return 'no rule of it has stages'
      if (control.rolledBack) return 'it is rolled back; resume it first'
      return control.approved ? 'this stage is approved already' : { ...control, approved: true }
    case 'finish':
      return finished(control, ladder)
    default:
      return `${command.kind} is not about one flag`
  }
}

/** Index of the next stage up; the number of stages where there is none. */
function stageAbove(control: FlagControl, stages: readonly number[]): number {
  return control.unconfirmed ? 0 : (currentStage(control, stages) ?? -1) + 1
}

/**
 * Resuming after a rollback starts a new attempt at the first stage; after a freeze, at the same percentage, since the
 * counts so far belong to the old generation. A pause just ends. What an edit without confirmation holds at 0 begins.
 */
function resumed(control: FlagControl, ladder: Ladder): FlagControl | string {
  const { generation, stage, percentage } = control
  const named = splitOf(control)
  if (control.rolledBack) return begin({ generation: generation + 1, stage: 0, ...named }, ladder)
  if (control.frozen)
    return { generation: generation + 1, stage, ...named, ...(percentage !== undefined && { percentage }) }
  if (control.paused) {
    const { paused: _, ...rest } = control
    return rest
  }
  const isHeld = heldBelow(control, ladder) !== undefined
  if (!isHeld || (percentage !== 0 && ladder.stages.length > 0))
    return 'it is neither rolled back, frozen, paused nor held at 0 %'
  return begin(control, ladder)
}

/**
 * A new attempt at the first stage, whatever became of the one before: what a release begins.
 *
 * @example restarted({ generation: 2, stage: 2, finished: true }, ladder) // generation 3, stage 0
 */
export function restarted(control: FlagControl, ladder: Ladder): FlagControl {
  return begin({ generation: control.generation + 1, stage: 0, ...splitOf(control) }, ladder)
}

/** What the next attempt of the same split takes over. */
function splitOf({ split, most }: FlagControl): Pick<FlagControl, 'split' | 'most'> {
  return { ...(split !== undefined && { split }), ...(most !== undefined && { most }) }
}

/** At the first stage, or at the rule's own percentage; what is no rollout has no place, and its document moves it. */
function begin(control: FlagControl, ladder: Ladder): FlagControl {
  if (ladder.stages.length > 0) return moved({ ...control, stage: 0 }, ladder)
  const { percentage: _, unconfirmed: __, ...rest } = control
  if (rest.split === undefined || ladder.percentage === undefined) return rest
  return { ...rest, percentage: ladder.percentage }
}

/** A control at one of the stages stands at that stage's percentage. */
function moved(control: FlagControl, { stages, split }: Ladder): FlagControl {
  const percentage = stages[control.stage]
  if (split === undefined || percentage === undefined) return control
  const { unconfirmed: _, ...rest } = control
  return { ...rest, percentage, split }
}

/** A new stage starts unapproved; a pause continues until an operator ends it. */
function atStage(control: FlagControl, stage: number, ladder: Ladder): FlagControl | string {
  const { stages } = ladder
  if (stages.length === 0) return 'no rule of it has stages'
  if (control.rolledBack) return 'it is rolled back; resume it first'
  if (stage < 0 || stage >= stages.length)
    return `its stages are 1 to ${stages.length} (0 to ${stages.length - 1} in the API)`
  const isThere = stage === control.stage && placeOf(control, stages) === stages[stage]
  const { approved, finished, unconfirmed } = control
  if (isThere && !approved && !finished && !unconfirmed) return 'it is at this stage already'
  const { approved: _, finished: __, ...rest } = control
  return moved({ ...rest, stage }, ladder)
}

function finished(control: FlagControl, ladder: Ladder): FlagControl | string {
  const { stages } = ladder
  if (stages.length === 0) return 'no rule of it has stages'
  if (control.rolledBack) return 'it is rolled back; resume it first'
  if (control.finished) return 'it is finished already'
  const { approved: _, ...rest } = control
  return moved({ ...rest, stage: stages.length - 1, finished: true }, ladder)
}

function controlOf(state: ControlState, flag: string): FlagControl {
  return ownOf(state.flags, flag) ?? INITIAL_FLAG_CONTROL
}

function refuse(
  { kind, flag }: Command,
  reason: string,
  why: 'missing' | 'impossible' = 'impossible',
): CommandResult {
  return { ok: false, why, error: `Cannot ${kind} ${flag}: ${reason}` }
}
