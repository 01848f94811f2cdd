/** What holds of a rollout under any sequence of people's commands, the guard's verdicts and new documents. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ControlState,
  type FlagControl,
  INITIAL_CONTROL_STATE,
  INITIAL_FLAG_CONTROL,
  parseControlState,
} from '../../../src/core/config/control.ts'
import type { Evidence, Judgement, Verdict } from '../../../src/core/guard/index.ts'
import { applyCommand, COMMANDS, type Command, flagStatus } from '../../../src/core/rollout/commands.ts'
import type { RolloutPlan, StagePlan } from '../../../src/core/rollout/plan.ts'
import { type Step, stepRollout } from '../../../src/core/rollout/step.ts'
import type { AdvancePermission } from '../../../src/core/rollout/windows.ts'

const FLAG = 'flag'

type Happening =
  | { what: 'command'; command: Command }
  | { what: 'look'; verdict: Verdict | undefined; permission: AdvancePermission }
  | { what: 'document'; stages: StagePlan[] }

const stagePlans = fc.record({
  percentage: fc.nat(100),
  bakeMs: fc.constant(0),
  maxBakeMs: fc.constant(null),
  approval: fc.boolean(),
  advance: fc.constantFrom('auto' as const, 'auto' as const, 'manual' as const),
})
/** Stages grow, as parsing makes sure. */
const stageLists = fc
  .uniqueArray(stagePlans, { maxLength: 4, selector: ({ percentage }) => percentage })
  .map((stages) => stages.toSorted((a, b) => a.percentage - b.percentage))

/** Every verdict that the guard can give; see judge(). */
const verdicts: fc.Arbitrary<Verdict> = fc
  .constantFrom<Judgement>(
    { kind: 'failing', action: 'rollback', trigger: 'errors' },
    { kind: 'failing', action: 'freeze', trigger: 'errors' },
    { kind: 'broken-split' },
    { kind: 'shared-outage', trigger: 'ceiling' },
    { kind: 'collecting', lacks: 'evidence', alert: null },
    { kind: 'collecting', lacks: 'requests', alert: null },
    { kind: 'baking', alert: null },
    { kind: 'healthy' },
    { kind: 'healthy' },
    { kind: 'healthy' },
  )
  .map((judgement) => ({ ...judgement, sentence: judgement.kind, evidence: {} as Evidence }))

const commands: fc.Arbitrary<Command> = fc.oneof(
  fc.constantFrom(...COMMANDS).map((kind) => ({ kind, flag: FLAG })),
  fc.integer({ min: -1, max: 5 }).map((stage) => ({ kind: 'stage' as const, flag: FLAG, stage })),
  fc
    .constantFrom('kill' as const, 'unkill' as const, 'rollback' as const)
    .map((kind) => ({ kind, flag: '*' })),
)

const permissions = fc.constantFrom<AdvancePermission>(
  { allowed: true },
  { allowed: true },
  { allowed: false, reason: 'at night', until: 'the day', isFreeze: true },
)

const happenings: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: commands.map((command) => ({ what: 'command' as const, command })) },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('look' as const),
      verdict: fc.option(verdicts, { nil: undefined, freq: 8 }),
      permission: permissions,
    }),
  },
  { weight: 1, arbitrary: stageLists.map((stages) => ({ what: 'document' as const, stages })) },
)

const controlOf = (state: ControlState): FlagControl => state.flags[FLAG] ?? INITIAL_FLAG_CONTROL
const planOf = (stages: readonly StagePlan[]): RolloutPlan => ({
  flag: FLAG,
  stages,
  windows: [],
  timezone: 'UTC',
  guard: undefined,
})

/** One change, as the Controller would make it. */
type Change = {
  by: 'person' | 'gate'
  command: Command
  before: ControlState
  after: ControlState
  stages: readonly StagePlan[]
}
type Look = { control: FlagControl; isKilled: boolean; stages: readonly StagePlan[]; step: Step } & Extract<
  Happening,
  { what: 'look' }
>
type Story = { changes: Change[]; looks: Look[]; refusals: Change[]; end: ControlState }

