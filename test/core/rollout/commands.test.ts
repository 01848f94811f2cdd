/** Every command in every state of a flag: what follows, or why it is refused. */
import { describe, expect, it } from 'vitest'
import {
  type ControlState,
  type FlagControl,
  INITIAL_CONTROL_STATE,
} from '../../../src/core/config/control.ts'
import {
  applyCommand,
  COMMANDS,
  type Command,
  flagStatus,
  withKvKills,
} from '../../../src/core/rollout/commands.ts'

const NOW_MS = 1_000
const since = { atMs: 500, reason: 'earlier' }
const CONTROLS: Readonly<Record<string, FlagControl>> = {
  'at the first stage': { generation: 3, stage: 0 },
  'at the last stage': { generation: 3, stage: 2 },
  'past the last stage': { generation: 3, stage: 7 },
  approved: { generation: 3, stage: 1, approved: true },
  paused: { generation: 3, stage: 1, paused: since },
  frozen: { generation: 3, stage: 1, frozen: since, approved: true },
  'rolled back': { generation: 3, stage: 1, rolledBack: since, paused: since },
  finished: { generation: 3, stage: 2, finished: true },
}

function stateWith(control: FlagControl, parts: Partial<ControlState> = {}): ControlState {
  return {
    epoch: 7,
    killed: [],
    kvKilled: [],
    flags: { f: control, other: { generation: 9, stage: 1 } },
    ...parts,
  }
}

const run = (state: ControlState, command: Omit<Command, 'flag'> & { flag?: string }, stageCount = 3) =>
  applyCommand(
    state,
    { flag: 'f', ...command },
    { stages: [5, 25, 100].slice(0, stageCount) },
    NOW_MS,
    'because',
  )

/** `generation 3, stage 1, paused`; what was set by this command has its reason. */
function told({ generation, stage, ...marks }: FlagControl): string {
  const set = Object.entries(marks).map(([mark, value]) =>
    typeof value === 'object' ? `${mark} ${value.reason} ${value.atMs}` : `${mark} ${value}`,
  )
  return [`generation ${generation}`, `stage ${stage}`, ...set].join(', ')
}

function outcomes(stageCount: number): string[] {
  return COMMANDS.filter((kind) => kind !== 'kill' && kind !== 'unkill').flatMap((kind) =>
    Object.entries(CONTROLS).map(([name, control]) => {
      const result = run(stateWith(control), { kind, stage: 1 }, stageCount)
      return `${kind} ${name}: ${result.ok ? told(result.state.flags.f as FlagControl) : result.error}`
    }),
  )
}

