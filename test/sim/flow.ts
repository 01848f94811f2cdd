/**
 * Counts on their way from isolates through shards to the Controller, and its state on the way back, over a network
 * with faults. All that counts, judges and decides is the gate's own code; only what carries it is made here.
 */

import { compileSnapshot } from '../../src/core/config/compile/snapshot.ts'
import {
  type ControlState,
  compileControl,
  INITIAL_CONTROL_STATE,
  INITIAL_FLAG_CONTROL,
} from '../../src/core/config/control.ts'
import { parseDocumentValue } from '../../src/core/config/parse/parse.ts'
import { staticContext } from '../../src/core/context/attributes.ts'
import { type Cell, CellTable, cellKeyOf, countOutcome, errorsOf } from '../../src/core/counters/cell.ts'
import { Outbox, type OutboxData, type SealedBatch } from '../../src/core/counters/outbox.ts'
import { EMPTY_WINDOW, type SequenceWindow, take } from '../../src/core/counters/sequence.ts'
import { armPair } from '../../src/core/counters/ticks.ts'
import { type Arm, currentShare, decide } from '../../src/core/decision/decide.ts'
import type { CompiledFlag, CompiledRule } from '../../src/core/flags/flag.ts'
import { type GuardState, initialGuardState, stepGuard } from '../../src/core/guard/index.ts'
import { applyCommand, type Command } from '../../src/core/rollout/commands.ts'
import { compilePlans, type RolloutPlan, settingsAtStage } from '../../src/core/rollout/plan.ts'
import { stepRollout } from '../../src/core/rollout/step.ts'
import type { Random } from '../../test-kit/simulation/random.ts'
import type { Network } from './network.ts'

const FLAG = 'flag'
const ISOLATES = 6
const SHARDS = 2
const VISITORS = 5_000

/** A rollout's generation and stage: what was counted under one says nothing of another. */
export type Attempt = { generation: number; stage: number }

type Wire = { state: ControlState | undefined }
type Flush = SealedBatch & { isolate: string; epoch: number }
type Forward = SealedBatch & { shard: number; epoch: number }

export type Conditions = {
  /** Share of failing requests of an arm in a second. */
  failureRate(arm: Arm, second: number): number
  requestsPerSecond: number
  /** Of each shard and second: that it is evicted; of the Controller, that it starts anew; of an isolate, that it dies. */
  eviction?: number
  death?: number
}

/** What an isolate counted, and what of it can still arrive. */
class Isolate {
  readonly outbox = new Outbox()
  state = INITIAL_CONTROL_STATE
  readonly id: string
  readonly shard: number

  constructor(id: string, shard: number) {
    this.id = id
    this.shard = shard
  }

  learn({ state }: Wire): void {
    if (state !== undefined && state.epoch > this.state.epoch) this.state = state
  }
}

type ShardMemory = { outbox: OutboxData; windows: Record<string, SequenceWindow>; state: ControlState }

class Shard {
  outbox = new Outbox()
  windows: Record<string, SequenceWindow> = {}
  state = INITIAL_CONTROL_STATE

  /** What has been acknowledged is on disk; all else is forgotten. */
  evict(): void {
    const { outbox, windows, state } = this
    const disk = JSON.parse(JSON.stringify({ outbox: outbox.toData(), windows, state })) as ShardMemory
    this.outbox = new Outbox(disk.outbox)
    this.windows = disk.windows
    this.state = disk.state
  }

  take({ isolate, seq, cells, epoch }: Flush): Wire {
    const window = take(this.windows[isolate] ?? EMPTY_WINDOW, seq)
    if (window !== undefined) {
      this.windows[isolate] = window
      this.outbox.open.add(cells)
    }
    return { state: epoch < this.state.epoch ? this.state : undefined }
  }

  learn({ state }: Wire): void {
    if (state !== undefined && state.epoch > this.state.epoch) this.state = state
  }
}

