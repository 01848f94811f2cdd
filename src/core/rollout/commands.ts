/**
 * Commands as pure functions of the control state: each returns the next state and what to audit, or why it is
 * impossible. Every change raises the epoch by one.
 */
import { type ControlState, type FlagControl, INITIAL_FLAG_CONTROL, KILL_ALL } from '../config/control.ts'

export const COMMANDS = [
  'kill',
  'unkill',
  'rollback',
  'resume',
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
 * kill does besides. A flag that is killed can be killed again with more of them.
 */
export type Command = { kind: CommandKind; flag: string; stage?: number; isolate?: boolean; sever?: boolean }

/** What commands need to know of a flag; undefined for an unknown flag. */
export type FlagFacts = { stageCount: number } | undefined

export type CommandResult =
  | { ok: true; state: ControlState; before: FlagStatus; after: FlagStatus }
  /** `missing`: the document has no such flag. `impossible`: the flag's state forbids the command. */
  | { ok: false; why: 'missing' | 'impossible'; error: string }

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
 * @example applyCommand(state, { kind: 'kill', flag: 'new-checkout' }, { stageCount: 3 }, nowMs, 'errors')
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
      : nextControl(controlOf(state, command.flag), command, facts?.stageCount ?? 0, { atMs: nowMs, reason })
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
  stageCount: number,
  occasion: Occasion,
): FlagControl | string {
  const { generation, stage } = control
  switch (command.kind) {
    case 'rollback':
      return control.rolledBack ? 'it is rolled back already' : { generation, stage, rolledBack: occasion }
    case 'resume':
      return resumed(control)
    case 'freeze':
      if (control.rolledBack) return 'it is rolled back'
      return control.frozen ? 'it is frozen already' : { ...control, frozen: occasion }
    case 'pause':
      if (control.rolledBack) return 'it is rolled back'
      return control.paused ? 'it is paused already' : { ...control, paused: occasion }
    case 'stage':
      return atStage(control, command.stage ?? -1, stageCount)
    case 'advance':
      return atStage(control, Math.min(stage, stageCount - 1) + 1, stageCount)
    case 'approve':
      if (stageCount === 0) return 'no rule of it has stages'
      if (control.rolledBack) return 'it is rolled back; resume it first'
      return control.approved ? 'this stage is approved already' : { ...control, approved: true }
    case 'finish':
      return finished(control, stageCount)
    default:
      return `${command.kind} is not about one flag`
  }
}

/**
 * Resuming after a rollback starts a new attempt at the first stage; after a freeze, at the same stage, since the
 * counts so far belong to the old generation. A pause just ends.
 */
function resumed(control: FlagControl): FlagControl | string {
  const { generation, stage } = control
  if (control.rolledBack) return { generation: generation + 1, stage: 0 }
  if (control.frozen) return { generation: generation + 1, stage }
  if (!control.paused) return 'it is neither rolled back, frozen nor paused'
  const { paused: _, ...rest } = control
  return rest
}

/** A new stage starts unapproved; a pause continues until an operator ends it. */
function atStage(control: FlagControl, stage: number, stageCount: number): FlagControl | string {
  if (stageCount === 0) return 'no rule of it has stages'
  if (control.rolledBack) return 'it is rolled back; resume it first'
  if (stage < 0 || stage >= stageCount)
    return `its stages are 1 to ${stageCount} (0 to ${stageCount - 1} in the API)`
  if (stage === control.stage && !control.approved && !control.finished) return 'it is at this stage already'
  const { approved: _, finished: __, ...rest } = control
  return { ...rest, stage }
}

function finished(control: FlagControl, stageCount: number): FlagControl | string {
  if (stageCount === 0) return 'no rule of it has stages'
  if (control.rolledBack) return 'it is rolled back; resume it first'
  if (control.finished) return 'it is finished already'
  const { approved: _, ...rest } = control
  return { ...rest, stage: stageCount - 1, finished: true }
}

function controlOf(state: ControlState, flag: string): FlagControl {
  return Object.hasOwn(state.flags, flag) ? (state.flags[flag] ?? INITIAL_FLAG_CONTROL) : INITIAL_FLAG_CONTROL
}

function refuse(
  { kind, flag }: Command,
  reason: string,
  why: 'missing' | 'impossible' = 'impossible',
): CommandResult {
  return { ok: false, why, error: `Cannot ${kind} ${flag}: ${reason}` }
}
