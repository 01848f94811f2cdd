/**
 * Messages to webhooks: kept in SQLite until they are delivered, so that a receiver that is away gets them later.
 * Delivery never stands in the way of a decision: nobody waits for it.
 */

import type { WebhookConfig } from '../../core/config/schema/document.ts'
import { messageOf } from '../../core/message-of.ts'
import { type Notification, notificationBody, retryDelayMs } from '../../core/rollout/notification.ts'
import { hmacHex } from '../../platform/crypto.ts'
import { type Env, secretNamed } from '../../platform/env.ts'

const DELIVERY_TIMEOUT_MS = 5_000
const DELIVERIES_AT_ONCE = 10
/** A receiver that is gone for good must not fill the disk. */
const MOST_WAITING = 1_000

/** Binding that signs messages, unless the webhook names another. */
const DEFAULT_SECRET = 'SIGNING_KEY'

type Row = { id: number; message: string; url: string; secret: string; body: string; attempts: number }

export class Notifier {
  readonly #sql: SqlStorage
  readonly #env: Env
  #delivering = false

  constructor(sql: SqlStorage, env: Env) {
    this.#sql = sql
    this.#env = env
    sql.exec(
      `CREATE TABLE IF NOT EXISTS messages (
         id INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT NOT NULL, url TEXT NOT NULL, secret TEXT NOT NULL,
         body TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due_ms INTEGER NOT NULL
       )`,
    )
  }

  /** Puts a notification into the queue of every webhook that wants it. */
  enqueue(notification: Notification, webhooks: readonly WebhookConfig[], nowMs: number): void {
    for (const { url, format, events, secretBinding } of webhooks) {
      if (!events.includes(notification.event)) continue
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

  /** Delivers what is due. One delivery round at a time. */
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

  /** Posts one message now, so that people can see whether it arrives. */
  async test(webhook: WebhookConfig, environment: string): Promise<{ delivered: boolean; detail: string }> {
    const notification: Notification = {
      id: crypto.randomUUID(),
      event: 'hold',
      flag: '*',
      at: new Date().toISOString(),
      environment,
      actor: 'test',
      reason: 'This is a test message',
      generation: 0,
      stage: 0,
      percentage: null,
      evidence: null,
    }
    const body = notificationBody(notification, webhook.format)
    const secret = webhook.secretBinding ?? DEFAULT_SECRET
    return await this.#post({ message: notification.id, url: webhook.url, secret, body })
  }

  async #deliverOne(row: Row): Promise<void> {
    if ((await this.#post(row)).delivered) {
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

  /** Whether the receiver took it, and what it said. The id lets a receiver drop what it gets twice. */
  async #post({ url, body, message, secret }: Pick<Row, 'url' | 'body' | 'message' | 'secret'>) {
    try {
      const seconds = Math.floor(Date.now() / 1_000)
      const key = secretNamed(this.#env, secret)
      const response = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        signal: AbortSignal.timeout(DELIVERY_TIMEOUT_MS),
        headers: {
          'content-type': 'application/json',
          'sluice-delivery': message,
          ...(key && { 'sluice-signature': `t=${seconds},v1=${await hmacHex(key, `${seconds}.${body}`)}` }),
        },
        body,
      })
      await response.body?.cancel()
      return { delivered: response.ok, detail: `The receiver answered ${response.status}` }
    } catch (error) {
      const reason = messageOf(error)
      return { delivered: false, detail: `The receiver could not be reached: ${reason}` }
    }
  }
}
