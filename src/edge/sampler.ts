/** Takes down what a few requests are decided by, for people who want to know whom a change would move. */
import type { Snapshot } from '../core/config/snapshot.ts'
import type { RequestContext } from '../core/context/request-context.ts'
import {
  type DecisionSample,
  type RawSample,
  type SamplingPlan,
  samplingPlanOf,
  sealSample,
  takeSample,
} from '../core/decision/sample.ts'
import type { Env } from '../env.ts'
import { pseudonymOf } from '../pseudonym.ts'
import type { Facts } from './facts.ts'

/** Before anybody has asked for more or fewer. */
const FIRST_QUOTA = 20

export class Sampler {
  #raw: RawSample[] = []
  #quota = FIRST_QUOTA
  #plan: { snapshot: Snapshot; plan: SamplingPlan } | undefined

  /** Takes the request down, if there is room for one more until the next flush. */
  offer(snapshot: Snapshot, facts: Facts, context: RequestContext): void {
    if (this.#raw.length >= this.#quota) return
    if (this.#plan?.snapshot !== snapshot) this.#plan = { snapshot, plan: samplingPlanOf(snapshot) }
    this.#raw.push(takeSample(this.#plan.plan, context, facts, context.targetingKey()))
  }

  /** Hands over what has been taken down, without identifiers. */
  async seal(env: Env): Promise<DecisionSample[]> {
    const raw = this.#raw
    this.#raw = []
    return await Promise.all(raw.map((sample) => sealSample(sample, (text) => pseudonymOf(text, env))))
  }

  /** How many are welcome with the next flush. */
  want(quota: number): void {
    this.#quota = quota
  }
}
