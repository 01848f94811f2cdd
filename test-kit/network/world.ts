/**
 * Isolates, Counters shards and the Controller of a whole network, by the classes that serve real requests: Outbox,
 * Shard, back-pressure, sequence windows and cells. Only time, the network and storage are simulated.
 */
import { type ControlState, INITIAL_CONTROL_STATE } from '../../src/core/config/control.ts'
import { CellTable } from '../../src/core/counters/cell.ts'
import { intervalMsFor } from '../../src/core/counters/load/back-pressure.ts'
import { livePace, type Pace } from '../../src/core/counters/load/pace.ts'
import type { ForwardMessage, ForwardReply } from '../../src/core/counters/protocol.ts'
import { EMPTY_WINDOW, type SequenceWindow, take } from '../../src/core/counters/sequence.ts'
import type { Random } from '../simulation/random.ts'
import { Calls } from './calls.ts'
import type { SimulatedClock } from './clock.ts'
import { IsolateNode } from './isolate-node.ts'
import { type Fault, Network } from './network.ts'
import { ShardNode } from './shard-node.ts'

export type WorldOptions = {
  random: Random
  colos: number
  isolates: number
  requestsPerSecond: number
  flags: number
  fault?: Fault
  /** Default: something is being judged, and no command came for a while. */
  pace?: Pace
  /** More isolates that come to the first colo at some time, and leave it again. */
  surge?: { isolates: number; fromMs: number; toMs: number }
}

/** Isolates come to life over so long, as after a deployment. */
const START_MS = 10_000
/** As in durable/controller.ts: a shard counts for back-pressure, and gets pushes, after a forward within these. */
const SHARD_BUSY_MS = 15_000
const SHARD_PUSH_MS = 900_000
/** The Controller stores by alarm what a forward has left in memory. */
const CONTROLLER_ALARM_MS = 9_000

export class World {
  readonly isolates: IsolateNode[] = []
  readonly shards = new Map<string, ShardNode>()
  readonly controllerCalls = new Calls()
  readonly #network: Network
  readonly #options: WorldOptions
  readonly #windows = new Map<string, { window: SequenceWindow; seenAtMs: number }>()
  readonly #counted = new CellTable()
  #state: ControlState = INITIAL_CONTROL_STATE

  constructor(clock: SimulatedClock, options: WorldOptions) {
    this.#network = new Network(clock, options.random, options.fault)
    this.#options = options
    const shares = sharesOf(options.colos)
    for (let colo = 0; colo < options.colos; colo++) {
      const perSecond = options.requestsPerSecond * (shares[colo] ?? 0)
      const isolates = Math.max(1, Math.round(options.isolates * (shares[colo] ?? 0)))
      for (let index = 0; index < isolates; index++)
        this.#addIsolate(colo, index, perSecond / isolates, 0, Number.POSITIVE_INFINITY)
    }
    const { surge, requestsPerSecond, isolates } = options
    for (let index = 0; index < (surge?.isolates ?? 0); index++)
      this.#addIsolate(
        0,
        isolates + index,
        requestsPerSecond / isolates,
        surge?.fromMs ?? 0,
        surge?.toMs ?? 0,
      )
    this.#controllerAlarm()
  }

  /** Requests that isolates have counted. */
  get requests(): number {
    return this.isolates.reduce((sum, isolate) => sum + isolate.requests, 0)
  }

  /** Requests that have reached the Controller's books. */
  get countedRequests(): number {
    return this.#counted.toList().reduce((sum, cell) => sum + cell.requests, 0)
  }

  /** A person kills a flag: the Controller's state is new, and it tells every shard that it knows. */
  kill(): number {
    const { nowMs } = this.#network.clock
    const state = { ...this.#state, epoch: this.#state.epoch + 1, killed: ['flag-0'] }
    this.#state = state
    for (const [name, { seenAtMs }] of this.#windows) {
      if (nowMs - seenAtMs > SHARD_PUSH_MS) continue
      const node = this.#shardNode(name)
      this.#network.call(node.calls, 'shard', this.#network.farMs(), () => node.adopt(state))
    }
    return state.epoch
  }

  drain(): void {
    for (const isolate of this.isolates) isolate.drain()
  }

  #addIsolate(colo: number, index: number, requestsPerSecond: number, fromMs: number, toMs: number): void {
    const { random, flags } = this.#options
    const id = `isolate-${colo}-${index}`
    const startsAtMs = fromMs + random.next() * START_MS
    const leavesAtMs = toMs + random.next() * START_MS
    const options = { id, colo: `colo-${colo}`, requestsPerSecond, flags, startsAtMs, leavesAtMs }
    const network = this.#network
    this.isolates.push(
      new IsolateNode(options, network.clock, random, (shard, message, answer) => {
        const node = this.#shardNode(shard)
        network.call(node.calls, 'shard', network.nearMs(), () => node.takeFlush(message, answer))
      }),
    )
  }

  #shardNode(name: string): ShardNode {
    let node = this.shards.get(name)
    if (node === undefined) {
      const network = this.#network
      node = new ShardNode(name, network, (message, done, fail) => {
        const arrive = () => {
          const reply = this.#takeForward(message)
          network.clock.after(network.farMs(), () => done(reply))
        }
        network.call(this.controllerCalls, 'controller', network.farMs(), arrive, fail)
      })
      this.shards.set(name, node)
    }
    return node
  }

  /** What Controller.forward does. */
  #takeForward(message: ForwardMessage): ForwardReply {
    const { nowMs } = this.#network.clock
    const known = this.#windows.get(message.shard)
    const window = take(known?.window ?? EMPTY_WINDOW, message.seq)
    if (window !== undefined) this.#counted.add(message.cells)
    this.#windows.set(message.shard, { window: window ?? known?.window ?? EMPTY_WINDOW, seenAtMs: nowMs })
    let busy = 0
    for (const { seenAtMs } of this.#windows.values()) if (nowMs - seenAtMs < SHARD_BUSY_MS) busy++
    return {
      epoch: this.#state.epoch,
      state: message.epoch < this.#state.epoch ? this.#state : undefined,
      document: undefined,
      intervalMs: intervalMsFor(busy),
      sampleQuota: 0,
      pace: this.#options.pace ?? livePace(busy),
    }
  }

  #controllerAlarm(): void {
    const { clock } = this.#network
    clock.after(CONTROLLER_ALARM_MS, () => {
      this.controllerCalls.note(clock.nowMs)
      this.#controllerAlarm()
    })
  }
}

/** Few colos get most of the traffic: shares fall off as 1/rank^0.8. */
function sharesOf(colos: number): number[] {
  const weights = Array.from({ length: colos }, (_, rank) => 1 / (rank + 1) ** 0.8)
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => weight / sum)
}