export class Flow {
  readonly counted = new CellTable()
  readonly arrived = new CellTable()
  /** What arrived, with the attempt that was current then. */
  readonly arrivals: { during: Attempt; cells: readonly Cell[] }[] = []
  /** The requests that the guard was shown of an arm, and the attempt that it judged by them. */
  readonly judged: { during: Attempt; canary: number; control: number }[] = []
  readonly commands: { second: number; kind: Command['kind'] }[] = []
  state: ControlState = INITIAL_CONTROL_STATE
  second = 0
  guard: GuardState | undefined
  readonly #random: Random
  readonly #network: Network
  readonly #conditions: Conditions
  readonly #flag: CompiledFlag
  readonly #plan: RolloutPlan
  readonly #shards = Array.from({ length: SHARDS }, () => new Shard())
  #isolates = Array.from({ length: ISOLATES }, (_, index) => new Isolate(`isolate-${index}`, index % SHARDS))
  #windows: SequenceWindow[] = []
  #fresh: Cell[] = []
  #births = 0

  constructor(random: Random, network: Network, conditions: Conditions, flag: object) {
    this.#random = random
    this.#network = network
    this.#conditions = conditions
    const parsed = parseDocumentValue({
      origins: { old: { url: 'http://old.test' } },
      routes: [{ path: '/*', origin: 'old' }],
      flags: { [FLAG]: { variants: { on: true, off: false }, off: 'off', ...flag } },
    })
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    this.#flag = compileSnapshot(parsed.value).flags.get(FLAG) as CompiledFlag
    this.#plan = compilePlans(parsed.value).get(FLAG) as RolloutPlan
  }

  get control() {
    return this.state.flags[FLAG] ?? INITIAL_FLAG_CONTROL
  }

  /** Epochs that isolates decide by. */
  get epochs(): number[] {
    return this.#isolates.map(({ state }) => state.epoch)
  }

