/**
 * The document and control state that an isolate decides by.
 *
 * They are read from KV, parsed and compiled when they have changed, and kept: requests use what is there while a newer
 * version is fetched in the background. What can't be read or parsed changes nothing; an isolate that has never seen a
 * valid document uses the bundled one. State also arrives, faster, in flush replies: the highest epoch wins.
 */

import { compileSnapshot, type Snapshot } from '../../core/config/compile/snapshot.ts'
import type { Control, ControlState } from '../../core/config/control.ts'
import {
  type DocumentInUse,
  type DocumentTag,
  isBehind,
  isOvertaken,
  isStale,
  KV_STALE_MS,
} from '../../core/config/document-tag.ts'
import { parseDocumentInSteps, parseDocumentValue } from '../../core/config/parse/parse.ts'
import { messageOf } from '../../core/message-of.ts'
import { sha256Hex } from '../../platform/crypto.ts'
import { type Env, isKvCached } from '../../platform/env.ts'
import { noteIfNewer, noteInternalError } from '../../platform/internal-errors.ts'
import { withTimeout } from '../../platform/timeout.ts'
import { TokenVerifier } from '../request/token-verifier.ts'
import { type DocumentBytes, readDocument, readKillAndState, textOf } from './kv-reader.ts'
import { LiveControl } from './live-control.ts'
import { type RejectedValue, RejectedValues } from './rejected-values.ts'

/** Everything a request decides by; replaced as a whole, never changed. */
export type ActiveConfig = {
  snapshot: Snapshot
  control: Control
  tokens: TokenVerifier | undefined
}

/** What an operator should know about the values in KV. */
export type LiveConfigReport = {
  source: DocumentInUse['source']
  /** Hash of the document in use; empty for the bundled one. */
  hash: string
  checkedAtMs: number
  /** Values whose newest version in KV was rejected. */
  refused: readonly RejectedValue[]
  lastError: string | undefined
}

/** KV caches reads for at least 30 s: reading more often would show nothing new. */
const REFRESH_MS = 30_000
const REFRESH_UNCACHED_MS = 1_000
/** A failed read is repeated before the next refresh is due. */
const RETRY_MS = 1_000
/** How long a request in a cold or idle isolate waits for KV before it goes on with what there is. */
const COLD_WAIT_MS = 1_500
const IDLE_WAIT_MS = 50
/** An isolate is idle that has heard nothing for so many of its refresh intervals. */
const IDLE_INTERVALS = 2
/** A flush reply stands for a read of KV if the Controller's was no longer ago. */
const VOUCHED_MS = 60_000
/** After news KV may show older values for a while, so it is read until it shows the same. */
const NEWS_SETTLED_MS = 120_000
/** However well the replies tell, KV is read so often. */
const LONGEST_UNREAD_MS = 600_000
/** How often a waiting request checks. */
const CHECK_MS = 5
const KV_TIMEOUT_MS = 10_000
/** How long a document waits for a Controller that says nothing of it. */
const LONGEST_AWAITED_MS = 10_000
/** A rejected document beyond this (more than 10,000 flags take) is read again less often. */
const LARGE_BYTES = 6_000_000
const LARGE_REJECTED_MS = 60_000
/** No read is due this far ahead unless the clock was set back. */
const CLOCK_JUMP_MS = 120_000

const isDue = (atMs: number, nowMs: number) => nowMs >= atMs || atMs - nowMs > CLOCK_JUMP_MS

