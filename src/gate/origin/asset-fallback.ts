/**
 * Assets that one version has and the other hasn't. A script that one version's page asks for can end up at the other
 * (percentages move while pages are open), so the gate asks the other origins before the visitor sees a 404. No cache
 * keeps the 404 of an asset that is missing everywhere, and no shared one an asset that was found elsewhere: a moment
 * later the answer may be another.
 *
 * The origins of variants that a kill or a rollback has closed lend no service worker, which would outlive that in the browser. A
 * kill cuts off: no worker of any kind, and after `kill --isolate` nothing at all.
 */
import { type KilledOrigins, killedOrigins } from '../../core/config/compile/killed-origins.ts'
import type { Origin, RouteTarget } from '../../core/config/compile/route-target.ts'
import type { Snapshot } from '../../core/config/compile/snapshot.ts'
import type { NetworkStanding } from '../../core/limits/network-standing.ts'
import { RetryBudget } from '../../core/limits/retry-budget.ts'
import type { ActiveConfig } from '../config/live-config.ts'
import type { GateRequest } from '../request/gate-request.ts'
import { keepForRevalidation } from './cache-control.ts'
import { changeable } from './changeable.ts'
import { type Answered, fieldsOf, type RoutedCall } from './fetch-origin.ts'
import type { OriginHealth } from './origin-health.ts'
import { type Delivery, discard, type OriginClient } from './retry-and-fallback.ts'

/** Names that exist nowhere make the origins work twice; this bounds how often. */
const BUDGET_SHARE = 0.1

const DESTINATIONS = [
  ...['image', 'script', 'style', 'font', 'manifest', 'audio', 'video', 'track'],
  ...['worker', 'sharedworker', 'serviceworker', 'audioworklet', 'paintworklet', 'json'],
]
const WORKERS: ReadonlySet<string> = new Set(['worker', 'sharedworker'])
const ASSET = /\.(?:m?js|css|map|wasm|woff2?|ttf|otf|png|jpe?g|gif|svg|webp|avif|ico|mp[34]|webm)$/i

export class AssetFallback {
  readonly #budget = new RetryBudget()
  readonly #client: OriginClient
  readonly #health: OriginHealth
  readonly #standing: NetworkStanding
  /** Of the config that an asset was looked for by last. */
  #killed: { of: ActiveConfig; origins: KilledOrigins } | undefined

  constructor(client: OriginClient, health: OriginHealth, standing: NetworkStanding) {
    this.#client = client
    this.#health = health
    this.#standing = standing
  }

  /** The delivery; for an asset that its origin doesn't have, the answer of the origin that has it. */
  async complete(
    request: GateRequest,
    { origin, target }: RoutedCall,
    delivery: Delivery,
    config: ActiveConfig,
  ): Promise<Delivery> {
    this.#budget.earn(BUDGET_SHARE)
    const { answer, rescued } = delivery
    if (answer.kind !== 'answered' || !isAssetMissing(request, answer)) return delivery
    const others = originsBeside(target, config.snapshot).filter((other) => other !== answer.origin)
    const { closed, killed, isolated } = this.#killedOf(config)
    if (request.header('service-worker') !== undefined && others.some((other) => isolated.has(other)))
      return { ...delivery, answer: farewell(answer) }
    const kept = isForServiceWorker(request) ? closed : isForWorker(request) ? killed : isolated
    // A rescued request has just failed at its assigned origin.
    const worthAsking = others.filter((other) => !kept.has(other) && !(rescued && other === origin))
    const found = await this.#find(request, target, worthAsking)
    if (found !== undefined) {
      discard(answer)
      return { ...delivery, answer: withHeaders(found, keepForRevalidation) }
    }
    return others.length > 0 ? { ...delivery, answer: uncacheable(answer) } : delivery
  }

  #killedOf(config: ActiveConfig): KilledOrigins {
    if (this.#killed?.of !== config)
      this.#killed = { of: config, origins: killedOrigins(config.snapshot, config.control) }
    return this.#killed.origins
  }

  async #find(
    request: GateRequest,
    target: RouteTarget,
    origins: readonly Origin[],
  ): Promise<Answered | undefined> {
    const nowMs = Date.now()
    for (const origin of origins) {
      if (!this.#health.mayAsk(origin, nowMs, request)) continue
      const lookUp = this.#budget.start(nowMs, this.#standing.payer(request.network, nowMs))
      if (lookUp === undefined) return undefined
      const answer = await this.#client.attempt(request, { origin, extraHeaders: [], target })
      const isFound = answer.kind === 'answered' && answer.status < 400 && !isAssetMissing(request, answer)
      this.#budget.end(lookUp, isFound || answer.kind === 'abandoned')
      if (isFound) return answer
      discard(answer)
    }
    return undefined
  }
}

/** A 404; or a page where a script or the like was asked for, which is how single-page apps answer unknown paths. */
function isAssetMissing(request: GateRequest, answer: Answered): boolean {
  const isPage = answer.status === 200
  if ((!isPage && answer.status !== 404) || !request.isRead) return false
  const isAsset = () => ASSET.test(request.path)
  const destination = request.header('sec-fetch-dest') ?? ''
  if (DESTINATIONS.includes(destination) || (isByServiceWorker(request) && isAsset())) {
    return !isPage || fieldsOf(answer).get('content-type')?.startsWith('text/html') === true
  }
  return !isPage && isAsset()
}

/** Whether a service worker may have passed the request on, which loses its destination. */
function isByServiceWorker(request: GateRequest): boolean {
  return request.header('sec-fetch-dest') === 'empty' && request.header('sec-fetch-mode') !== 'navigate'
}

/** Old browsers say so by the header alone. */
function isForServiceWorker(request: GateRequest): boolean {
  return (
    request.header('sec-fetch-dest') === 'serviceworker' || request.header('service-worker') !== undefined
  )
}

/**
 * Whether the answer becomes a worker that a page starts. A service worker that passes the request for it on loses the
 * destination, and keeps the mode, which nothing else has.
 */
function isForWorker(request: GateRequest): boolean {
  const destination = request.header('sec-fetch-dest')
  return (
    WORKERS.has(destination ?? '') ||
    (destination === 'empty' && request.header('sec-fetch-mode') === 'same-origin')
  )
}

/** A 404 would leave the service worker where it is; this one takes its place, and ends. */
function farewell(answer: Answered): Answered {
  discard(answer)
  const script = 'oninstall = () => skipWaiting()\nonactivate = () => registration.unregister()\n'
  const headers = { 'content-type': 'text/javascript', 'cache-control': 'no-store' }
  return {
    ...answer,
    response: new Response(script, { headers }),
    status: 200,
    isCopy: true,
    fields: undefined,
  }
}

function uncacheable(answer: Answered): Answered {
  return withHeaders(answer, (headers) => headers.set('cache-control', 'no-store'))
}

function withHeaders(answer: Answered, change: (headers: Headers) => void): Answered {
  const response = answer.isCopy ? answer.response : changeable(answer.response)
  change(response.headers)
  return { ...answer, response, isCopy: true, fields: undefined }
}

/** The origins among which the route's flag chooses; for a route without flag, those of flags that may lead here. */
function originsBeside(target: RouteTarget, { routes }: Snapshot): readonly Origin[] {
  if (target.kind === 'flag') return target.distinct
  const beside = routes.flatMap(({ target: each }) =>
    each.kind === 'flag' && each.distinct.includes(target.origin) ? each.distinct : [],
  )
  return [...new Set(beside)]
}
