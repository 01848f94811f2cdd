/** What is told: messages about rollouts, documents and the gate itself, by webhooks. */
import type { NotificationEvent, WebhookConfig } from '../../config/schema/document.ts'
import { printableDeep } from '../../plain-text.ts'
import { LONGEST_TEXT } from '../audit.ts'

/** A percentage of visitors, whether a flag is enabled, or the version of a document. */
export type Extent = number | boolean | null

/** From what to what something changed, and how, in lines. */
export type Transition = { from?: Extent; to?: Extent; changes?: readonly string[] }

/** A message. */
export type Notification = {
  id: string
  event: NotificationEvent | 'test'
  /** A flag's key; `*` for all flags; null for the document, the gate, or a test. */
  flag: string | null
  at: string
  environment: string
  actor: string
  reason: string
  generation: number
  stage: number
  percentage: number | null
  /** Percentages of a rollout; versions of a document; whether a flag is enabled. */
  from: Extent
  to: Extent
  /** What a document changes, in lines. */
  changes: readonly string[]
  evidence: unknown
}

/**
 * A message's body in the receiver's format, as JSON. Reasons, changes and evidence hold names from outside: they are plain
 * in both formats, and in a chat nothing in them is markup or a link.
 */
export function notificationBody(notification: Notification, format: WebhookConfig['format']): string {
  const plain = printableDeep(notification, LONGEST_TEXT)
  return JSON.stringify(format === 'slack' ? { text: chatText(plain), ...NO_PREVIEWS } : plain)
}

/** Chat tools show what a link leads to. */
const NO_PREVIEWS = { unfurl_links: false, unfurl_media: false }

const HEADLINES: Readonly<Record<Notification['event'], string>> = {
  advance: 'climbs',
  'stage-down': 'goes back down',
  hold: 'is held',
  rollback: 'was rolled back',
  resume: 'was resumed',
  kill: 'was killed',
  unkill: 'is no longer killed',
  freeze: 'is frozen',
  metric: 'has a metric that is worse',
  'approval-needed': 'waits for approval',
  pause: 'was paused',
  finish: 'is finished',
  limit: 'is no longer judged',
  publish: 'was published',
  enable: 'was enabled',
  disable: 'was disabled',
  percentage: 'has another percentage',
  guard: 'has another guard',
  'document-refused': 'in KV was refused',
  'kill-list-refused': 'has a kill list in KV that names no flag',
  expiring: 'expires soon',
  expired: 'has expired',
  'guard-blind': 'has a guard that sees nothing',
  'counts-missing': 'has visitors, but no counts',
  'kv-behind': 'has a KV that is behind',
  'isolates-behind': 'has isolates that do not follow',
  test: 'sends a test message',
}

const OF_DOCUMENT: readonly string[] = ['publish', 'document-refused']

function chatText(notification: Notification): string {
  const { event, environment, actor, reason, changes } = notification
  const lines = changes.map((change) => `\n• ${code(change)}`).join('')
  return `${subjectOf(notification)} ${HEADLINES[event]}${shareText(notification)} (${code(environment)}): ${code(reason)} — ${code(actor)}${lines}`
}

function subjectOf({ event, flag }: Notification): string {
  if (OF_DOCUMENT.includes(event)) return 'The document'
  if (flag === null) return 'The gate'
  return flag === '*' ? 'Every flag' : code(flag)
}

function shareText({ event, percentage, from, to }: Notification): string {
  const isChange = from !== null && to !== null && from !== to
  if (event === 'publish') return isChange ? ` as version ${to}` : ''
  if (isChange && typeof from === 'number') return `, ${from} % → ${to} %`
  return percentage === null ? '' : ` at ${percentage} %`
}

/**
 * A text as chat tools' code, in which no other character is markup than these, no URL becomes a link, and no name a
 * mention.
 */
function code(text: string): string {
  const safe = text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('`', "'")
  return `\`${safe.trim() || '-'}\``
}

const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 300_000
const GIVEN_UP_AFTER_ATTEMPTS = 300

/** Milliseconds until the next attempt after this many failures; undefined to give up, after about a day. */
export function retryDelayMs(failedAttempts: number): number | undefined {
  if (failedAttempts >= GIVEN_UP_AFTER_ATTEMPTS) return undefined
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, failedAttempts - 1))
}
