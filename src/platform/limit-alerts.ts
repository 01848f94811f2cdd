/**
 * Tells the document's webhooks that a limit of the platform is reached. An isolate does so by itself: past a limit
 * of Durable Objects there is no Controller that could. Once a day and limit; isolates of one location that share a cache send
 * one message among them.
 */
import type { WebhookConfig } from '../core/config/schema/document.ts'
import { limitText, type ReachedLimit, reachedLimits } from '../core/counters/platform-limits.ts'
import { notificationBody } from '../core/rollout/news/notification.ts'
import { type Env, environmentOf } from './env.ts'
import { internalErrors, noteInternalError } from './internal-errors.ts'
import { DEFAULT_SECRET, postWebhook } from './post-webhook.ts'

const DAY_S = 86_400

export class LimitAlerts {
  /** Limits that were told, by day. */
  readonly #told = new Set<string>()

  /** Sends what is new. Never throws. */
  async send(webhooks: readonly WebhookConfig[], env: Env, nowMs: number): Promise<void> {
    const wanted = webhooks.filter(({ events }) => events.includes('limit'))
    if (wanted.length === 0) return
    for (const reached of reachedLimits(internalErrors(), nowMs)) {
      const name = `${reached.limit}/${new Date(nowMs).toISOString().slice(0, 10)}`
      if (this.#told.has(name)) continue
      this.#told.add(name)
      if (await this.#isFirstHere(name)) await post(wanted, reached, env, nowMs)
    }
  }

  /** Whether no isolate of this location has told it; where there is no cache, each is the first. */
  async #isFirstHere(name: string): Promise<boolean> {
    try {
      const { default: cache } = caches as unknown as { default: Cache }
      const key = `https://limits.sluice.invalid/${name}`
      if (await cache.match(key)) return false
      await cache.put(key, new Response('', { headers: { 'cache-control': `max-age=${DAY_S}` } }))
    } catch (error) {
      noteInternalError('limit-alerts.cache', error)
    }
    return true
  }
}

async function post(
  webhooks: readonly WebhookConfig[],
  { limit }: ReachedLimit,
  env: Env,
  nowMs: number,
): Promise<void> {
  const message = crypto.randomUUID()
  const notification = {
    id: message,
    event: 'limit' as const,
    flag: '*',
    at: new Date(nowMs).toISOString(),
    environment: environmentOf(env),
    actor: 'gate',
    reason: limitText(limit),
    generation: 0,
    stage: 0,
    percentage: null,
    from: null,
    to: null,
    changes: [],
    evidence: { limit },
  }
  await Promise.all(
    webhooks.map(async ({ url, format, secretBinding }) => {
      const body = notificationBody(notification, format)
      const { delivered, detail } = await postWebhook(env, {
        url,
        body,
        message,
        secret: secretBinding ?? DEFAULT_SECRET,
      })
      if (!delivered) noteInternalError('limit-alerts.send', new Error(detail))
    }),
  )
}