  /** Lets seconds pass. */
  run(seconds: number): void {
    for (let left = seconds; left > 0; left--) {
      this.second++
      for (const isolate of this.#isolates) this.#serve(isolate)
      this.#fail()
      this.#exchange()
      this.#look()
    }
  }

  /** Lets everything on its way arrive; no visitor comes meanwhile. */
  settle(): void {
    for (let round = 0; round < 50; round++) {
      this.second++
      this.#exchange()
    }
    if (!this.#network.isQuiet) throw new Error('Something is still on its way')
  }

  command(command: Omit<Command, 'flag'>): void {
    const { stages } = this.#plan
    const facts = { stages: stages.map((stage) => stage.percentage) }
    const result = applyCommand(this.state, { ...command, flag: FLAG }, facts, this.second * 1_000, 'because')
    if (!result.ok) throw new Error(result.error)
    this.state = result.state
    this.commands.push({ second: this.second, kind: command.kind })
    for (const shard of this.#shards) {
      this.#network.send<Wire>({ state: this.state }, this.second, (wire) => shard.learn(wire))
    }
  }

  #serve(isolate: Isolate): void {
    const { failureRate, requestsPerSecond } = this.#conditions
    const flags = new Map([[FLAG, this.#flag]])
    const control = compileControl(isolate.state, [])
    const inputs = { flags, control, environment: 'production', nowMs: 0, overrides: undefined }
    for (let request = 0; request < requestsPerSecond / ISOLATES; request++) {
      const context = staticContext(`visitor-${this.#random.below(VISITORS)}`, {})
      const decision = decide(this.#flag, context, inputs)
      const fails = this.#random.next() < failureRate(decision.placement.arm, this.second)
      const outcome = {
        decision,
        failure: fails ? ('status' as const) : undefined,
        latencyMs: 40 + this.#random.below(80),
        journey: !fails,
        rescued: false,
      }
      countOutcome(isolate.outbox.open.at(cellKeyOf(decision)), outcome)
      countOutcome(this.counted.at(cellKeyOf(decision)), outcome)
    }
  }

  /** Machines go away: shards come back from disk, isolates never. */
  #fail(): void {
    const { eviction = 0, death = 0 } = this.#conditions
    for (const shard of this.#shards) if (this.#random.next() < eviction) shard.evict()
    this.#isolates = this.#isolates.map((isolate) =>
      this.#random.next() < death ? new Isolate(`born-${++this.#births}`, isolate.shard) : isolate,
    )
    if (this.#random.next() >= eviction) return
    this.#fresh = []
    if (this.guard) this.guard = JSON.parse(JSON.stringify(this.guard)) as GuardState
  }

  #exchange(): void {
    const { second } = this
    for (const isolate of this.#isolates) this.#flush(isolate)
    for (const [index, shard] of this.#shards.entries()) {
      if (shard.outbox.isEmpty) continue
      const forward: Forward = { ...shard.outbox.seal(), shard: index, epoch: shard.state.epoch }
      this.#network.send(forward, second, (message) => {
        const reply = { ...this.#take(message), seq: message.seq }
        this.#network.send(reply, second, (wire) => {
          shard.outbox.acknowledge(wire.seq)
          shard.learn(wire)
        })
      })
    }
    this.#network.deliver(second)
  }

  #flush(isolate: Isolate): void {
    const flush: Flush = { ...isolate.outbox.seal(), isolate: isolate.id, epoch: isolate.state.epoch }
    const shard = this.#shards[isolate.shard] as Shard
    this.#network.send(flush, this.second, (message) => {
      const reply = { ...shard.take(message), seq: message.seq }
      this.#network.send(reply, this.second, (wire) => {
        isolate.outbox.acknowledge(wire.seq)
        isolate.learn(wire)
      })
    })
  }

  #take({ shard, seq, cells, epoch }: Forward): Wire {
    const window = take(this.#windows[shard] ?? EMPTY_WINDOW, seq)
    if (window !== undefined) {
      this.#windows[shard] = window
      this.arrived.add(cells)
      this.#fresh.push(...cells)
      const { generation, stage } = this.control
      this.arrivals.push({ during: { generation, stage }, cells })
    }
    return { state: epoch < this.state.epoch ? this.state : undefined }
  }

  #look(): void {
    const { generation, stage } = this.control
    const cells = this.#fresh.splice(0)
    const settings = this.#plan.guard
    if (settings === undefined) return
    const rule = this.#flag.rules[this.#flag.rolloutRule] as CompiledRule
    const percentage = (currentShare(rule, this.control) ?? 100_000) / 1_000
    const at = { atMs: this.second * 1_000, generation, stage, percentage }
    const arms = armPair(cells, generation, stage, this.#flag.off)
    const [canary, control] = [arms.canary.requests, arms.control.requests]
    this.judged.push({ during: { generation, stage }, canary, control })
    const looked = stepGuard(
      settingsAtStage(settings, this.#plan.stages[stage]),
      this.guard ?? initialGuardState(at),
      { ...at, ...arms },
    )
    this.guard = looked.state
    const { verdict } = looked
    const step = stepRollout({
      plan: this.#plan,
      control: this.control,
      isKilled: false,
      verdict,
      permission: { allowed: true },
    })
    if (step.command) this.command({ kind: step.command.kind })
  }
}

/** Counts by cell, without what depends on the order in which they came in. */
export function sums(table: CellTable): Record<string, object> {
  return Object.fromEntries(
    table
      .toList()
      .filter((cell) => cell.requests > 0)
      .map((cell): [string, object] => [
        `${cell.variant} ${cell.arm} ${cell.generation} ${cell.stage}`,
        {
          requests: cell.requests,
          errors: errorsOf(cell),
          latency: cell.latency,
          journeys: cell.journeys,
          erroredBuckets: cell.erroredBuckets.toSorted((a, b) => a - b),
        },
      ])
      .toSorted(([a], [b]) => a.localeCompare(b)),
  )
}
