/**
 * Notifications about rollouts, by the webhooks of the document in force. Messages stay in SQLite until they are
 * delivered, so that a receiver that is down gets them later. No decision waits for a delivery.
 */
import { INITIAL_FLAG_CONTROL } from '../../core/config/control.ts'
import type { NotificationEvent, WebhookConfig } from '../../core/config/schema/document.ts'
import { NOTIFICATION_EVENTS } from '../../core/config/schema/rollout.ts'
import type { Command } from '../../core/rollout/commands.ts'
import { type Notification, notificationBody, retryDelayMs } from '../../core/rollout/notification.ts'
import { type Env, environmentOf } from '../../platform/env.ts'
import { DEFAULT_SECRET, postWebhook } from '../../platform/post-webhook.ts'
import type { Cause, ControlStore } from './control-store.ts'
import type { Documents } from './documents.ts'
import { percentageOf } from './guard-runner.ts'

const DELIVERIES_AT_ONCE = 10
/** A receiver that never comes back must not fill the storage. */
const MOST_WAITING = 1_000

type Row = { id: number; message: string; url: string; secret: string; body: string; attempts: number }

export class Notifier {
  readonly #sql: SqlStorage
  readonly #env: Env
  readonly #documents: Documents
  readonly #control: ControlStore
  #delivering = false

  constructor(sql: SqlStorage, env: Env, documents: Documents, control: ControlStore) {
    this.#sql = sql
    this.#env = env
    this.#documents = documents
    this.#control = control
    sql.exec(
      `CREATE TABLE IF NOT EXISTS messages (
         id INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT NOT NULL, url TEXT NOT NULL, secret TEXT NOT NULL,
         body TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due_ms INTEGER NOT NULL
       )`,
    )
  }

  /** Queues a message about a flag, or about all of them (`*`), for every webhook that wants the event. */
  enqueue(event: NotificationEvent, key: string, { actor, reason, evidence }: Cause, nowMs: number): void {
    const { document, snapshot } = this.#documents.current
    const webhooks = document.notifications?.webhooks ?? []
    if (webhooks.length === 0) return
    const flag = snapshot.flags.get(key)
    const control = this.#control.state.flags[key] ?? INITIAL_FLAG_CONTROL
    const notification: Notification = {
      id: crypto.randomUUID(),
      event,
      flag: key,
      at: new Date(nowMs).toISOString(),
      environment: environmentOf(this.#env),
      actor,
      reason,
      generation: control.generation,
      stage: control.stage,
      percentage: flag ? percentageOf(flag, control) : null,
      evidence: evidence ?? null,
    }
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
    const notification: Notification = {
      id: crypto.randomUUID(),
      event: 'hold',
      flag: '*',
      at: new Date().toISOString(),
      environment: environmentOf(this.#env),
      actor: 'test',
      reason: 'This is a test message',
      generation: 0,
      stage: 0,
      percentage: null,
      evidence: null,
    }
    const body = notificationBody(notification, webhook.format)
    const secret = webhook.secretBinding ?? DEFAULT_SECRET
    return await postWebhook(this.#env, { message: notification.id, url: webhook.url, secret, body })
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

/** The event that a command causes, if any; a stage set by hand is an advance. */
export function eventOf({ kind }: Command): NotificationEvent | undefined {
  if (kind === 'stage') return 'advance'
  if (kind === 'restart') return 'resume'
  return NOTIFICATION_EVENTS.find((event) => event === kind)
}
