/** Looks for what people must be told although no one did anything: flags that expire, and senses that fail. */
import type { GateDocument } from '../../../core/config/schema/document.ts'
import type { Cause, Noted } from '../../../core/rollout/audit.ts'
import {
  type Episode,
  followAlerts,
  isActive,
  type Cause as WrongNow,
} from '../../../core/rollout/news/alerts.ts'
import { lookAtExpiries, type ToldExpiries } from '../../../core/rollout/news/expiry.ts'
import type { TextStore } from '../../storage/text-store.ts'

/** What is wrong is looked for no more often than this. */
const LOOK_EVERY_MS = 5_000

export type WatchPorts = {
  /** The document in force; version 0: the one that is built in, whose flags are examples. */
  document(): { version: number; document: GateDocument }
  causes(nowMs: number): WrongNow[]
  tell(event: Noted, flag: string | null, cause: Cause, nowMs: number): void
}

export class Watch {
  readonly #texts: TextStore
  readonly #ports: WatchPorts
  #episodes: Episode[]
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #expiriesOf: number | undefined
  #expiryDueMs: number | undefined

  constructor(texts: TextStore, ports: WatchPorts) {
    this.#texts = texts
    this.#ports = ports
    this.#episodes = texts.getJson('alerts') ?? []
  }

  /** What was told and is still so. */
  active(nowMs: number): Episode[] {
    return this.#episodes.filter((episode) => isActive(episode, nowMs))
  }

  /** When a flag's expiry is to be told next; undefined for none. */
  get nextDueMs(): number | undefined {
    return this.#expiryDueMs
  }

  look(nowMs: number): void {
    this.#lookAtExpiries(nowMs)
    if (Math.abs(nowMs - this.#lookedAtMs) < LOOK_EVERY_MS) return
    this.#lookedAtMs = nowMs
    const { flags } = this.#ports.document().document
    const hasFlag = (flag: string) => Object.hasOwn(flags, flag)
    const { episodes, news } = followAlerts(this.#episodes, this.#ports.causes(nowMs), nowMs, hasFlag)
    const wasTold = this.#episodes.filter(({ toldAtMs }) => toldAtMs !== undefined).length
    this.#episodes = episodes
    const told = episodes.filter(({ toldAtMs }) => toldAtMs !== undefined)
    if (news.length > 0 || told.length !== wasTold) this.#texts.putJson('alerts', told)
    for (const { event, flag, text } of news) this.#tell(event, flag, text, nowMs)
  }

  /** At a new version of the document, and when a notice is due. */
  #lookAtExpiries(nowMs: number): void {
    const { version, document } = this.#ports.document()
    if (version === this.#expiriesOf && nowMs < (this.#expiryDueMs ?? Number.POSITIVE_INFINITY)) return
    this.#expiriesOf = version
    if (version === 0) return
    const before = this.#texts.getJson<ToldExpiries>('told expiries') ?? {}
    const { news, told, nextDueMs } = lookAtExpiries(document, before, nowMs)
    this.#expiryDueMs = nextDueMs
    if (JSON.stringify(told) !== JSON.stringify(before)) this.#texts.putJson('told expiries', told)
    for (const { event, flag, text } of news) this.#tell(event, flag, text, nowMs)
  }

  #tell(event: Noted, flag: string | null, reason: string, nowMs: number): void {
    this.#ports.tell(event, flag, { actor: 'gate', reason, evidence: undefined }, nowMs)
  }
}
