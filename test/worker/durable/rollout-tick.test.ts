/** Whom a look at a rollout tells what, and how often. */
import { expect, it } from 'vitest'
import { compileSnapshot } from '../../../src/core/config/compile/snapshot.ts'
import { INITIAL_CONTROL_STATE } from '../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import type { Evidence, Verdict } from '../../../src/core/guard/index.ts'
import { compilePlans } from '../../../src/core/rollout/plan.ts'
import { RolloutTick } from '../../../src/durable/controller/rollout-tick.ts'

const FLAG = 'f'
const DOCUMENT = {
  origins: { old: { url: 'http://old.test' } },
  routes: [{ path: '/*', origin: 'old' }],
  flags: {
    [FLAG]: {
      variants: { on: true, off: false },
      off: 'off',
      rules: [{ serve: 'on', stages: [{ percentage: 5, approval: true }, { percentage: 50 }] }],
      guard: {},
    },
  },
}
const evidence = {} as Evidence
const HEALTHY: Verdict = { kind: 'healthy', sentence: 'healthy', evidence }
const LATE: Verdict = {
  kind: 'collecting',
  lacks: 'evidence',
  alert: 'too long',
  sentence: 'waits',
  evidence,
}

/** A tick over a flag whose verdict and place the test sets; `told` is what people hear. */
function startRollout(kept = new Map<string, string>()) {
  const parsed = parseDocumentValue(DOCUMENT)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const loaded = {
    document: parsed.value,
    snapshot: compileSnapshot(parsed.value),
    plans: compilePlans(parsed.value),
  }
  const told: string[] = []
  const performed: string[] = []
  const logged: string[] = []
  const now = { verdict: HEALTHY as Verdict, stage: 0, killed: [] as string[] }
  const control = {
    get state() {
      return {
        ...INITIAL_CONTROL_STATE,
        killed: now.killed,
        flags: { [FLAG]: { generation: 1, stage: now.stage } },
      }
    },
  }
  const texts = {
    getJson: (name: string) => (kept.has(name) ? JSON.parse(kept.get(name) ?? '') : undefined),
    putJson: (name: string, value: unknown) => void kept.set(name, JSON.stringify(value)),
  }
  const tick = new RolloutTick(
    control as never,
    { guard: { run: () => now.verdict }, shadow: { look: () => undefined } } as never,
    texts as never,
    {
      perform: async ({ kind }) => void performed.push(kind),
      tell: (event) => void told.push(event),
      log: ({ flag, stage, verdict }) => void logged.push(`${flag} ${stage} ${verdict}`),
    },
  )
  return { now, told, performed, logged, look: () => tick.run(loaded as never, 0) }
}

it('a stage that wavers between two occasions tells of each once, also after a restart', async () => {
  const kept = new Map<string, string>()
  const first = startRollout(kept)
  for (const verdict of [HEALTHY, LATE, HEALTHY, LATE, HEALTHY]) {
    first.now.verdict = verdict
    await first.look()
  }
  expect(first.told).toEqual(['approval-needed', 'hold'])
  const second = startRollout(kept)
  await second.look()
  expect(second.told).toEqual([])
})

it('a stage that is come to again tells again', async () => {
  const { now, told, look } = startRollout()
  await look()
  now.stage = 1
  await look()
  now.stage = 0
  await look()
  expect(told).toEqual(['approval-needed', 'approval-needed'])
})

it('a killed flag stays where it is, and goes on when it is alive again', async () => {
  const { now, performed, look } = startRollout()
  now.stage = 1
  now.killed = [FLAG]
  await look()
  now.killed = ['*']
  await look()
  expect(performed).toEqual([])
  now.killed = []
  await look()
  expect(performed).toEqual(['finish'])
})

it('a verdict is logged where it changes, not each second', async () => {
  const rollout = startRollout()
  for (const verdict of [HEALTHY, HEALTHY, LATE, LATE, HEALTHY]) {
    rollout.now.verdict = verdict
    await rollout.look()
  }
  expect(rollout.logged).toEqual(['f 0 healthy', 'f 0 inconclusive', 'f 0 healthy'])
})