/** Lets everything happen, one after the other. */
function tell(first: readonly StagePlan[], list: readonly Happening[]): Story {
  const story: Story = { changes: [], looks: [], refusals: [], end: INITIAL_CONTROL_STATE }
  let stages = first
  const perform = (by: Change['by'], command: Command, nowMs: number) => {
    const before = story.end
    const result = applyCommand(
      before,
      command,
      { stages: stages.map((stage) => stage.percentage) },
      nowMs,
      'because',
    )
    const change = { by, command, before, after: result.ok ? result.state : before, stages }
    if (result.ok) story.changes.push(change)
    else story.refusals.push(change)
    story.end = change.after
  }
  for (const [index, happening] of list.entries()) {
    if (happening.what === 'document') stages = happening.stages
    else if (happening.what === 'command') perform('person', happening.command, index)
    else {
      const control = controlOf(story.end)
      const { verdict, permission } = happening
      const isKilled = flagStatus(story.end, FLAG).killed
      const step = stepRollout({ plan: planOf(stages), control, isKilled, verdict, permission })
      story.looks.push({ ...happening, control, isKilled, stages, step })
      if (step.command) perform('gate', { kind: step.command.kind, flag: FLAG }, index)
    }
  }
  return story
}

/** Holds `check` against many stories. */
function always(check: (story: Story) => void): void {
  const stories = fc.array(happenings, { maxLength: 40, size: 'max' })
  fc.assert(
    fc.property(stageLists, stories, (stages, list) => check(tell(stages, list))),
    { numRuns: 300 },
  )
}

