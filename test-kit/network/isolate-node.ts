/** An isolate that serves requests: the real Outbox, and around it what edge/reporter.ts does. */

import { countOutcome } from '../../src/core/counters/cell.ts'
import {
  GATHER_MS,
  REPLY_AHEAD_MS,
  SHORTEST_INTERVAL_MS,
  shardName,
} from '../../src/core/counters/load/back-pressure.ts'
import { Outbox } from '../../src/core/counters/outbox.ts'
import type { FlushMessage, FlushReply } from '../../src/core/counters/protocol.ts'
import type { Random } from '../simulation/random.ts'
import type { SimulatedClock } from './clock.ts'
import { TAG } from './shard-node.ts'

const ARMS = ['canary', 'control'] as const

export type IsolateOptions = {
  id: string
  colo: string
  requestsPerSecond: number
  flags: number
  startsAtMs: number
  leavesAtMs: number
}

/** The way to a shard. */
export type Flush = (shard: string, message: FlushMessage, answer: (reply: FlushReply) => void) => void

export class IsolateNode {
  /** Requests that it has counted. */
  requests = 0
  epoch = 0
  epochAtMs = 0
  readonly #options: IsolateOptions
  readonly #clock: SimulatedClock
  readonly #random: Random
  readonly #flushTo: Flush
  readonly #outbox = new Outbox()
  #shards = 1
  #intervalMs = SHORTEST_INTERVAL_MS
  #flushedAtMs = Number.NEGATIVE_INFINITY
  #servedUntilMs: number
  #isOver = false

  constructor(options: IsolateOptions, clock: SimulatedClock, random: Random, flushTo: Flush) {
    this.#options = options
    this.#clock = clock
    this.#random = random
    this.#flushTo = flushTo
    this.#servedUntilMs = options.startsAtMs
    clock.after(options.startsAtMs + GATHER_MS - clock.nowMs, () => this.#timer())
  }

  servesAt(nowMs: number): boolean {
    return nowMs >= this.#options.startsAtMs && nowMs < this.#options.leavesAtMs
  }

  /** No more requests come; what has been counted goes on arriving. */
  drain(): void {
    this.#isOver = true
  }

  #timer(): void {
    const { nowMs } = this.#clock
    const leftMs = this.#flushedAtMs + this.#intervalMs - nowMs
    if (leftMs <= 0) {
      if (nowMs >= this.#options.leavesAtMs) this.#isOver = true
      if (!this.#isOver) this.#serve()
      if (!this.#outbox.isEmpty) this.#flush()
      if (this.#isOver && this.#outbox.isEmpty) return
    }
    this.#clock.after(leftMs > 0 ? leftMs : this.#intervalMs, () => this.#timer())
  }

  /** Counts what has come since the last time. */
  #serve(): void {
    const random = this.#random
    const elapsedMs = this.#clock.nowMs - this.#servedUntilMs
    this.#servedUntilMs = this.#clock.nowMs
    const requests = random.poisson((this.#options.requestsPerSecond * elapsedMs) / 1_000)
    if (requests === 0) return
    this.requests += requests
    const flag = `flag-${random.below(this.#options.flags)}`
    const arm = ARMS[random.below(2)] ?? 'control'
    const key = { flag, variant: arm === 'canary' ? 'on' : 'off', generation: 1, stage: 0 }
    const placement = { arm, position: 1 }
    const decision = { ...key, value: null, reason: 'SPLIT' as const, rule: undefined, placement }
    const latencyMs = 20 + 80 * random.next()
    const cell = this.#outbox.open.at({ ...key, arm })
    countOutcome(cell, { decision, failure: undefined, latencyMs, journey: false, rescued: false })
    // The others of this interval differ in nothing that matters here.
    cell.requests += requests - 1
  }

  #flush(): void {
    const { cells, seq } = this.#outbox.seal()
    const { id, colo } = this.#options
    const shards = this.#shards
    const shard = shardName(colo, id, shards)
    this.#flushedAtMs = this.#clock.nowMs
    const message: FlushMessage = {
      ...{ seq, cells, isolate: id, shard, shards, epoch: this.epoch, epochAtMs: this.epochAtMs },
      ...{ usedHash: TAG.hash, documentHash: TAG.hash, killHash: '', samples: [] },
      patienceMs: this.#intervalMs - REPLY_AHEAD_MS,
    }
    this.#flushTo(shard, message, (reply) => {
      this.#outbox.acknowledge(seq)
      this.#intervalMs = reply.intervalMs
      this.#shards = reply.shards
      if (reply.state === undefined || reply.epoch <= this.epoch) return
      this.epoch = reply.epoch
      this.epochAtMs = this.#clock.nowMs
      this.#flush()
    })
  }
}
