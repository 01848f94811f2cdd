/**
 * Outcomes on their way out of the isolate: added up in memory, flushed to the Counters shard of the colo at most
 * once per interval, after the response, and sent again until the shard has them. The shard holds its reply back
 * until it has news, or until it is almost time for the next flush; that is how a rollback arrives at once.
 */

import {
  type Cell,
  cellKeyOf,
  countEndOfOverdue,
  countFailure,
  countJourney,
  countOutcome,
  countOverdue,
  countTiming,
  countVital,
  type VitalName,
} from '../../core/counters/cell.ts'
import {
  GATHER_MS,
  REPLY_AHEAD_MS,
  SHORTEST_INTERVAL_MS,
  shardName,
} from '../../core/counters/load/back-pressure.ts'
import { NO_NETWORK } from '../../core/counters/networks.ts'
import { Outbox, type SealedBatch } from '../../core/counters/outbox.ts'
import { type FlushReply, numbered } from '../../core/counters/protocol.ts'
import { Sketches } from '../../core/counters/visitors.ts'
import { apart, type Decision, type Placement } from '../../core/decision/decide.ts'
import type { Outcome } from '../../core/outcome/outcome.ts'
import type { ShadowSample } from '../../core/shadow/sample.ts'
import { countersShard, type Env } from '../../platform/env.ts'
import { noteIfNewer, noteInternalError, takeInternalErrors } from '../../platform/internal-errors.ts'
import { LimitAlerts } from '../../platform/limit-alerts.ts'
import type { LiveConfig } from '../config/live-config.ts'
import { visitorSeedOf } from '../request/network.ts'
import type { FailureSampler } from './failure-sampler.ts'
import { type Asker, InFlightRequest, InFlightRequests } from './in-flight.ts'
import { MetricReporter } from './metric-reporter.ts'
import type { Sampler } from './sampler.ts'

/** A timer that has not fired this long after its time died with the request that carried it. */
const TIMER_LOST_AFTER_MS = 5_000
const ATTEMPTS = 3
/** Shards of older releases don't read metrics. */
const METRICS_SINCE_PROTOCOL = 5
const MOST_SHADOW_SAMPLES = 50
/** How often requests look for others that wait for too long. */
const LOOK_EVERY_MS = 50

/** What an app may say of a variant; `durationMs` is how long something took. */
export type AppReport =
  | { type: 'error' }
  | { type: 'timing'; durationMs: number }
  | { type: 'vital'; name: VitalName; value: number }

export type ReportContext = {
  env: Env
  /** Asked for the colo when there is something to flush, for the network where the visitor is compared. */
  place: { readonly colo: string; readonly network?: number }
  nowMs: number
  waitUntil(work: Promise<unknown>): void
}

