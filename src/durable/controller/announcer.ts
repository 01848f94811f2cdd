/** Tells people what happens to rollouts, by the webhooks of the document in force. */
import { INITIAL_FLAG_CONTROL } from '../../core/config/control.ts'
import type { NotificationEvent } from '../../core/config/schema/document.ts'
import { NOTIFICATION_EVENTS } from '../../core/config/schema/rollout.ts'
import type { Command } from '../../core/rollout/commands.ts'
import type { Cause, ControlDesk } from './control.ts'
import type { DocumentDesk } from './documents.ts'
import { percentageOf } from './guard-runner.ts'
import type { Notifier } from './notifier.ts'

export class Announcer {
  readonly #notifier: Notifier
  readonly #documents: DocumentDesk
  readonly #control: ControlDesk
  readonly #environment: string

  constructor(notifier: Notifier, documents: DocumentDesk, control: ControlDesk, environment: string) {
    this.#notifier = notifier
    this.#documents = documents
    this.#control = control
    this.#environment = environment
  }

  /** Puts a message about a flag, or about all (`*`), into the queue; it is sent later. */
  tell(event: NotificationEvent, key: string, { actor, reason, evidence }: Cause, nowMs: number): void {
    const { document, snapshot } = this.#documents.current
    const webhooks = document.notifications?.webhooks ?? []
    if (webhooks.length === 0) return
    const flag = snapshot.flags.get(key)
    const control = this.#control.state.flags[key] ?? INITIAL_FLAG_CONTROL
    const { generation, stage } = control
    const percentage = flag ? percentageOf(flag, control) : null
    const what = { id: crypto.randomUUID(), event, flag: key, at: new Date(nowMs).toISOString() }
    const where = { environment: this.#environment, generation, stage, percentage }
    this.#notifier.enqueue({ ...what, ...where, actor, reason, evidence: evidence ?? null }, webhooks, nowMs)
  }
}

/** What people hear of a command; choosing a stage by hand is an advance to them. */
export function eventOf({ kind }: Command): NotificationEvent | undefined {
  if (kind === 'stage') return 'advance'
  return NOTIFICATION_EVENTS.find((event) => event === kind)
}
