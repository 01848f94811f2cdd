import type { NotificationEvent, WebhookConfig } from '../config/schema/document.ts'

/** A notification of a rollout. */
export type Notification = {
  id: string
  event: NotificationEvent
  /** A flag's key; `*` for all flags. */
  flag: string
  at: string
  environment: string
  actor: string
  reason: string
  generation: number
  stage: number
  percentage: number | null
  evidence: unknown
}

/** A message's body in the receiver's format, as JSON. */
export function notificationBody(notification: Notification, format: WebhookConfig['format']): string {
  return JSON.stringify(format === 'slack' ? { text: chatText(notification) } : notification)
}

const HEADLINES: Readonly<Record<NotificationEvent, string>> = {
  advance: 'climbs',
  hold: 'is held',
  rollback: 'was rolled back',
  resume: 'was resumed',
  kill: 'was killed',
  unkill: 'is no longer killed',
  freeze: 'is frozen',
  'approval-needed': 'waits for approval',
  pause: 'was paused',
  finish: 'is finished',
  limit: 'is no longer judged',
}

function chatText({ event, flag, environment, percentage, actor, reason }: Notification): string {
  const subject = flag === '*' ? 'Every flag' : `\`${escapeChat(flag)}\``
  const share = percentage === null ? '' : ` at ${percentage} %`
  return `${subject} ${HEADLINES[event]}${share} (${escapeChat(environment)}): ${escapeChat(reason)} — ${escapeChat(actor)}`
}

/** Chat tools interpret these three as markup. */
function escapeChat(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 300_000
const GIVEN_UP_AFTER_ATTEMPTS = 300

/** Milliseconds until the next attempt after this many failures; undefined to give up, after about a day. */
export function retryDelayMs(failedAttempts: number): number | undefined {
  if (failedAttempts >= GIVEN_UP_AFTER_ATTEMPTS) return undefined
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, failedAttempts - 1))
}
