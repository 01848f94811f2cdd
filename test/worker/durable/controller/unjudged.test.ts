/** Guards of which no test can act: what is told of them, and what isn't. */
import { expect, it } from 'vitest'
import { CAUSE, DOCUMENT, fakeClock, judgedCell, makeParts, type Parts } from '../../support/parts.ts'
import { withStorage } from '../../support/storage.ts'

type World = Parts & {
  publish(flags: object): Promise<void>
  /** Looks each five seconds. */
  lookFor(seconds: number): Promise<void>
}

const onOff = { variants: { on: true, off: false }, off: 'off' }
const flagsOf = (flag: object) => ({ judged: { ...onOff, ...flag } })
const ALL = { serve: 'on' }
const HALF = { serve: 'on', percentage: 50 }
const STAGES = {
  serve: 'on',
  stages: [
    { percentage: 50, bake: '0s' },
    { percentage: 100, bake: '0s' },
  ],
}

async function withGate(work: (world: World) => Promise<void>) {
  const clock = fakeClock()
  await withStorage(async (storage) => {
    const parts = makeParts(storage)
    await work({
      ...parts,
      publish: async (flags) => {
        await clock.advance(2_000)
        const text = JSON.stringify({ ...DOCUMENT, routes: [{ path: '/*', origin: 'old' }], flags })
        const options = { expectedVersion: undefined, confirm: true, actor: 'Ada', reason: 'because' }
        const done = await parts.changes.publishDocument({ kind: 'text', text }, options)
        expect(done).toMatchObject({ ok: true })
      },
      lookFor: async (seconds) => {
        for (let second = 0; second < seconds; second += 5) {
          await parts.rollouts.run(parts.documents.current, Date.now())
          parts.watch.look(Date.now())
          await clock.advance(5_000)
        }
      },
    })
  })
}

/** What is told on record, though no one commanded anything. */
const toldOf = ({ records }: World) =>
  records()
    .filter(({ action }) => ['guard-blind', 'hold'].includes(action))
    .map(({ action, reason }) => `${action}: ${reason}`)
const kindOf = ({ rollouts }: World) => rollouts.views.get('judged')?.verdict?.kind
const ADVICE = '; set ceilings or thresholds, or switch the guard off'
const AT_ALL = `guard-blind: nothing is judged: at 100 % there is no control to compare with, and the guard has no ceiling or threshold${ADVICE}`

it.each([
  ['without a split', { rules: [ALL], guard: { errors: {}, latency: {} } }, AT_ALL],
  ['at 100 %', { rules: [{ ...HALF, percentage: 100 }], guard: {} }, AT_ALL],
  ['of client errors at 100 %', { rules: [ALL], guard: { clientErrors: { action: 'rollback' } } }, AT_ALL],
  [
    'without a test',
    { rules: [HALF], guard: { errors: false } },
    `guard-blind: nothing is judged: the guard compares nothing and has no limit${ADVICE}`,
  ],
])('a guard %s is blind, and says so once', (_, flag, told) =>
  withGate(async (world) => {
    await world.publish(flagsOf(flag))
    await world.lookFor(50)
    expect(toldOf(world)).toEqual([])
    await world.lookFor(7_200)
    expect(kindOf(world)).toBe('unjudged')
    expect(toldOf(world)).toEqual([told])
    expect(world.watch.active(Date.now())).toMatchObject([{ event: 'guard-blind', flag: 'judged' }])
  }),
)

it.each([
  ['has a ceiling without a split', { rules: [ALL], guard: { ceilings: { errorRate: 0.2 } } }],
  ['has a ceiling and no stages', { rules: [HALF], guard: { ceilings: { errorRate: 0.2 } } }],
  ['compares', { rules: [HALF], guard: {} }],
  ['is switched off', { rules: [ALL], guard: { enabled: false } }],
  ['belongs to a disabled flag', { rules: [ALL], guard: {}, enabled: false }],
  ['is of no visitor', { rules: [{ ...HALF, percentage: 0 }], guard: { errors: false } }],
])('a guard that %s is not blind', (_, flag) =>
  withGate(async (world) => {
    await world.publish(flagsOf(flag))
    await world.lookFor(300)
    expect(toldOf(world)).toEqual([])
  }),
)

it('a rollout that has come to its end alarms no one, but is not called healthy', () =>
  withGate(async (world) => {
    await world.publish(flagsOf({ rules: [STAGES], guard: {} }))
    await world.changes.command({ kind: 'stage', flag: 'judged', stage: 1 }, CAUSE)
    await world.changes.command({ kind: 'finish', flag: 'judged' }, CAUSE)
    await world.lookFor(7_200)
    expect(kindOf(world)).toBe('unjudged')
    expect(toldOf(world)).toEqual([])
  }))

it('a closed flag has nothing that its guard must see', () =>
  withGate(async (world) => {
    await world.publish(flagsOf({ rules: [ALL], guard: {} }))
    await world.changes.command({ kind: 'kill', flag: 'judged' }, CAUSE)
    await world.lookFor(300)
    await world.changes.command({ kind: 'rollback', flag: 'judged' }, CAUSE)
    await world.changes.command({ kind: 'unkill', flag: 'judged' }, CAUSE)
    await world.lookFor(300)
    expect(toldOf(world)).toEqual([])
  }))

it('a stage that nothing but a ceiling judges is told as held, once it has visitors', () =>
  withGate(async (world) => {
    await world.publish(flagsOf({ rules: [STAGES], guard: { ceilings: { errorRate: 0.2 } } }))
    await world.lookFor(100)
    expect(toldOf(world)).toEqual([])
    const counted = (arm: 'canary' | 'control') => ({ ...judgedCell(arm), requests: 100 })
    world.cells.add([counted('canary'), counted('control')])
    await world.lookFor(300)
    expect(toldOf(world)).toEqual([
      'hold: the guard compares neither errors nor latency, so nothing can show the canary to be not worse: ' +
        'advance the stage yourself, or set the guard\'s advance to "time"',
    ])
  }))

it('an alert ends with its flag; one that comes back begins anew', () =>
  withGate(async (world) => {
    const flag = { rules: [ALL], guard: {} }
    await world.publish(flagsOf(flag))
    await world.lookFor(100)
    expect(world.watch.active(Date.now())).toHaveLength(1)
    await world.publish({ other: { ...onOff, rules: [] } })
    await world.lookFor(5)
    expect(world.watch.active(Date.now())).toEqual([])
    await world.publish(flagsOf(flag))
    await world.lookFor(50)
    expect(world.watch.active(Date.now())).toEqual([])
    await world.lookFor(50)
    expect(toldOf(world)).toEqual([AT_ALL, AT_ALL])
  }))