describe('a command', () => {
  it('has in each state the outcome that is listed here', () => {
    expect(outcomes(3)).toMatchInlineSnapshot(`
      [
        "rollback at the first stage: generation 3, stage 0, rolledBack because 1000",
        "rollback at the last stage: generation 3, stage 2, rolledBack because 1000",
        "rollback past the last stage: generation 3, stage 7, rolledBack because 1000",
        "rollback approved: generation 3, stage 1, rolledBack because 1000",
        "rollback paused: generation 3, stage 1, rolledBack because 1000",
        "rollback frozen: generation 3, stage 1, rolledBack because 1000",
        "rollback rolled back: Cannot rollback f: it is rolled back already",
        "rollback finished: generation 3, stage 2, rolledBack because 1000",
        "resume at the first stage: Cannot resume f: it is neither rolled back, frozen, paused nor held at 0 %",
        "resume at the last stage: Cannot resume f: it is neither rolled back, frozen, paused nor held at 0 %",
        "resume past the last stage: Cannot resume f: it is neither rolled back, frozen, paused nor held at 0 %",
        "resume approved: Cannot resume f: it is neither rolled back, frozen, paused nor held at 0 %",
        "resume paused: generation 3, stage 1",
        "resume frozen: generation 4, stage 1",
        "resume rolled back: generation 4, stage 0",
        "resume finished: Cannot resume f: it is neither rolled back, frozen, paused nor held at 0 %",
        "restart at the first stage: generation 4, stage 0",
        "restart at the last stage: generation 4, stage 0",
        "restart past the last stage: generation 4, stage 0",
        "restart approved: generation 4, stage 0",
        "restart paused: generation 4, stage 0",
        "restart frozen: generation 4, stage 0",
        "restart rolled back: generation 4, stage 0",
        "restart finished: generation 4, stage 0",
        "stage at the first stage: generation 3, stage 1",
        "stage at the last stage: generation 3, stage 1",
        "stage past the last stage: generation 3, stage 1",
        "stage approved: generation 3, stage 1",
        "stage paused: Cannot stage f: it is at this stage already",
        "stage frozen: generation 3, stage 1, frozen earlier 500",
        "stage rolled back: Cannot stage f: it is rolled back; resume it first",
        "stage finished: generation 3, stage 1",
        "advance at the first stage: generation 3, stage 1",
        "advance at the last stage: Cannot advance f: its stages are 1 to 3 (0 to 2 in the API)",
        "advance past the last stage: Cannot advance f: its stages are 1 to 3 (0 to 2 in the API)",
        "advance approved: generation 3, stage 2",
        "advance paused: generation 3, stage 2, paused earlier 500",
        "advance frozen: generation 3, stage 2, frozen earlier 500",
        "advance rolled back: Cannot advance f: it is rolled back; resume it first",
        "advance finished: Cannot advance f: its stages are 1 to 3 (0 to 2 in the API)",
        "approve at the first stage: generation 3, stage 0, approved true",
        "approve at the last stage: generation 3, stage 2, approved true",
        "approve past the last stage: generation 3, stage 7, approved true",
        "approve approved: Cannot approve f: this stage is approved already",
        "approve paused: generation 3, stage 1, paused earlier 500, approved true",
        "approve frozen: Cannot approve f: this stage is approved already",
        "approve rolled back: Cannot approve f: it is rolled back; resume it first",
        "approve finished: generation 3, stage 2, finished true, approved true",
        "pause at the first stage: generation 3, stage 0, paused because 1000",
        "pause at the last stage: generation 3, stage 2, paused because 1000",
        "pause past the last stage: generation 3, stage 7, paused because 1000",
        "pause approved: generation 3, stage 1, approved true, paused because 1000",
        "pause paused: Cannot pause f: it is paused already",
        "pause frozen: generation 3, stage 1, frozen earlier 500, approved true, paused because 1000",
        "pause rolled back: Cannot pause f: it is rolled back",
        "pause finished: generation 3, stage 2, finished true, paused because 1000",
        "freeze at the first stage: generation 3, stage 0, frozen because 1000",
        "freeze at the last stage: generation 3, stage 2, frozen because 1000",
        "freeze past the last stage: generation 3, stage 7, frozen because 1000",
        "freeze approved: generation 3, stage 1, approved true, frozen because 1000",
        "freeze paused: generation 3, stage 1, paused earlier 500, frozen because 1000",
        "freeze frozen: Cannot freeze f: it is frozen already",
        "freeze rolled back: Cannot freeze f: it is rolled back",
        "freeze finished: generation 3, stage 2, finished true, frozen because 1000",
        "finish at the first stage: generation 3, stage 2, finished true",
        "finish at the last stage: generation 3, stage 2, finished true",
        "finish past the last stage: generation 3, stage 2, finished true",
        "finish approved: generation 3, stage 2, finished true",
        "finish paused: generation 3, stage 2, paused earlier 500, finished true",
        "finish frozen: generation 3, stage 2, frozen earlier 500, finished true",
        "finish rolled back: Cannot finish f: it is rolled back; resume it first",
        "finish finished: Cannot finish f: it is finished already",
      ]
    `)
  })

  it('about stages is refused where no rule has stages', () => {
    expect(outcomes(0).filter((line) => line.includes('no rule of it has stages'))).toMatchInlineSnapshot(`
      [
        "restart at the first stage: Cannot restart f: no rule of it has stages",
        "restart at the last stage: Cannot restart f: no rule of it has stages",
        "restart past the last stage: Cannot restart f: no rule of it has stages",
        "restart approved: Cannot restart f: no rule of it has stages",
        "restart paused: Cannot restart f: no rule of it has stages",
        "restart frozen: Cannot restart f: no rule of it has stages",
        "restart rolled back: Cannot restart f: no rule of it has stages",
        "restart finished: Cannot restart f: no rule of it has stages",
        "stage at the first stage: Cannot stage f: no rule of it has stages",
        "stage at the last stage: Cannot stage f: no rule of it has stages",
        "stage past the last stage: Cannot stage f: no rule of it has stages",
        "stage approved: Cannot stage f: no rule of it has stages",
        "stage paused: Cannot stage f: no rule of it has stages",
        "stage frozen: Cannot stage f: no rule of it has stages",
        "stage rolled back: Cannot stage f: no rule of it has stages",
        "stage finished: Cannot stage f: no rule of it has stages",
        "advance at the first stage: Cannot advance f: no rule of it has stages",
        "advance at the last stage: Cannot advance f: no rule of it has stages",
        "advance past the last stage: Cannot advance f: no rule of it has stages",
        "advance approved: Cannot advance f: no rule of it has stages",
        "advance paused: Cannot advance f: no rule of it has stages",
        "advance frozen: Cannot advance f: no rule of it has stages",
        "advance rolled back: Cannot advance f: no rule of it has stages",
        "advance finished: Cannot advance f: no rule of it has stages",
        "approve at the first stage: Cannot approve f: no rule of it has stages",
        "approve at the last stage: Cannot approve f: no rule of it has stages",
        "approve past the last stage: Cannot approve f: no rule of it has stages",
        "approve approved: Cannot approve f: no rule of it has stages",
        "approve paused: Cannot approve f: no rule of it has stages",
        "approve frozen: Cannot approve f: no rule of it has stages",
        "approve rolled back: Cannot approve f: no rule of it has stages",
        "approve finished: Cannot approve f: no rule of it has stages",
        "finish at the first stage: Cannot finish f: no rule of it has stages",
        "finish at the last stage: Cannot finish f: no rule of it has stages",
        "finish past the last stage: Cannot finish f: no rule of it has stages",
        "finish approved: Cannot finish f: no rule of it has stages",
        "finish paused: Cannot finish f: no rule of it has stages",
        "finish frozen: Cannot finish f: no rule of it has stages",
        "finish rolled back: Cannot finish f: no rule of it has stages",
        "finish finished: Cannot finish f: no rule of it has stages",
      ]
    `)
  })

  it.each([
    [-1, false],
    [0, true],
    [2, true],
    [3, false],
  ])('takes stage %d of three: %s', (stage, ok) => {
    const result = run(stateWith({ generation: 1, stage: 1 }), { kind: 'stage', stage })
    expect(result.ok).toBe(ok)
    if (result.ok) expect(result.after).toEqual({ generation: 1, stage, killed: false })
    else expect(result.error).toBe('Cannot stage f: its stages are 1 to 3 (0 to 2 in the API)')
  })

  it('without a stage, or for a flag that the document lacks, is refused', () => {
    expect(run(stateWith({ generation: 1, stage: 1 }), { kind: 'stage' })).toMatchObject({ ok: false })
    expect(applyCommand(INITIAL_CONTROL_STATE, { kind: 'kill', flag: 'f' }, undefined, NOW_MS, '')).toEqual({
      ok: false,
      why: 'missing',
      error: 'Cannot kill f: the document has no such flag',
    })
  })

  it('raises the epoch by one, leaves other flags alone, and says what was before and after', () => {
    const state = stateWith({ generation: 3, stage: 1 })
    expect(run(state, { kind: 'rollback' })).toEqual({
      ok: true,
      state: {
        ...state,
        epoch: 8,
        flags: {
          ...state.flags,
          f: { generation: 3, stage: 1, rolledBack: { atMs: NOW_MS, reason: 'because' } },
        },
      },
      before: { generation: 3, stage: 1, killed: false },
      after: { generation: 3, stage: 1, rolledBack: { atMs: NOW_MS, reason: 'because' }, killed: false },
    })
  })

  it('starts from generation 1, stage 0, for a flag without control, whatever its name', () => {
    for (const flag of ['f', 'constructor', '__proto__']) {
      const result = run(INITIAL_CONTROL_STATE, { kind: 'pause', flag })
      expect(result.ok && result.before).toEqual({ generation: 1, stage: 0, killed: false })
    }
  })
})

