/**
 * Notifications about rollouts, by the webhooks of the document in force. Messages stay in SQLite until they are
 * delivered, so that a receiver that is down gets them later. No decision waits for a delivery.
 */
import type { NotificationEvent, WebhookConfig } from '../../../core/config/schema/document.ts'
import { NOTIFICATION_EVENTS } from '../../../core/config/schema/rollout.ts'
import type { Cause } from '../../../core/rollout/audit.ts'
import type { Command } from '../../../core/rollout/commands.ts'
import {
  type Notification,
  notificationBody,
  retryDelayMs,
  type Transition,
} from '../../../core/rollout/news/notification.ts'
import { type Env, environmentOf } from '../../../platform/env.ts'
import { DEFAULT_SECRET, postWebhook } from '../../../platform/post-webhook.ts'

const DELIVERIES_AT_ONCE = 10
/** A receiver that never comes back must not fill the storage. */
const MOST_WAITING = 1_000

/** What messages say of a flag. */
export type AttemptFacts = Pick<Notification, 'generation' | 'stage' | 'percentage'>

/** What messages are made of. */
export type Told = {
  webhooks(): readonly WebhookConfig[]
  attemptOf(flag: string): AttemptFacts
}

/** Who changed what, and from what to what. */
export type News = Cause & Transition

const NO_ATTEMPT: AttemptFacts = { generation: 0, stage: 0, percentage: null }

type Row = { id: number; message: string; url: string; secret: string; body: string; attempts: number }

export class Notifier {
  readonly #sql: SqlStorage
  readonly #env: Env
  readonly #told: Told
  #delivering = false

  constructor(sql: SqlStorage, env: Env, told: Told) {
    this.#sql = sql
    this.#env = env
    this.#told = told
    sql.exec(
      `CREATE TABLE IF NOT EXISTS messages (
         id INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT NOT NULL, url TEXT NOT NULL, secret TEXT NOT NULL,
         body TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due_ms INTEGER NOT NULL
       )`,
    )
  }

  /** Queues a message for every webhook that wants the event: about a flag, all of them (`*`), or the gate (null). */
  enqueue(event: NotificationEvent, flag: string | null, news: News, nowMs: number): void {
    const webhooks = this.#told.webhooks()
    if (webhooks.length === 0) return
    const notification = this.#notification(event, flag, news, nowMs)
    for (const { url, format, events, secretBinding } of webhooks) {
      if (!events.includes(event)) continue
      this.#sql.exec(
        'INSERT INTO messages (message, url, secret, body, due_ms) VALUES (?, ?, ?, ?, ?)',
        notification.id,
        url,
        secretBinding ?? DEFAULT_SECRET,
        notificationBody(notification, format),
        nowMs,
      )
    }
    this.#sql.exec('DELETE FROM messages WHERE id <= (SELECT MAX(id) FROM messages) - ?', MOST_WAITING)
  }

  /** When the next message is due; undefined when none is waiting. */
  get nextDueMs(): number | undefined {
    const row = this.#sql.exec<{ due: number | null }>('SELECT MIN(due_ms) AS due FROM messages').one()
    return row.due ?? undefined
  }

  /** Delivers the messages that are due, unless a delivery is running already. */
  async deliver(nowMs: number): Promise<void> {
    if (this.#delivering) return
    this.#delivering = true
    try {
      const due = this.#sql
        .exec<Row>('SELECT * FROM messages WHERE due_ms <= ? ORDER BY id LIMIT ?', nowMs, DELIVERIES_AT_ONCE)
        .toArray()
      await Promise.all(due.map((row) => this.#deliverOne(row)))
    } finally {
      this.#delivering = false
    }
  }

  /** Posts a test message at once and tells whether the receiver took it. */
  async test(webhook: WebhookConfig): Promise<{ delivered: boolean; detail: string }> {
    const cause = { actor: 'test', reason: 'This is a test message', evidence: undefined }
    const notification = this.#notification('test', null, cause, Date.now())
    const body = notificationBody(notification, webhook.format)
    const secret = webhook.secretBinding ?? DEFAULT_SECRET
    return await postWebhook(this.#env, { message: notification.id, url: webhook.url, secret, body })
  }

  #notification(
    event: Notification['event'],
    flag: string | null,
    { actor, reason, evidence, from = null, to = null, changes = [] }: News,
    nowMs: number,
  ): Notification {
    return {
      id: crypto.randomUUID(),
      event,
      flag,
      at: new Date(nowMs).toISOString(),
      environment: environmentOf(this.#env),
      actor,
      reason,
      ...(flag === null ? NO_ATTEMPT : this.#told.attemptOf(flag)),
      from,
      to,
      changes,
      evidence: evidence ?? null,
    }
  }

  async #deliverOne(row: Row): Promise<void> {
    if ((await postWebhook(this.#env, row)).delivered) {
      this.#sql.exec('DELETE FROM messages WHERE id = ?', row.id)
      return
    }
    const attempts = row.attempts + 1
    const delayMs = retryDelayMs(attempts)
    if (delayMs === undefined) this.#sql.exec('DELETE FROM messages WHERE id = ?', row.id)
    else {
      this.#sql.exec(
        'UPDATE messages SET attempts = ?, due_ms = ? WHERE id = ?',
        attempts,
        Date.now() + delayMs,
        row.id,
      )
    }
  }
}

/** The event that a command causes, if any. A stage that is set by hand is an advance, or leads downwards. */
export function eventOf(
  { kind }: Command,
  { from = null, to = null }: Transition,
): NotificationEvent | undefined {
  if (kind === 'stage') return Number(to) < Number(from) ? 'stage-down' : 'advance'
  if (kind === 'restart') return 'resume'
  return NOTIFICATION_EVENTS.find((event) => event === kind)
}
