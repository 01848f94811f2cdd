/**
 * Assets that one version has and the other hasn't. A script that a page of the one version asks for can end up at
 * the other (percentages move while pages are open); before the visitor sees a 404 the other origins are asked. What
 * is missing everywhere is kept by no cache: a moment later the answer may be another.
 */
import type { Origin, RouteTarget } from '../../core/config/compile/route-target.ts'
import type { Snapshot } from '../../core/config/compile/snapshot.ts'
import { RetryBudget } from '../../core/limits/retry-budget.ts'
import type { Plan } from '../plan.ts'
import type { GateRequest } from '../request/gate-request.ts'
import type { OriginAnswer } from './fetch-origin.ts'
import type { OriginHealth } from './origin-health.ts'
import { askAndNote } from './retry.ts'

/** Somebody who asks for names that exist nowhere makes the origins work twice; this is how much of it there may be. */
const BUDGET_SHARE = 0.1

const DESTINATIONS = [
  ...['image', 'script', 'style', 'font', 'manifest', 'audio', 'video', 'track'],
  ...['worker', 'sharedworker', 'serviceworker', 'audioworklet', 'paintworklet', 'json'],
]
const ASSET = /\.(?:m?js|css|map|wasm|woff2?|ttf|otf|png|jpe?g|gif|svg|webp|avif|ico|mp[34]|webm)$/i

export class AssetFallback {
  readonly #budget = new RetryBudget()
  readonly #health: OriginHealth

  constructor(health: OriginHealth) {
    this.#health = health
  }

  /** The answer; or, for an asset that the origin doesn't have, the one of the origin that has it. */
  complete(
    request: GateRequest,
    plan: Plan,
    answer: OriginAnswer,
    snapshot: Snapshot,
  ): OriginAnswer | Promise<OriginAnswer> {
    this.#budget.earn(BUDGET_SHARE)
    const hasFailed = answer.failure !== undefined && !answer.rescued
    const isThere = hasFailed || !isMissing(request, answer)
    return isThere ? answer : this.#find(request, plan, answer, snapshot)
  }

  async #find(
    request: GateRequest,
    plan: Plan,
    answer: OriginAnswer,
    snapshot: Snapshot,
  ): Promise<OriginAnswer> {
    const nowMs = Date.now()
    const others = originsBeside(plan.target, snapshot).filter((origin) => origin !== answer.origin)
    for (const origin of others) {
      // Of a rescued request the origin that was meant has failed just now.
      if ((answer.rescued && origin === plan.origin) || !this.#health.mayHelp(origin, nowMs)) continue
      const lookUp = this.#budget.start(nowMs)
      if (lookUp === undefined) break
      const found = await askAndNote(request, { origin, extra: [], target: plan.target }, this.#health)
      const isFound = found.failure === undefined && found.status < 400 && !isMissing(request, found)
      this.#budget.end(lookUp, isFound || found.visitorLeft)
      if (isFound) {
        discard(answer.response)
        const { response, isMutable, status, tag } = found
        return { ...answer, response, isMutable, status, origin, tag }
      }
      discard(found.response)
    }
    return others.length > 0 ? { ...answer, missing: true } : answer
  }
}

/** A 404; or a page where a script or the like was asked for, which is how single-page apps answer unknown paths. */
function isMissing(request: GateRequest, { response, status }: OriginAnswer): boolean {
  const isPage = status === 200
  if ((!isPage && status !== 404) || (request.method !== 'GET' && request.method !== 'HEAD')) return false
  const isAsset = () => ASSET.test(request.path)
  if (DESTINATIONS.includes(request.header('sec-fetch-dest') ?? '') || (isByWorker(request) && isAsset())) {
    return !isPage || response.headers.get('content-type')?.startsWith('text/html') === true
  }
  return !isPage && isAsset()
}

/** Whether a service worker may have passed it on: what it was for is lost then. */
function isByWorker(request: GateRequest): boolean {
  return request.header('sec-fetch-dest') === 'empty' && request.header('sec-fetch-mode') !== 'navigate'
}

/** The origins among which the route's flag chooses; for a route without flag, those of flags that may lead here. */
function originsBeside(target: RouteTarget, { routes }: Snapshot): readonly Origin[] {
  if (target.kind === 'flag') return target.distinct
  const beside = routes.flatMap(({ target: each }) =>
    each.kind === 'flag' && each.distinct.includes(target.origin) ? each.distinct : [],
  )
  return [...new Set(beside)]
}

function discard(response: Response): void {
  void response.body?.cancel().catch(() => {})
}
