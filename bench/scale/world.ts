/**
 * Isolates, Counters shards and the Controller of a whole network, by the classes that serve real requests: Outbox,
 * Shard, back-pressure, sequence windows and cells. Only time, the network and storage are simulated.
 */
import { type ControlState, INITIAL_CONTROL_STATE } from '../../src/core/config/control.ts'
import type { DocumentTag } from '../../src/core/config/document-tag.ts'
import { intervalMsFor, SHORTEST_INTERVAL_MS, shardName } from '../../src/core/counters/back-pressure.ts'
import { CellTable, countOutcome } from '../../src/core/counters/cell.ts'
import { Outbox } from '../../src/core/counters/outbox.ts'
import type { ForwardMessage, ForwardReply } from '../../src/core/counters/protocol.ts'
import { EMPTY_WINDOW, type SequenceWindow, take } from '../../src/core/counters/sequence.ts'
import { Shard } from '../../src/core/counters/shard.ts'
import type { Random } from '../guard/random.ts'
import type { SimulatedClock } from './clock.ts'

/** Something that goes wrong between two moments, ms of simulated time. */
export type Fault = {
  what: 'shard' | 'controller'
  /** A delay on every answer; Infinity: no answer at all. */
  delayMs: number
  fromMs: number
  toMs: number
}

export type WorldOptions = {
  random: Random
  colos: number
  isolates: number
  requestsPerSecond: number
  flags: number
  fault?: Fault
}

/** How long a caller waits for a Durable Object before it counts as away. */
const CALL_TIMEOUT_MS = 5_000
/** A shard counts for the Controller's back-pressure, and gets pushes, while it has forwarded within these. */
const SHARD_BUSY_MS = 15_000
const SHARD_PUSH_MS = 900_000
/** Alarms that make up for flushes and forwards that don't come. */
const BACKSTOP_MS = 2_000
const CONTROLLER_BACKSTOP_MS = 3_000
const TAG: DocumentTag = { version: 1, hash: 'simulated', atMs: 0, replaced: [], inKv: true }
const ARMS = ['canary', 'control'] as const

type Isolate = {
  id: string
  colo: string
  outbox: Outbox
  shards: number
  intervalMs: number
  epoch: number
  epochAtMs: number
  perSecond: number
  lastMs: number
}

type ShardNode = { name: string; shard: Shard; alarmAtMs: number | undefined; calls: Calls }

/** Requests per simulated second to one Durable Object. */
class Calls {
  readonly bySecond = new Map<number, number>()
  note(nowMs: number): void {
    const second = Math.floor(nowMs / 1_000)
    this.bySecond.set(second, (this.bySecond.get(second) ?? 0) + 1)
  }
  /** The largest mean over ten seconds that begin in the given time. */
  busiest(fromMs: number, toMs: number): number {
    let most = 0
    for (let second = fromMs / 1_000; second + 10 <= toMs / 1_000; second++) {
      let sum = 0
      for (let each = 0; each < 10; each++) sum += this.bySecond.get(second + each) ?? 0
      most = Math.max(most, sum / 10)
    }
    return most
  }
  total(fromMs: number, toMs: number): number {
    let sum = 0
    for (const [second, calls] of this.bySecond)
      if (second * 1_000 >= fromMs && second * 1_000 < toMs) sum += calls
    return sum
  }
}

export class World {
  readonly isolates: Isolate[] = []
  readonly shards = new Map<string, ShardNode>()
  readonly controllerCalls = new Calls()
  /** Requests that isolates have counted. */
  requests = 0
  readonly #clock: SimulatedClock
  readonly #options: WorldOptions
  readonly #windows = new Map<string, { window: SequenceWindow; seenAtMs: number }>()
  readonly #counted = new CellTable()
  #state: ControlState = INITIAL_CONTROL_STATE
  #isDraining = false