export class Reporter {
  readonly #live: LiveConfig
  readonly #alerts = new LimitAlerts()
  readonly #sampler: Sampler
  readonly #failures: FailureSampler | undefined
  readonly #outbox = new Outbox()
  /** Exposures and events; who adds to them during no request that is counted sees to a flush (`stayInTouch`). */
  readonly metrics = new MetricReporter(this.#outbox.metrics)
  readonly #inFlight = new InFlightRequests()
  readonly #sketches = new Sketches()
  /** Sent once: what is lost on the way is lost, whatever it says. */
  #shadow: ShadowSample[] = []
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #isolate: string | undefined
  #intervalMs = SHORTEST_INTERVAL_MS
  #shards = 1
  #inColo: number | undefined
  #scheduledAtMs = Number.NEGATIVE_INFINITY
  #flushedAtMs = Number.NEGATIVE_INFINITY
  /** The interval that the last flush went by. */
  #flushedForMs = SHORTEST_INTERVAL_MS
  #told = ''
  /** Batches are sent again until one is taken: since when the present one is. */
  #repeatedSinceMs: number | undefined

  constructor(live: LiveConfig, sampler: Sampler, failures?: FailureSampler) {
    this.#live = live
    this.#sampler = sampler
    this.#failures = failures
  }

  /** How many isolates share this location, this one among them; undefined before a shard has told. */
  get inColo(): number | undefined {
    return this.#inColo
  }

  /** Tracks a request that is about to be sent, so that it counts in time even if no answer comes. */
  track(asker: Asker, deadlineMs: number, request: Request, context: ReportContext): InFlightRequest {
    if (Math.abs(context.nowMs - this.#lookedAtMs) >= LOOK_EVERY_MS && this.#countOverdue(context.nowMs))
      this.#schedule(context)
    return new InFlightRequest(asker, deadlineMs, request, this.#inFlight)
  }

  /** Counts an outcome, and flushes it in time. */
  report(outcome: Outcome, context: ReportContext, inFlight?: InFlightRequest): void {
    const cell = this.#outbox.open.at(cellKeyOf(outcome.decision))
    const network = this.#see(cell, outcome.decision.placement, context)
    if (inFlight?.isCounted) countEndOfOverdue(cell, outcome, network)
    else countOutcome(cell, outcome, network)
    this.#schedule(context)
  }

  /**
   * Counts a request that went to the fallback because the circuit of the visitor's own origin was open. What that one
   * was not asked is no evidence: of its arm there is a visitor, and the page that they got.
   */
  reportUnsent(outcome: Outcome, answeredBy: string, context: ReportContext): void {
    const { decision, journey } = outcome
    const cell = this.#outbox.open.at(cellKeyOf(decision))
    const network = this.#see(cell, decision.placement, context)
    if (journey) countJourney(cell, network)
    const elsewhere = apart({ ...decision, variant: answeredBy })
    countOutcome(this.#outbox.open.at(cellKeyOf(elsewhere)), {
      ...outcome,
      decision: elsewhere,
      journey: false,
    })
    this.#schedule(context)
  }

  /** Notes a visitor of canary or control; their network. */
  #see(cell: Cell, placement: Placement, { env, place }: ReportContext): number {
    if (placement.arm === 'other') return NO_NETWORK
    const { network = NO_NETWORK } = place
    this.#sketches.see(cell, placement.position, visitorSeedOf(env), network)
    return network
  }

  /** Counts a failure of a request whose outcome has been reported: its body broke off. */
  reportBrokenBody(outcome: Outcome, context: ReportContext): void {
    const { placement } = outcome.decision
    const source = { pairedAs: 'unpaired', network: context.place.network ?? NO_NETWORK } as const
    countFailure(this.#outbox.open.at(cellKeyOf(outcome.decision)), 'aborted-by-origin', placement, source)
    this.#schedule(context)
  }

  /** Counts what the app reported for a visitor of this decision. */
  reportFromApp(decision: Decision, report: AppReport, context: ReportContext): void {
    const cell = this.#outbox.open.at(cellKeyOf(decision))
    const network = decision.placement.arm === 'other' ? NO_NETWORK : (context.place.network ?? NO_NETWORK)
    if (report.type === 'error')
      countFailure(cell, 'reported', decision.placement, { pairedAs: 'unpaired', network })
    else if (report.type === 'timing') countTiming(cell, report.durationMs, network)
    else countVital(cell, report.name, report.name === 'CLS' ? report.value * 1_000 : report.value)
    this.#schedule(context)
  }

  /** Tells what the answers to a copied request differ in. While too many wait, this one is dropped. */
  reportShadow(sample: ShadowSample, context: ReportContext): void {
    if (this.#shadow.length < MOST_SHADOW_SAMPLES) this.#shadow.push(sample)
    this.#schedule(context)
  }

  /** Hears of news within the flush interval, also while nothing is there to be reported. */
  stayInTouch(context: ReportContext): void {
    this.#schedule(context)
  }

  /** Whether there was any. */
  #countOverdue(nowMs: number): boolean {
    this.#lookedAtMs = nowMs
    let isAny = false
    this.#inFlight.takeOverdue(nowMs, ({ decision, network }, ageMs) => {
      isAny = true
      countOverdue(this.#outbox.open.at(cellKeyOf(decision)), ageMs, network)
    })
    return isAny
  }

  /** One timer at a time, carried by the request that found none. */
  #schedule(context: ReportContext): void {
    if (context.nowMs - this.#scheduledAtMs < this.#intervalMs + TIMER_LOST_AFTER_MS) return
    this.#scheduledAtMs = context.nowMs
    context.waitUntil(this.#flushLater(context))
  }

  async #flushLater(context: ReportContext): Promise<void> {
    await scheduler.wait(GATHER_MS)
    // More than an interval is left only where the clock has been put back.
    for (let leftMs = this.#leftMs; leftMs > 0 && leftMs <= this.#intervalMs; leftMs = this.#leftMs) {
      if (this.#told !== this.seenInKv) break
      await scheduler.wait(Math.min(leftMs, GATHER_MS))
    }
    // From here on outcomes belong to the next flush, and arm its timer in a request of their own.
    this.#scheduledAtMs = Number.NEGATIVE_INFINITY
    this.#countOverdue(Date.now())
    const repeats = this.#outbox.hasSealed
    const batch = this.#seal()
    if ((await this.#deliver(context, batch)) && repeats && !this.#outbox.isEmpty) {
      this.#schedule({ ...context, nowMs: Date.now() })
    }
    await this.#alerts.send(this.#live.last.snapshot.webhooks, context.env, Date.now())
  }

  /** What KV shows this isolate: the Controller hears of it soon where it is new. */
  get seenInKv(): string {
    return `${this.#live.seenHash} ${this.#live.killHash}`
  }

  /**
   * Until the next flush is due. A longer interval counts from then on: the shard has held its reply back for the old
   * one, and until the next flush this isolate could not hear of a kill.
   */
  get #leftMs(): number {
    return this.#flushedAtMs + Math.min(this.#flushedForMs, this.#intervalMs) - Date.now()
  }

  /** The batch to send. What it holds is sent again until the shard has it, internal errors included. */
  #seal(): SealedBatch {
    this.#outbox.internalErrors.add(takeInternalErrors())
    return this.#outbox.seal()
  }

  /** Whether the shard took the batch. Where it can't be reached the batch stays sealed, and requests go on. */
  async #deliver(context: ReportContext, batch: SealedBatch): Promise<boolean> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      try {
        const reply = await this.#send(context, batch)
        noteIfNewer('flush reply', reply)
        this.#outbox.acknowledge(batch.seq)
        if (batch.metrics !== undefined && (reply.protocol ?? 0) < METRICS_SINCE_PROTOCOL)
          this.#outbox.metrics.restore(batch.metrics)
        this.#repeatedSinceMs = undefined
        this.#live.vouch(reply.kvAgeMs, Date.now())
        this.#intervalMs = reply.intervalMs
        // Only now: a batch that is sent again must reach the shard that may have it already.
        this.#shards = reply.shards
        // A shard of another release says nothing of the others.
        this.#inColo = reply.inColo ?? 1
        this.#sampler.want(reply.sampleQuota)
        // People who kill a flag wait to hear that it has arrived: that is said at once, not with the next flush.
        if (await this.#learn(context, reply)) await this.#deliver(context, this.#seal())
        return true
      } catch (error) {
        noteInternalError('flush.send', error)
        await scheduler.wait((this.#intervalMs / 2) * attempt)
      }
    }
    return false
  }

  /** Takes over what is newer; whether the control state was. */
  async #learn(context: ReportContext, { state, document }: FlushReply): Promise<boolean> {
    const before = this.#live.epoch
    if (state !== undefined) this.#live.adopt(state, Date.now())
    if (document !== undefined) {
      const shard = countersShard(context.env, this.#shardIn(context.place.colo))
      await this.#live.offer(document, () => shard.documentText(document.version), context.env, Date.now())
    }
    return this.#live.epoch > before
  }

  async #send(context: ReportContext, batch: SealedBatch): Promise<FlushReply> {
    const shard = this.#shardIn(context.place.colo)
    this.#flushedAtMs = Date.now()
    this.#flushedForMs = this.#intervalMs
    this.#told = this.seenInKv
    const repeatedSinceMs = this.#repeatedSinceMs
    const failures = this.#failures?.take() ?? []
    this.#repeatedSinceMs ??= this.#flushedAtMs
    const message = numbered({
      ...batch,
      isolate: this.#isolateId(),
      shard,
      shards: this.#shards,
      epoch: this.#live.epoch,
      epochAtMs: this.#live.epochAtMs,
      usedHash: this.#live.usedHash,
      documentHash: this.#live.seenHash,
      killHash: this.#live.killHash,
      samples: await this.#sampler.seal(context.env),
      ...(this.#shadow.length > 0 && { shadow: this.#shadow.splice(0) }),
      ...(failures.length > 0 && { failures }),
      patienceMs: this.#intervalMs - REPLY_AHEAD_MS,
      kvReadAtMs: this.#live.kvReadAtMs,
      ...(repeatedSinceMs !== undefined && { repeatedSinceMs }),
    })
    return await countersShard(context.env, shard).flush(message)
  }

  #shardIn(colo: string): string {
    return shardName(colo, this.#isolateId(), this.#shards)
  }

  /** Random ids can't be made when the Worker loads; a flush is the first moment that needs one. */
  #isolateId(): string {
    this.#isolate ??= crypto.randomUUID()
    return this.#isolate
  }
}
