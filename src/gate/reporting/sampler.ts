/** Samples what a few requests are decided by, to estimate the impact of a change before it is made. */
import type { Snapshot } from '../../core/config/compile/snapshot.ts'
import type { RequestContext } from '../../core/context/request-context.ts'
import {
  type DecisionSample,
  type RawSample,
  type SamplingPlan,
  samplingPlanOf,
  sealSample,
  takeSample,
} from '../../core/decision/sample.ts'
import type { Env } from '../../platform/env.ts'
import { pseudonymOf } from '../../platform/pseudonym.ts'
import type { GateRequest } from '../request/gate-request.ts'

/** Until a flush reply asks for more or fewer. */
const FIRST_QUOTA = 20
/** A visitor is sampled again after so long at the earliest: a sample costs as much as several requests. */
const AGAIN_AFTER_MS = 600_000
const MOST_KNOWN = 5_000
/** A busy isolate that has met a known visitor meets more of them: recognising each costs as much as reading a header. */
const REST_MS = 10

export class Sampler {
  #raw: RawSample[] = []
  #quota = FIRST_QUOTA
  readonly #known = new Set<string>()
  #knownSinceMs = 0
  #metKnownAtMs = Number.NEGATIVE_INFINITY
  #plan: { snapshot: Snapshot; plan: SamplingPlan } | undefined

  /** Samples the request, if there is room for one more until the next flush. */
  offer(snapshot: Snapshot, request: GateRequest, context: RequestContext): void {
    const isAtRest = Math.abs(request.nowMs - this.#metKnownAtMs) < REST_MS
    if (this.#raw.length >= this.#quota || isAtRest) return
    const key = context.targetingKey()
    // No change of a percentage moves a visitor without a place.
    if (key === undefined || this.#isKnown(key, request.nowMs)) return
    if (this.#plan?.snapshot !== snapshot) this.#plan = { snapshot, plan: samplingPlanOf(snapshot) }
    this.#raw.push(takeSample(this.#plan.plan, context, request, key))
  }

  /** Whether a visitor was sampled recently; from now on they count as sampled. */
  #isKnown(targetingKey: string, nowMs: number): boolean {
    if (nowMs - this.#knownSinceMs >= AGAIN_AFTER_MS || this.#known.size >= MOST_KNOWN) {
      this.#known.clear()
      this.#knownSinceMs = nowMs
    }
    if (this.#known.has(targetingKey)) {
      this.#metKnownAtMs = nowMs
      return true
    }
    this.#known.add(targetingKey)
    return false
  }

  /** Hands over the samples, without identifiers. */
  async seal(env: Env): Promise<DecisionSample[]> {
    const raw = this.#raw
    this.#raw = []
    return await Promise.all(raw.map((sample) => sealSample(sample, (text) => pseudonymOf(text, env))))
  }

  /** How many samples the next flush should carry. */
  want(quota: number): void {
    this.#quota = quota
  }
}