  constructor(clock: SimulatedClock, options: WorldOptions) {
    this.#clock = clock
    this.#options = options
    const shares = sharesOf(options.colos)
    for (let colo = 0; colo < options.colos; colo++) {
      const perSecond = options.requestsPerSecond * (shares[colo] ?? 0)
      const isolates = Math.max(1, Math.round(options.isolates * (shares[colo] ?? 0)))
      for (let index = 0; index < isolates; index++) this.#addIsolate(colo, index, perSecond / isolates)
    }
    clock.after(CONTROLLER_BACKSTOP_MS, () => this.#controllerAlarm())
  }

  /** Requests that have reached the Controller's books. */
  get countedRequests(): number {
    return this.#counted.toList().reduce((sum, cell) => sum + cell.requests, 0)
  }

  /** A person kills a flag: the Controller's state is new, and it tells every shard that it knows. */
  kill(): number {
    const { nowMs } = this.#clock
    const state = { ...this.#state, epoch: this.#state.epoch + 1, killed: ['flag-0'] }
    this.#state = state
    for (const [name, { seenAtMs }] of this.#windows) {
      if (nowMs - seenAtMs > SHARD_PUSH_MS) continue
      this.#call(this.#shardNode(name).calls, 'shard', this.#farMs(), () => {
        this.#shardNode(name).shard.adoptState(state)
      })
    }
    return state.epoch
  }

  /** No more requests come; what has been counted goes on arriving. */
  drain(): void {
    this.#isDraining = true
  }

