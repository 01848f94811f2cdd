/** One look at a flag: what follows from control, verdict and permission, in order of importance. */
import { describe, expect, it } from 'vitest'
import type { FlagControl } from '../../../src/core/config/control.ts'
import {
  type Evidence,
  type GuardOptions,
  type Judgement,
  resolveGuardSettings,
  type Verdict,
} from '../../../src/core/guard/index.ts'
import type { StagePlan } from '../../../src/core/rollout/plan.ts'
import { type StepInputs, stepRollout } from '../../../src/core/rollout/step.ts'

const since = { atMs: 1, reason: 'earlier' }
const stage = (percentage: number, parts: Partial<StagePlan> = {}): StagePlan => ({
  percentage,
  bakeMs: 0,
  maxBakeMs: null,
  approval: false,
  advance: 'auto',
  ...parts,
})
const says = (judgement: Judgement): Verdict => ({
  ...judgement,
  sentence: `says ${judgement.kind}`,
  evidence: {} as Evidence,
})
const FAILING = says({ kind: 'failing', action: 'rollback', trigger: 'errors' })
const FREEZING = says({ kind: 'failing', action: 'freeze', trigger: 'errors' })
const HEALTHY = says({ kind: 'healthy' })
const ALL_MARKS = { paused: since, frozen: since, finished: true, approved: true }

function look(control: Partial<FlagControl>, parts: Partial<StepInputs> & { stages?: StagePlan[] } = {}) {
  const { stages = [stage(5), stage(50), stage(100)], ...rest } = parts
  return stepRollout({
    plan: { flag: 'f', stages, windows: [], timezone: 'UTC', guard: undefined },
    control: { generation: 4, stage: 0, ...control },
    isKilled: false,
    verdict: HEALTHY,
    permission: { allowed: true },
    ...rest,
  })
}
const waits = (waitingFor: string) => ({ command: undefined, announcement: undefined, waitingFor })
/** Nothing goes on by itself. */
const calls = (waitingFor: string) => ({ ...waits(waitingFor), needsOperator: true })

describe('a failing canary', () => {
  it('is rolled back in every state but one that is rolled back', () => {
    const rollback = { ...waits('says failing'), command: { kind: 'rollback', reason: 'says failing' } }
    for (const control of [{}, ALL_MARKS]) {
      expect(look(control, { verdict: FAILING, isKilled: true })).toEqual(rollback)
      expect(look(control, { verdict: FAILING, stages: [] })).toEqual(rollback)
    }
    expect(look({ rolledBack: since }, { verdict: FAILING })).toEqual(waits('rolled back: earlier'))
  })

  it('is frozen once where the guard may only freeze', () => {
    expect(look({}, { verdict: FREEZING })).toEqual({
      ...calls('says failing'),
      command: { kind: 'freeze', reason: 'says failing' },
    })
    expect(look({ frozen: since }, { verdict: FREEZING })).toEqual(calls('frozen: earlier'))
  })
})

describe('what is not shown to be the canary’s fault', () => {
  it.each([
    [says({ kind: 'broken-split' }), 'alarm split 4 1'],
    [says({ kind: 'shared-outage', trigger: 'ceiling' }), 'alarm ceiling 4 1'],
    [says({ kind: 'shared-outage', trigger: 'threshold' }), 'alarm threshold 4 1'],
  ])('is announced once per stage, and as no freeze: $0.kind', (verdict, key) => {
    const { sentence } = verdict
    expect(look({ stage: 1, ...ALL_MARKS }, { verdict })).toEqual({
      ...calls(sentence),
      announcement: { event: 'hold', key, text: `${sentence}; not frozen: the hold ends once that clears` },
    })
  })
})

describe('a guard that can show nothing', () => {
  const COLLECTING: Judgement = { kind: 'collecting', lacks: 'evidence', alert: null }
  const at = (
    options: GuardOptions,
    control: Partial<FlagControl> = {},
    judgement = COLLECTING,
    advance: StagePlan['advance'] = 'auto',
  ) => {
    const guard = resolveGuardSettings({ errors: false, latency: false, ...options })
    const stages = [stage(5, { advance }), stage(100)]
    const plan = { flag: 'f', stages, windows: [], timezone: 'UTC', guard }
    const evidence = { stageElapsedMs: 0 } as Evidence
    return look(control, { plan, verdict: { ...says(judgement), evidence } })
  }
  const SENTENCE = 'says collecting'

  it('calls an operator, as nothing else ends its stages', () => {
    expect(at({})).toEqual(calls(SENTENCE))
    expect(at({}, { stage: 1, most: 99 })).toEqual(calls(SENTENCE))
  })

  it('says so once a stage that would advance by itself has visitors to judge', () => {
    const lacksTest: Judgement = { kind: 'collecting', lacks: 'test', alert: null }
    const text = 'says collecting: advance the stage yourself, or set the guard\'s advance to "time"'
    expect(at({}, {}, lacksTest)).toEqual({
      ...calls(text),
      announcement: { event: 'hold', key: 'hold 4 0', text },
    })
    expect(at({}, {}, lacksTest, 'manual')).toEqual(calls(SENTENCE))
  })

  it('calls no one where time, a comparison, or 100 % without a holdback ends the stage', () => {
    for (const options of [{ advance: { byTime: true } }, { errors: {} }, { latency: {} }])
      expect(at(options)).toEqual(waits(SENTENCE))
    expect(at({}, { stage: 1 })).toEqual(waits(SENTENCE))
  })
})