export class LiveConfig {
  readonly #bundled: unknown
  readonly #rejected = new RejectedValues()
  readonly #control = new LiveControl(this.#rejected)
  #live: ActiveConfig | undefined
  /** Fingerprint of the last document in KV, if it was accepted. */
  #documentRead: string | undefined
  #seenHash = ''
  #inUse: DocumentInUse = { hash: '', source: 'bundled', sinceMs: 0 }
  #tag: { tag: DocumentTag; atMs: number; staleMs: number } | undefined
  #refresh: { startedMs: number } | undefined
  #reads = 0
  /** The latest reads of KV that were taken over. One that began earlier and ends later shows what is no longer so. */
  readonly #taken = { document: 0, kill: 0 }
  /** A text in KV that waits for the Controller's word. */
  #awaited: { hash: string; sinceMs: number } | undefined
  #nextRefreshMs = 0
  /** The document is not read from KV before then. */
  #documentDueMs = 0
  #lastAttemptMs = 0
  /** When a flush reply last stood for a read of KV. */
  #vouchedAtMs = 0
  #newsAtMs = Number.NEGATIVE_INFINITY
  #checkedAtMs = 0
  #lastError: string | undefined

  /** `bundled` is the document that was built in; the build makes sure that it is valid. */
  constructor(bundled: unknown) {
    this.#bundled = bundled
  }

