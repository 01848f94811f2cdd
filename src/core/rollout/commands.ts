/**
 * Changes of the control state, as pure functions: each takes the state, and gives the next one together with what
 * the audit log should say, or says why it can't be. The epoch grows by one with every change.
 */
import { type ControlState, type FlagControl, INITIAL_FLAG_CONTROL, KILL_ALL } from '../config/control.ts'

export type Command =
  | { kind: 'kill'; flag: string }
  | { kind: 'unkill'; flag: string }
  | { kind: 'rollback'; flag: string }
  | { kind: 'resume'; flag: string }
  | { kind: 'stage'; flag: string; stage: number }

/** What the document says of a flag, as far as commands depend on it; undefined for a flag that it doesn't have. */
export type FlagFacts = { stageCount: number } | undefined

export type CommandResult =
  | { ok: true; state: ControlState; before: FlagStatus; after: FlagStatus }
  | { ok: false; error: string }

/** The control of one flag, with its kill. */
export type FlagStatus = FlagControl & { killed: boolean }

export function flagStatus(state: ControlState, flag: string): FlagStatus {
  const killed = state.killed.includes(flag) || state.killed.includes(KILL_ALL)
  return { ...(state.flags[flag] ?? INITIAL_FLAG_CONTROL), killed }
}

/** Applies a command at a time (ms since 1970), for a stated reason. */
export function applyCommand(
  state: ControlState,
  command: Command,
  facts: FlagFacts,
  nowMs: number,
  reason: string,
): CommandResult {
  const { flag } = command
  if (facts === undefined && flag !== KILL_ALL) return refused(command, 'the document has no such flag')
  const before = flagStatus(state, flag)
  switch (command.kind) {
    case 'kill':
      if (state.killed.includes(flag)) return refused(command, 'it is killed already')
      return changed(state, flag, { ...state, killed: [...state.killed, flag] })
    case 'unkill':
      if (!state.killed.includes(flag)) return refused(command, 'it is not killed by the Controller')
      return changed(state, flag, { ...state, killed: state.killed.filter((key) => key !== flag) })
    case 'rollback':
      if (before.rolledBack) return refused(command, 'it is rolled back already')
      return withFlag(state, flag, { ...controlOf(state, flag), rolledBack: { atMs: nowMs, reason } })
    case 'resume':
      if (!before.rolledBack) return refused(command, 'it is not rolled back')
      // A new attempt from the first stage: what was counted before belongs to the old generation.
      return withFlag(state, flag, { generation: before.generation + 1, stage: 0 })
    case 'stage':
      return setStage(state, command, facts?.stageCount ?? 0, before)
  }
}

function setStage(
  state: ControlState,
  command: { kind: 'stage'; flag: string; stage: number },
  stageCount: number,
  before: FlagStatus,
): CommandResult {
  if (stageCount === 0) return refused(command, 'no rule of it has stages')
  if (command.stage < 0 || command.stage >= stageCount) {
    return refused(command, `it has stages 0 to ${stageCount - 1}, not ${command.stage}`)
  }
  if (before.rolledBack) return refused(command, 'it is rolled back; resume it first')
  return withFlag(state, command.flag, { ...controlOf(state, command.flag), stage: command.stage })
}

function controlOf(state: ControlState, flag: string): FlagControl {
  return state.flags[flag] ?? INITIAL_FLAG_CONTROL
}

function withFlag(state: ControlState, flag: string, control: FlagControl): CommandResult {
  return changed(state, flag, { ...state, flags: { ...state.flags, [flag]: control } })
}

function changed(before: ControlState, flag: string, after: ControlState): CommandResult {
  const state = { ...after, epoch: before.epoch + 1 }
  return { ok: true, state, before: flagStatus(before, flag), after: flagStatus(state, flag) }
}

function refused(command: Command, why: string): CommandResult {
  return { ok: false, error: `Cannot ${command.kind} ${command.flag}: ${why}` }
}