describe('a guard of which no test can act', () => {
  const unjudged = (mayAdvance: boolean): Verdict => ({
    ...says({ kind: 'unjudged', mayAdvance, alert: null }),
    evidence: { stageElapsedMs: 0 } as Evidence,
  })

  it('holds up no rollout that is on for all, once its bake is over', () => {
    const reason = '100 % is done, finished: says unjudged'
    expect(look({ stage: 2 }, { verdict: unjudged(true) }).command).toEqual({ kind: 'finish', reason })
    expect(look({ stage: 2 }, { verdict: unjudged(false) })).toEqual(waits('says unjudged'))
  })
})

it('what holds a stage besides evidence is told, and no more once it may go on', () => {
  const held: Verdict = {
    ...says({ kind: 'collecting', lacks: 'evidence', alert: null }),
    holds: '9 visitors',
  }
  const evidence = { stageElapsedMs: 0 } as Evidence
  expect(look({}, { verdict: { ...held, evidence } })).toEqual({
    ...waits('says collecting'),
    holds: '9 visitors',
  })
  const alerted = look({}, { verdict: { ...held, evidence, alert: 'late' } as Verdict })
  expect(alerted).toMatchObject({ ...calls('says collecting'), announcement: { text: 'late' } })
  expect(look({}).holds).toBeUndefined()
})

describe('a stage', () => {
  it('waits for each obstacle in turn', () => {
    const permission = { allowed: false as const, reason: 'at night', until: 'the day', isFreeze: false }
    expect(look({ frozen: since, finished: true }, { stages: [] })).toEqual(calls('frozen: earlier'))
    expect(look({ finished: true }, { stages: [] })).toEqual(waits('says healthy'))
    expect(look({}, { stages: [], verdict: undefined })).toEqual(waits('no guard'))
    expect(look({ finished: true, paused: since }, { isKilled: true })).toEqual(waits('finished'))
    expect(look({ paused: since }, { isKilled: true })).toEqual(waits('killed'))
    expect(look({ paused: since }, { verdict: undefined })).toEqual(waits('paused: earlier'))
    expect(look({}, { verdict: undefined, permission })).toEqual(
      calls('no guard judges it: a person leads on'),
    )
    // Nothing is left to lead on to.
    expect(look({ stage: 2 }, { verdict: undefined })).toEqual(waits('no guard judges it: a person leads on'))
    const manual = { stages: [stage(5, { advance: 'manual' }), stage(50)] }
    expect(look({}, { ...manual, permission })).toEqual(calls('5 % is done; a person leads on'))
    expect(look({}, { permission })).toEqual({ ...waits('at night'), holds: 'the day' })
  })

  it('of 0 % waits for an operator, whatever the guard says of a canary that no visitor gets', () => {
    const stages = [stage(0, { advance: 'manual' }), stage(5)]
    const none = says({ kind: 'collecting', lacks: 'requests', alert: null })
    for (const verdict of [none, HEALTHY])
      expect(look({}, { stages, verdict })).toEqual(calls('waits at 0 % for an operator to start it'))
    expect(look({}, { stages: [stage(0), stage(5)], verdict: none })).toEqual(waits('says collecting'))
  })

  it('in a change freeze waits for its end from the first look, where nothing else holds it', () => {
    const freeze = { allowed: false as const, reason: 'holidays', until: 'the end of it', isFreeze: true }
    const baking = says({ kind: 'baking', alert: null })
    const holds = (stage: object, parts: object = {}, control: object = {}) =>
      look(control, { stages: [stage, { ...stage }] as never, verdict: baking, permission: freeze, ...parts })
        .holds
    expect(holds(stage(5))).toBe('the end of it')
    expect(holds(stage(5), { verdict: { ...baking, holds: '9 visitors' } })).toBe('9 visitors')
    expect(holds(stage(5), { permission: { ...freeze, isFreeze: false } })).toBeUndefined()
    expect(holds(stage(5, { advance: 'manual' }))).toBeUndefined()
    expect(holds(stage(5, { approval: true }))).toBeUndefined()
    expect(holds(stage(5, { approval: true }), {}, { approved: true })).toBe('the end of it')
  })

  it('that may not advance yet says so, and is announced once it is late', () => {
    const collecting = (alert: string | null) => says({ kind: 'collecting', lacks: 'evidence', alert })
    expect(look({}, { verdict: collecting(null) })).toEqual(waits('says collecting'))
    expect(look({ stage: 1 }, { verdict: says({ kind: 'baking', alert: 'late' }) })).toEqual({
      ...calls('says baking'),
      announcement: { event: 'hold', key: 'hold 4 1', text: 'late' },
    })
  })

  it('waits for approval, and leads on once it has it', () => {
    const stages = [stage(5, { approval: true, advance: 'manual' }), stage(50)]
    expect(look({}, { stages })).toEqual({
      ...calls('5 % is done and waits for approval'),
      announcement: {
        event: 'approval-needed',
        key: 'approval 4 0',
        text: '5 % is done and waits for approval',
      },
    })
    expect(look({ approved: true }, { stages })).toEqual(calls('5 % is done; a person leads on'))
  })

  it('advances, and finishes after the last one', () => {
    const advance = (kind: string, reason: string) => ({ ...waits(reason), command: { kind, reason } })
    expect(look({})).toEqual(advance('advance', '5 % is done, on to 50 %: says healthy'))
    expect(look({ stage: 1 })).toEqual(advance('advance', '50 % is done, on to 100 %: says healthy'))
    expect(look({ stage: 2 })).toEqual(advance('finish', '100 % is done, finished: says healthy'))
    // The document may have lost stages since.
    expect(look({ stage: 6 })).toEqual(advance('finish', '100 % is done, finished: says healthy'))
  })
})