  #addIsolate(colo: number, index: number, perSecond: number): void {
    const { random } = this.#options
    const isolate: Isolate = {
      id: `isolate-${colo}-${index}`,
      colo: `colo-${colo}`,
      outbox: new Outbox(),
      shards: 1,
      intervalMs: SHORTEST_INTERVAL_MS,
      epoch: 0,
      epochAtMs: 0,
      perSecond,
      lastMs: 0,
    }
    this.isolates.push(isolate)
    // Isolates come to life over ten seconds, as after a deployment.
    this.#clock.after(random.next() * 10_000, () => {
      isolate.lastMs = this.#clock.nowMs
      this.#clock.after(isolate.intervalMs, () => this.#flushTimer(isolate))
    })
  }

  /** What an isolate's timer does: counts what came in since, sends it, and arms the timer again. */
  #flushTimer(isolate: Isolate): void {
    if (!this.#isDraining) this.#serve(isolate)
    if (!isolate.outbox.isEmpty) this.#flush(isolate)
    if (!this.#isDraining || !isolate.outbox.isEmpty)
      this.#clock.after(isolate.intervalMs, () => this.#flushTimer(isolate))
  }

  #serve(isolate: Isolate): void {
    const { random, flags } = this.#options
    const elapsedMs = this.#clock.nowMs - isolate.lastMs
    isolate.lastMs = this.#clock.nowMs
    const requests = random.poisson((isolate.perSecond * elapsedMs) / 1_000)
    if (requests === 0) return
    this.requests += requests
    const flag = `flag-${random.below(flags)}`
    const arm = ARMS[random.below(2)] ?? 'control'
    const key = { flag, variant: arm === 'canary' ? 'on' : 'off', arm, generation: 1, stage: 0 }
    const decision = { ...key, value: null, reason: 'SPLIT' as const, rule: undefined, bucket: 1 }
    const cell = isolate.outbox.open.at(key)
    countOutcome(cell, {
      decision,
      failure: undefined,
      latencyMs: 20 + 80 * random.next(),
      journey: false,
      rescued: false,
    })
    // The others of this interval differ in nothing that matters here.
    cell.requests += requests - 1
  }

  #flush(isolate: Isolate): void {
    const { cells, seq } = isolate.outbox.seal()
    const { id, epoch, epochAtMs, shards } = isolate
    const name = shardName(isolate.colo, id, shards)
    const node = this.#shardNode(name)
    const message = {
      ...{ seq, cells, isolate: id, shard: name, shards, epoch, epochAtMs },
      ...{ usedHash: TAG.hash, documentHash: TAG.hash, killHash: '', samples: [] },
    }
    this.#call(node.calls, 'shard', this.#nearMs(), () => {
      const { reply } = node.shard.take(message, this.#clock.nowMs)
      this.#forwardInTime(node)
      this.#clock.after(this.#nearMs(), () => {
        isolate.outbox.acknowledge(seq)
        isolate.intervalMs = reply.intervalMs
        isolate.shards = reply.shards
        if (reply.state === undefined || reply.epoch <= isolate.epoch) return
        isolate.epoch = reply.epoch
        isolate.epochAtMs = this.#clock.nowMs
      })
    })
  }

  #forwardInTime(node: ShardNode): void {
    const dueMs = node.shard.forwardDueMs
    if (dueMs === undefined) return
    if (this.#clock.nowMs >= dueMs) this.#forward(node)
    else if (node.alarmAtMs === undefined) this.#setAlarm(node, dueMs + BACKSTOP_MS)
  }

  #setAlarm(node: ShardNode, atMs: number): void {
    node.alarmAtMs = atMs
    this.#clock.after(atMs - this.#clock.nowMs, () => {
      node.alarmAtMs = undefined
      node.calls.note(this.#clock.nowMs)
      if (node.shard.forwardDueMs !== undefined) this.#forward(node)
    })
  }

  #forward(node: ShardNode): void {
    const message = node.shard.startForward(node.name, this.#clock.nowMs)
    const settle = () => {
      const dueMs = node.shard.forwardDueMs
      if (dueMs !== undefined && node.alarmAtMs === undefined) this.#setAlarm(node, dueMs + BACKSTOP_MS)
    }
    const fail = () => {
      node.shard.forwardFailed()
      settle()
    }
    const take = () => {
      const reply = this.#takeForward(message)
      this.#clock.after(this.#farMs(), () => {
        node.shard.forwarded(message.seq, reply)
        node.shard.adoptState(reply.state)
        settle()
      })
    }
    this.#call(this.controllerCalls, 'controller', this.#farMs(), take, fail)
  }

  /** What Controller.forward does. */
  #takeForward(message: ForwardMessage): ForwardReply {
    const { nowMs } = this.#clock
    const known = this.#windows.get(message.shard)
    const window = take(known?.window ?? EMPTY_WINDOW, message.seq)
    if (window !== undefined) this.#counted.add(message.cells)
    this.#windows.set(message.shard, { window: window ?? known?.window ?? EMPTY_WINDOW, seenAtMs: nowMs })
    const busy = [...this.#windows.values()].filter(({ seenAtMs }) => nowMs - seenAtMs < SHARD_BUSY_MS).length
    return {
      epoch: this.#state.epoch,
      state: message.epoch < this.#state.epoch ? this.#state : undefined,
      document: undefined,
      intervalMs: intervalMsFor(busy),
      sampleQuota: 0,
    }
  }

  #controllerAlarm(): void {
    this.controllerCalls.note(this.#clock.nowMs)
    this.#clock.after(CONTROLLER_BACKSTOP_MS, () => this.#controllerAlarm())
  }

  #shardNode(name: string): ShardNode {
    let node = this.shards.get(name)
    if (node === undefined) {
      const shard = new Shard({ outbox: undefined, state: undefined, tag: TAG }, [])
      node = { name, shard, alarmAtMs: undefined, calls: new Calls() }
      this.shards.set(name, node)
    }
    return node
  }

  /** A call to a Durable Object, which may be slow or away. */
  #call(
    calls: Calls,
    what: Fault['what'],
    wayMs: number,
    arrive: () => void,
    fail: () => void = () => {},
  ): void {
    const { fault } = this.#options
    const { nowMs } = this.#clock
    const isFaulty = fault?.what === what && nowMs >= fault.fromMs && nowMs < fault.toMs
    const delayMs = isFaulty ? fault.delayMs : 0
    if (delayMs > CALL_TIMEOUT_MS) {
      this.#clock.after(CALL_TIMEOUT_MS, fail)
      return
    }
    this.#clock.after(wayMs + delayMs, () => {
      calls.note(this.#clock.nowMs)
      arrive()
    })
  }

  /** One way to a Durable Object in the same city, and across the world; with a long tail. */
  #nearMs(): number {
    return 2 - 4 * Math.log(1 - this.#options.random.next())
  }
  #farMs(): number {
    return 15 - 60 * Math.log(1 - this.#options.random.next())
  }
}

/** Few colos get most of the traffic: shares fall off as 1/rank^0.8. */
function sharesOf(colos: number): number[] {
  const weights = Array.from({ length: colos }, (_, rank) => 1 / (rank + 1) ** 0.8)
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => weight / sum)
}