describe('kills', () => {
  const control = { generation: 1, stage: 0 }

  it('are of one flag, or of all', () => {
    const one = run(stateWith(control), { kind: 'kill' })
    expect(one).toMatchObject({ ok: true, state: { epoch: 8, killed: ['f'] }, after: { killed: true } })
    const all = run(stateWith(control, { killed: ['other'] }), { kind: 'kill', flag: '*' })
    expect(all).toMatchObject({ ok: true, state: { killed: ['other', '*'] } })
    if (all.ok)
      expect([flagStatus(all.state, 'f').killed, flagStatus(all.state, 'any').killed]).toEqual([true, true])
    if (one.ok) expect(flagStatus(one.state, 'other').killed).toBe(false)
    expect(one.ok && one.state.flags).toEqual(stateWith(control).flags)
  })

  it('of KV close a flag as well, and only KV lifts them', () => {
    const state = withKvKills(stateWith(control, { killed: ['other'] }), ['f'])
    expect(state).toEqual({ ...stateWith(control), epoch: 8, killed: ['other'], kvKilled: ['f'] })
    expect(flagStatus(state, 'f').killed).toBe(true)
    expect(run(state, { kind: 'unkill' })).toMatchObject({ ok: false, why: 'impossible' })
    expect(flagStatus(withKvKills(state, []), 'f').killed).toBe(false)
  })

  it('are lifted one by one; a kill of all has to be lifted by itself', () => {
    const both = stateWith(control, { killed: ['f', '*'] })
    const lifted = run(both, { kind: 'unkill' })
    expect(lifted).toMatchObject({ ok: true, state: { killed: ['*'] }, after: { killed: true } })
    if (!lifted.ok) return
    const again = run(lifted.state, { kind: 'unkill' })
    expect(!again.ok && again.error).toBe('Cannot unkill f: every flag is killed; lift the kill of all')
    const open = run(lifted.state, { kind: 'unkill', flag: '*' })
    expect(open).toMatchObject({ ok: true, state: { epoch: 9 + 0, killed: [] }, after: { killed: false } })
  })

  it('isolate and sever besides, also where the flag is killed already, until they are lifted', () => {
    const done = (state: ControlState, command: Omit<Command, 'flag'> & { flag?: string }) => {
      const result = run(state, command)
      if (!result.ok) throw new Error(result.error)
      return result
    }
    const killed = done(stateWith(control), { kind: 'kill' })
    expect(killed.after).toEqual({ ...control, killed: true })
    const severed = done(killed.state, { kind: 'kill', sever: true })
    expect([severed.before, severed.after]).toEqual([killed.after, { ...killed.after, severed: true }])
    expect(severed.state).toMatchObject({ epoch: 9, killed: ['f'], severed: ['f'] })
    const both = done(severed.state, { kind: 'kill', isolate: true, sever: true })
    expect(both.after).toEqual({ ...killed.after, severed: true, isolated: true })
    expect(both.state).toMatchObject({ epoch: 10, killed: ['f'], isolated: ['f'], severed: ['f'] })
    for (const more of [{ isolate: true }, { sever: true }, {}])
      expect(run(both.state, { kind: 'kill', ...more }).ok).toBe(false)
    const all = done(both.state, { kind: 'kill', flag: '*', isolate: true })
    expect(flagStatus(all.state, 'other')).toMatchObject({ killed: true, isolated: true })
    const lifted = done(all.state, { kind: 'unkill' })
    expect(lifted.state).toMatchObject({ killed: ['*'], isolated: ['*'], severed: [] })
    expect(lifted.after).toEqual({ ...control, killed: true, isolated: true })
  })

  it('that change nothing are refused', () => {
    const errors = [
      run(stateWith(control, { killed: ['f'] }), { kind: 'kill' }),
      run(stateWith(control), { kind: 'unkill' }),
      run(stateWith(control), { kind: 'rollback', flag: '*' }),
      run(stateWith(control), { kind: 'finish', flag: '*' }),
    ].map((result) => !result.ok && result.error)
    expect(errors).toEqual([
      'Cannot kill f: it is killed already',
      'Cannot unkill f: it is not killed',
      'Cannot rollback *: name one flag',
      'Cannot finish *: name one flag',
    ])
  })
})

it('resume leads to what the rule says where an edit held the flag below it, from any percentage', () => {
  const resumed = (percentage: number, ladder: { stages: number[]; percentage?: number }) => {
    const control: FlagControl = { generation: 3, stage: 0, split: 's1', percentage }
    const result = applyCommand(
      stateWith(control),
      { flag: 'f', kind: 'resume' },
      { split: 's1', ...ladder },
      NOW_MS,
      'because',
    )
    return result.ok ? told(result.state.flags.f as FlagControl) : 'refused'
  }
  expect([0, 10].map((percentage) => resumed(percentage, { stages: [], percentage: 30 }))).toEqual([
    ...['generation 3, stage 0, split s1, percentage 30', 'generation 3, stage 0, split s1, percentage 30'],
  ])
  expect(resumed(10, { stages: [] })).toBe('generation 3, stage 0, split s1')
  expect(resumed(30, { stages: [], percentage: 30 })).toBe('refused')
  expect(resumed(0, { stages: [5, 100] })).toBe('generation 3, stage 0, split s1, percentage 5')
  // Advance leads on from a percentage below the first stage.
  expect(resumed(3, { stages: [5, 100] })).toBe('refused')
})