  get report(): LiveConfigReport {
    const { source, hash } = this.#inUse
    const refused = this.#rejected.list
    return { source, hash, checkedAtMs: this.#checkedAtMs, refused, lastError: this.#lastError }
  }

  /**
   * Why this isolate decides by the document that was built in although KV has another, or can't be read; undefined
   * where it decides by what it has read.
   */
  get unreadyReason(): string | undefined {
    if (this.#inUse.source !== 'bundled') return undefined
    if (this.#rejected.list.some(({ key }) => key === 'config'))
      return 'the document in KV is invalid, and no earlier one is known'
    if (this.#checkedAtMs === 0) return this.#lastError ?? 'KV has not been read yet'
    return undefined
  }

  /** Hash of the document in KV, whether it was accepted or rejected. */
  get seenHash(): string {
    return this.#rejected.list.find(({ key }) => key === 'config')?.hash ?? this.#seenHash
  }

  /** Hash of the document in use; empty for the bundled one. */
  get usedHash(): string {
    return this.#inUse.hash
  }

  /** Since when the control state is in use, ms since 1970. */
  get epochAtMs(): number {
    return this.#control.epochAtMs
  }

  /** Hash of the kill list in KV; empty for none. */
  get killHash(): string {
    return this.#control.killHash
  }

  /** When KV was last read in full, ms since 1970. */
  get kvReadAtMs(): number {
    return this.#checkedAtMs
  }

  get epoch(): number {
    return this.#control.state.epoch
  }

  get controlState(): ControlState {
    return this.#control.state
  }

  get killList(): readonly string[] {
    return this.#control.killList
  }

  /** The config where no refresh is due: the short way for nearly every request. */
  fresh(nowMs: number): ActiveConfig | undefined {
    return !isDue(this.#nextRefreshMs, nowMs) && this.#refresh === undefined ? this.#live : undefined
  }

  /** The config after a refresh that may be due. Waits for KV only in an isolate that is cold or has been idle. */
  async current(env: Env, waitUntil: (work: Promise<unknown>) => void, nowMs: number): Promise<ActiveConfig> {
    const intervalMs = isKvCached(env) ? REFRESH_MS : REFRESH_UNCACHED_MS
    if (isDue(this.#nextRefreshMs, nowMs)) {
      this.#nextRefreshMs = nowMs + intervalMs
      this.#refresh = { startedMs: nowMs }
      waitUntil(this.#refreshFrom(env, nowMs))
    }
    const heardAtMs = Math.max(this.#lastAttemptMs, this.#vouchedAtMs)
    if (this.#refresh !== undefined && nowMs - heardAtMs > IDLE_INTERVALS * intervalMs) {
      const limitMs = this.#lastAttemptMs === 0 ? COLD_WAIT_MS : IDLE_WAIT_MS
      await this.#untilRefreshed(this.#refresh.startedMs + limitMs - nowMs)
    }
    return this.last
  }

  /**
   * Waits for the refresh under way. Hazard: a promise of another request may never resolve in this one, so this one
   * checks by itself.
   */
  async #untilRefreshed(limitMs: number): Promise<void> {
    for (let leftMs = limitMs; leftMs > 0 && this.#refresh !== undefined; leftMs -= CHECK_MS)
      await scheduler.wait(Math.min(CHECK_MS, leftMs))
  }

  /** Reads KV now, regardless of the interval; for operators who want to see what is there. */
  async refreshNow(env: Env, nowMs: number): Promise<ActiveConfig> {
    await this.#refreshFrom(env, nowMs, true)
    return this.last
  }

  /** The config as it is, without a refresh. */
  get last(): ActiveConfig {
    return this.#live ?? this.#bundledLive()
  }

  /** Adopts a control state that is newer than the one in use. */
  adopt(state: ControlState, nowMs: number): void {
    if (!this.#control.adopt(state, nowMs)) return
    this.#newsAtMs = nowMs
    this.#recompileControl()
  }

  /**
   * A flush reply tells how old the Controller's view of KV is. Where that is recent, this isolate need not read KV: what
   * is new there arrives with a reply. Without replies it reads again, so a kill needs no Durable Object.
   */
  vouch(kvAgeMs: number | undefined, nowMs: number): void {
    if (kvAgeMs === undefined || kvAgeMs > VOUCHED_MS || nowMs - this.#newsAtMs < NEWS_SETTLED_MS) return
    if (this.#checkedAtMs === 0 || this.#lastError !== undefined) return
    this.#vouchedAtMs = nowMs
    const nextMs = Math.min(nowMs + REFRESH_MS, this.#checkedAtMs + LONGEST_UNREAD_MS)
    this.#nextRefreshMs = Math.max(this.#nextRefreshMs, nextMs)
  }

  /** The Controller holds another document than this isolate: fetches and uses it where it is newer. */
  async offer(
    tag: DocumentTag,
    fetchText: () => Promise<string | undefined>,
    env: Env,
    nowMs: number,
  ): Promise<void> {
    if (this.#tag !== undefined && isOvertaken(tag, this.#tag.tag)) return
    noteIfNewer('tag', tag)
    this.#tag = { tag, atMs: nowMs, staleMs: isKvCached(env) ? KV_STALE_MS : 0 }
    if (!isBehind(this.#inUse, tag, nowMs)) return
    this.#newsAtMs = nowMs
    const text = await fetchText().catch((error) => noteInternalError('document.fetch', error))
    if (text === undefined || (await sha256Hex(text)) !== tag.hash) return
    const parsed = await parseDocumentInSteps(text, () => this.#yieldToRequests())
    if (parsed.ok && this.#tag.tag.hash === tag.hash)
      this.#useDocument(compileSnapshot(parsed.value), { hash: tag.hash, source: 'pushed', sinceMs: nowMs })
  }

  async #refreshFrom(env: Env, nowMs: number, isAll = false): Promise<void> {
    const read = ++this.#reads
    try {
      const isWanted = isAll || isDue(this.#documentDueMs, nowMs)
      const document = isWanted ? withTimeout(readDocument(env.GATE), KV_TIMEOUT_MS) : undefined
      const closing = this.#takeKillAndState(env, read, nowMs)
      // A kill counts whether or not the document can be read.
      await Promise.allSettled([closing, document])
      await closing
      await this.#takeDocument(await document, read, nowMs)
      this.#checkedAtMs = nowMs
      this.#lastError = undefined
    } catch (error) {
      this.#nextRefreshMs = Math.min(this.#nextRefreshMs, nowMs + RETRY_MS)
      noteInternalError('kv.read', error)
      this.#lastError = `Cannot read KV: ${messageOf(error)}`
    } finally {
      this.#lastAttemptMs = nowMs
      this.#refresh = undefined
    }
  }

  async #takeKillAndState(env: Env, read: number, nowMs: number): Promise<void> {
    const values = await withTimeout(readKillAndState(env.GATE), KV_TIMEOUT_MS)
    if (read < this.#taken.kill) return
    this.#taken.kill = read
    const flags = this.#live?.snapshot.flags
    if (await this.#control.takeKillList(values.get('kill') ?? null, flags, nowMs)) this.#recompileControl()
    if (await this.#control.takeState(values.get('state') ?? null, nowMs)) this.#recompileControl()
  }

  /** A document that has gone from KV leaves the last good one in use. */
  async #takeDocument(found: DocumentBytes | undefined, read: number, nowMs: number): Promise<void> {
    if (found === undefined || read < this.#taken.document) return
    this.#taken.document = read
    this.#documentDueMs = 0
    if (this.#rejected.has('config', found.fingerprint)) return this.#postpone(found, nowMs)
    if (found.fingerprint === this.#documentRead) return this.#showsInUse(found)
    const text = textOf(found)
    const hash = await sha256Hex(text)
    if (hash !== this.#inUse.hash) {
      if (this.#isStale(hash, nowMs)) return
      const parsed = await parseDocumentInSteps(text, () => this.#yieldToRequests())
      if (!parsed.ok) {
        this.#postpone(found, nowMs)
        return this.#rejected.add('config', found.fingerprint, {
          hash,
          seenAtMs: nowMs,
          problems: parsed.problems,
        })
      }
      // A newer one may have been offered or read meanwhile.
      if (this.#isStale(hash, nowMs) || read < this.#taken.document || this.#awaitsWord(hash, nowMs)) return
      this.#useDocument(compileSnapshot(parsed.value), { hash, source: 'kv', sinceMs: nowMs })
    }
    this.#showsInUse(found)
  }

  /** KV shows the document in use: nothing else is told of any more, and a text that comes back waits anew. */
  #showsInUse({ fingerprint }: DocumentBytes): void {
    this.#documentRead = fingerprint
    this.#seenHash = this.#inUse.hash
    this.#awaited = undefined
    this.#rejected.lift('config')
  }

  /** Reading megabytes that are not valid again and again takes time from visitors. */
  #postpone({ bytes }: DocumentBytes, nowMs: number): void {
    if (bytes.byteLength > LARGE_BYTES) this.#documentDueMs = nowMs + LARGE_REJECTED_MS
  }

  /** Lets other requests run; those of a cold isolate wait for the document anyway. */
  async #yieldToRequests(): Promise<void> {
    if (this.#lastAttemptMs > 0) await scheduler.wait(0)
  }

  #isStale(hash: string, nowMs: number): boolean {
    const known = this.#tag
    return known !== undefined && isStale(hash, known.tag, known.atMs, nowMs, known.staleMs)
  }

  /**
   * While a rollout runs, a valid text that the Controller has not named waits for its word: it refuses one that lets visitors
   * into a canary without a person's confirmation. Where it can't be reached, only for a while.
   */
  #awaitsWord(hash: string, nowMs: number): boolean {
    if (this.#inUse.source === 'bundled' || this.#tag?.tag.hash === hash || !this.#control.isHolding)
      return false
    if (this.#awaited?.hash !== hash) this.#awaited = { hash, sinceMs: nowMs }
    this.#seenHash = hash
    return nowMs - this.#awaited.sinceMs < LONGEST_AWAITED_MS
  }

  #useDocument(snapshot: Snapshot, inUse: DocumentInUse): void {
    this.#use(snapshot)
    this.#inUse = inUse
    // The document in KV has been replaced; should it come back, it must be parsed again.
    if (inUse.source === 'pushed') this.#documentRead = undefined
  }

  #use(snapshot: Snapshot): ActiveConfig {
    const { jwt } = snapshot.identity
    const tokens = jwt && new TokenVerifier(jwt)
    this.#live = { snapshot, tokens, control: this.#control.compiled() }
    return this.#live
  }

  #recompileControl(): void {
    this.#live = { ...this.last, control: this.#control.compiled() }
  }

  #bundledLive(): ActiveConfig {
    const parsed = parseDocumentValue(this.#bundled)
    if (!parsed.ok) throw new Error('Cannot serve: the bundled document is invalid')
    return this.#use(compileSnapshot(parsed.value))
  }
}
