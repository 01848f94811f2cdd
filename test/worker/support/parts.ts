/** The Controller's parts over a real storage, with KV, shards, webhooks and clock in the hands of a test. */
import { onTestFinished, vi } from 'vitest'
import type { ControlState } from '../../../src/core/config/control.ts'
import type { DocumentTag } from '../../../src/core/config/document-tag.ts'
import { type Cell, emptyCell } from '../../../src/core/counters/cell.ts'
import { createParts } from '../../../src/durable/controller/parts.ts'
import type { Alarm } from '../../../src/durable/storage/alarm.ts'
import type { Env } from '../../../src/platform/env.ts'

/** Every test begins at this time; only `clock.advance` moves it. */
export const START_MS = Date.UTC(2026, 10, 2, 12)

/** A clock that stands still until it is told to go on; time-outs follow it too. */
export function fakeClock(): { advance(ms: number): Promise<void> } {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: START_MS })
  onTestFinished(() => void vi.useRealTimers())
  return { advance: async (ms) => void (await vi.advanceTimersByTimeAsync(ms)) }
}

/** KV whose calls a test can let fail or hang. */
export class FakeKv {
  readonly values = new Map<string, string>()
  /** Calls as `get config,kill` and `put state`. */
  readonly calls: string[] = []
  mode: 'works' | 'fails' | 'hangs' = 'works'

  async get(keys: string | readonly string[]): Promise<unknown> {
    await this.#call(`get ${keys}`)
    if (typeof keys === 'string') return this.values.get(keys) ?? null
    return new Map(keys.map((key) => [key, this.values.get(key) ?? null]))
  }

  async put(key: string, text: string): Promise<void> {
    await this.#call(`put ${key}`)
    this.values.set(key, text)
  }

  async #call(what: string): Promise<void> {
    this.calls.push(what)
    if (this.mode === 'fails') throw new Error('KV is down')
    if (this.mode === 'hangs') await new Promise(() => {})
  }
}

const onOff = { variants: { on: true, off: false }, off: 'off' }
const stages = [{ percentage: 5 }, { percentage: 50 }]
export const DOCUMENT = {
  origins: { old: { url: 'http://old.test' } },
  routes: [{ path: '/*', origin: 'old' }],
  flags: {
    staged: { ...onOff, rules: [{ serve: 'on', stages }] },
    plain: { ...onOff, rules: [{ serve: 'on', percentage: 10 }] },
  },
}
export const CAUSE = { actor: 'Ada', reason: 'because', evidence: undefined }

/** An empty cell of one arm of a flag named "judged", at its first stage. */
export function judgedCell(arm: 'canary' | 'control', generation = 1): Cell {
  return emptyCell({ flag: 'judged', variant: arm === 'canary' ? 'on' : 'off', arm, generation, stage: 0 })
}

export type Told = { shard: string; state: ControlState | undefined; tag: DocumentTag | undefined }

export function makeParts(
  storage: DurableObjectStorage,
  { kv = new FakeKv(), document = DOCUMENT as object, env: more = {} as Partial<Env> } = {},
) {
  const told: Told[] = []
  const alarms: number[] = []
  const shardsAway = new Set<string>()
  const shard = (name: string) => ({
    adopt: async (state: ControlState | undefined, tag: DocumentTag | undefined) => {
      if (shardsAway.has(name)) throw new Error('The shard is away')
      told.push({ shard: name, state, tag })
    },
  })
  const env = {
    GATE: kv,
    COUNTERS: { idFromName: (name: string) => name, get: shard },
    SIGNING_KEY: 'a key',
    ...more,
  } as unknown as Env
  const alarm = { within: async (ms: number) => void alarms.push(ms) } as Alarm
  const parts = createParts(storage, env, alarm, document)
  /** Lets a shard have forwarded at a time, so that it counts as active. */
  const seeShard = (name: string, atMs = Date.now()) =>
    parts.shards.take(
      { seq: 1, shard: name, epoch: 0, cells: [], isolates: [], documentVersion: 0, samples: [] },
      atMs,
    )
  const records = (limit = 100) => parts.audit.latest({ limit })
  return { ...parts, fakeKv: kv, told, alarms, shardsAway, seeShard, records }
}

export type Parts = ReturnType<typeof makeParts>
