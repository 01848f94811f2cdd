/**
 * Samples failed answers for people who ask what failed. Answers that are good cost nothing; of the others a few between two
 * flushes are described. Not a part of the request path: the composition root adds it.
 */
import { describeDevice } from '../../core/context/device.ts'
import { type FailureSample, failedPath } from '../../core/counters/samples/failures.ts'
import type { Outcome } from '../../core/outcome/outcome.ts'
import type { GateRequest } from '../request/gate-request.ts'

/** Of one flag, arm and kind between two flushes; of all together. */
const MOST_OF_A_KIND = 8
const MOST = 40
/** Ids of requests as they are in logs: Cloudflare's, a proxy's or an app's, of a trace. */
const REQUEST_ID = /^[\w.:-]{1,64}$/

export class FailureSampler {
  #samples: FailureSample[] = []

  /** Describes a failure, if there is room; `status` is that of the answer, undefined where none came. */
  offer({ decision, failure }: Outcome, request: GateRequest, status: number | undefined): void {
    const { flag, variant, generation, placement } = decision
    const { arm } = placement
    if (arm === 'other') return
    const as = failure === undefined ? 'turned-away' : 'failed'
    const alike = this.#samples.filter((each) => each.flag === flag && each.arm === arm && each.as === as)
    if (alike.length >= MOST_OF_A_KIND || this.#samples.length >= MOST) return
    const { nowMs: atMs, method, path, colo } = request
    const { browser, bot } = describeDevice({
      userAgent: request.header('user-agent'),
      mobile: undefined,
      platform: undefined,
    })
    const seen = {
      statuses: String(status ?? failure),
      paths: failedPath(method, path),
      colos: colo,
      countries: String(request.cf('country') ?? 'unknown'),
      browsers: browser ?? (bot ? 'bot' : 'unknown'),
    }
    this.#samples.push({ flag, generation, variant, arm, as, atMs, seen, requestId: requestIdOf(request) })
  }

  /** Hands over the samples. */
  take(): FailureSample[] {
    return this.#samples.splice(0)
  }
}

function requestIdOf(request: GateRequest): string | undefined {
  const id =
    request.header('cf-ray') ?? request.header('x-request-id') ?? request.header('traceparent')?.split('-')[1]
  return id !== undefined && REQUEST_ID.test(id) ? id : undefined
}