describe('under any sequence of commands, verdicts and documents', () => {
  it('a rollback latches: only a person who resumes or restarts opens the flag, with a new generation at the first stage', () => {
    always(({ changes, looks }) => {
      for (const { by, command, before, after } of changes) {
        const [was, is] = [controlOf(before), controlOf(after)]
        if (was.rolledBack === undefined || is.rolledBack !== undefined) continue
        expect(by).toBe('person')
        expect(['resume', 'restart']).toContain(command.kind)
        expect(is).toEqual({ generation: was.generation + 1, stage: 0 })
      }
      for (const { control, step } of looks) if (control.rolledBack) expect(step.command).toBeUndefined()
    })
  })

  it('resuming always takes effect where there is something to end, and counts of before are not judged again', () => {
    always(({ changes, refusals }) => {
      for (const { command, before } of refusals) {
        const was = controlOf(before)
        if (command.kind === 'resume') expect(was.rolledBack ?? was.frozen ?? was.paused).toBeUndefined()
      }
      for (const { command, before, after } of changes) {
        if (command.kind !== 'resume') continue
        const [was, is] = [controlOf(before), controlOf(after)]
        expect(is.rolledBack ?? is.frozen ?? is.paused).toBeUndefined()
        const isNewAttempt = was.rolledBack !== undefined || was.frozen !== undefined
        expect(is.generation - was.generation).toBe(isNewAttempt ? 1 : 0)
        expect(is.stage).toBe(was.rolledBack ? 0 : was.stage)
      }
    })
  })

  it.each(['rollback', 'freeze', 'pause'] as const)('resuming ends a %s', (kind) => {
    const happenings = [kind, 'resume' as const].map((each) => ({
      what: 'command' as const,
      command: { kind: each, flag: FLAG },
    }))
    const { end, refusals } = tell([], happenings)
    expect(refusals).toEqual([])
    expect(controlOf(end)).toEqual({ generation: kind === 'pause' ? 1 : 2, stage: 0 })
  })

  it('what is rolled back can be resumed, restarted or killed, and nothing else', () => {
    always(({ changes }) => {
      for (const { command, before, after } of changes) {
        if (controlOf(before).rolledBack === undefined) continue
        if (command.kind === 'resume' || command.kind === 'restart') continue
        expect(controlOf(after)).toEqual(controlOf(before))
      }
    })
  })

  it('the guard fires in every state: paused, frozen, waiting for approval, finished, without stages', () => {
    always(({ looks, refusals }) => {
      for (const { control, verdict, step } of looks) {
        if (verdict?.kind !== 'failing' || control.rolledBack) continue
        if (verdict.action === 'rollback') expect(step.command?.kind).toBe('rollback')
        else expect(step.command?.kind).toBe(control.frozen ? undefined : 'freeze')
      }
      // Whatever the gate decides by itself can be done, but for climbing where the document has just lost its stages.
      for (const { by, command } of refusals)
        if (by === 'gate') expect(['rollback', 'freeze']).not.toContain(command.kind)
    })
  })

  it('no data, no verdict, and a verdict that is not healthy never advance; nor roll back', () => {
    always(({ looks }) => {
      for (const { verdict, step } of looks) {
        if (verdict?.kind !== 'healthy') expect(['advance', 'finish']).not.toContain(step.command?.kind)
        if (verdict?.kind !== 'failing') expect(['rollback', 'freeze']).not.toContain(step.command?.kind)
      }
    })
  })

  it('nothing climbs that is killed, paused, frozen, unapproved, led by hand, or outside its windows', () => {
    always(({ looks }) => {
      for (const { control, isKilled, stages, permission, step } of looks) {
        if (step.command?.kind !== 'advance' && step.command?.kind !== 'finish') continue
        const stage = stages[Math.min(control.stage, stages.length - 1)]
        expect(control.paused ?? control.frozen ?? control.finished).toBeUndefined()
        expect(isKilled).toBe(false)
        expect(stage?.advance).toBe('auto')
        expect(stage?.approval === true && control.approved !== true).toBe(false)
        expect(permission.allowed).toBe(true)
      }
    })
  })

  it('the gate by itself climbs one stage at a time and never goes down; only people go down', () => {
    always(({ changes }) => {
      for (const { by, command, before, after, stages } of changes) {
        const [was, is] = [controlOf(before), controlOf(after)]
        expect(is.generation).toBeGreaterThanOrEqual(was.generation)
        if (by === 'person') continue
        expect(is.generation).toBe(was.generation)
        if (command.kind === 'advance') expect(is.stage - Math.min(was.stage, stages.length - 1)).toBe(1)
        else if (command.kind === 'finish')
          expect(is).toMatchObject({ stage: stages.length - 1, finished: true })
        else expect(is.stage).toBe(was.stage)
      }
    })
  })

  it('a stage that is chosen exists, and starts unapproved', () => {
    always(({ changes }) => {
      for (const { command, after, stages } of changes) {
        if (command.kind !== 'stage' && command.kind !== 'advance') continue
        expect(controlOf(after).stage).toBeLessThan(stages.length)
        expect(controlOf(after).approved).toBeUndefined()
      }
    })
  })

  it('a generation grows by resuming and restarting only, and by one; a restart begins at the first stage', () => {
    always(({ changes }) => {
      for (const { command, before, after } of changes) {
        const grown = controlOf(after).generation - controlOf(before).generation
        if (grown === 0) continue
        expect(grown).toBe(1)
        expect(['resume', 'restart']).toContain(command.kind)
        if (command.kind === 'restart')
          expect(controlOf(after)).toEqual({ generation: controlOf(after).generation, stage: 0 })
      }
    })
  })

  it('kills are changed by kill and unkill only, and change nothing else', () => {
    always(({ changes }) => {
      for (const { command, before, after } of changes) {
        const isKill = command.kind === 'kill' || command.kind === 'unkill'
        if (isKill) {
          expect(after.flags).toEqual(before.flags)
          expect(after.killed.includes(command.flag)).toBe(command.kind === 'kill')
        } else expect(after.killed).toEqual(before.killed)
      }
    })
  })

  it('every change raises the epoch by one and is seen in before and after; a refusal changes nothing', () => {
    always(({ changes, refusals }) => {
      for (const { before, after } of changes) {
        expect(after.epoch).toBe(before.epoch + 1)
        expect({ ...after, epoch: 0 }).not.toEqual({ ...before, epoch: 0 })
      }
      for (const { before, after } of refusals) expect(after).toBe(before)
    })
  })

  it('every state is the same after it has been written and read', () => {
    always(({ changes, end }) => {
      for (const state of [...changes.map(({ after }) => after), end]) {
        expect(parseControlState(JSON.stringify(state))).toEqual({ ok: true, value: state })
      }
    })
  })

  it('states are never changed in place', () => {
    always(({ changes }) => {
      let last: ControlState | undefined
      for (const { before, after } of changes) {
        const text = JSON.stringify(before)
        applyCommand(before, { kind: 'kill', flag: FLAG }, { stages: [50] }, 0, 'again')
        expect(JSON.stringify(before)).toBe(text)
        if (last) expect(before).toBe(last)
        last = after
      }
    })
  })
})