describe('a stage without maxBake', () => {
  const DAY_MS = 24 * 3_600_000
  const toldAfter = (bakeMs: number, stageElapsedMs: number, maxBakeMs: number | null = null) => {
    const verdict = says({ kind: 'collecting', lacks: 'evidence', alert: null })
    const evidence = { stageElapsedMs } as Evidence
    return look(
      {},
      { stages: [stage(5, { bakeMs, maxBakeMs }), stage(50)], verdict: { ...verdict, evidence } },
    ).announcement
  }

  it('that waits for evidence for a day, and ten bakes, is told', () => {
    expect(toldAfter(60_000, DAY_MS - 1)).toBeUndefined()
    expect(toldAfter(60_000, DAY_MS)).toEqual({
      event: 'hold',
      key: 'hold 4 0',
      text: 'the stage has been here for 24 h: says collecting',
    })
    expect(toldAfter(DAY_MS, 10 * DAY_MS - 1)).toBeUndefined()
    expect(toldAfter(DAY_MS, 10 * DAY_MS)).toMatchObject({ event: 'hold' })
    // The guard itself knows of that.
    expect(toldAfter(60_000, 2 * DAY_MS, 3 * DAY_MS)).toBeUndefined()
  })
})

describe('a stage of shadow', () => {
  const stages = [stage(0, { shadow: 20, bakeMs: 60_000 }), stage(0, { shadow: 50 }), stage(5), stage(50)]
  const saw = (kind: 'collecting' | 'same' | 'different', elapsedMs = 60_000) =>
    ({ shadow: { kind, sentence: `says ${kind}`, elapsedMs, evidence: null }, stages }) as const
  const shadowed = (
    control: Partial<FlagControl>,
    parts: Partial<Parameters<typeof look>[1]> = saw('same'),
  ) => look({ percentage: 0, ...control }, { verdict: undefined, ...parts })

  it('waits for copies, holds where they differ, and goes on once it has baked', () => {
    expect(shadowed({}, saw('collecting'))).toEqual(waits('says collecting'))
    expect(shadowed({}, saw('collecting', 0))).toEqual(waits('says collecting'))
    expect(shadowed({}, saw('different', 0))).toEqual({
      ...calls('says different'),
      announcement: { event: 'hold', key: 'hold 4 0', text: 'says different' },
    })
    expect(shadowed({}, saw('same', 59_000))).toEqual(waits('says same; on in 1 s'))
    const advance = (reason: string) => ({ ...waits(reason), command: { kind: 'advance', reason } })
    expect(shadowed({})).toEqual(advance('shadow of 20 % is done, on to shadow of 50 %: says same'))
    expect(shadowed({ stage: 1 })).toEqual(advance('shadow of 50 % is done, on to 5 %: says same'))
  })

  it('waits for people as any other', () => {
    expect(look({ percentage: 0 }, { ...saw('same'), isKilled: true })).toEqual(waits('killed'))
    expect(shadowed({ paused: since })).toEqual(waits('paused: earlier'))
    expect(shadowed({ unconfirmed: true }).waitingFor).toMatch(/^held at 0 %/)
    expect(shadowed({ rolledBack: since })).toEqual(waits('rolled back: earlier'))
    expect(shadowed({ frozen: since })).toEqual(calls('frozen: earlier'))
    expect(shadowed({ finished: true })).toEqual(waits('finished'))
  })

  it('is not stopped by what the guard says of a canary that has no visitors', () => {
    expect(shadowed({}, { ...saw('collecting'), verdict: FAILING })).toEqual(waits('says collecting'))
  })
})

it('a canary that turns visitors away is announced, and calls a person', () => {
  expect(look({ stage: 1 }, { verdict: says({ kind: 'client-errors' }) })).toEqual({
    ...calls('says client-errors'),
    announcement: {
      event: 'hold',
      key: 'alarm client-errors 4 1',
      text: 'says client-errors; not frozen: the hold ends once that clears',
    },
  })
})
