/**
 * What is written to KV directly: documents and kill lists. Isolates report the hashes of what KV shows them; this reads,
 * validates and adopts. A document with problems replaces nothing.
 */

import { compileSnapshot, type Snapshot } from '../../core/config/compile/snapshot.ts'
import { KILL_ALL } from '../../core/config/control.ts'
import { changesBetween, summaryOf } from '../../core/config/document-diff.ts'
import { KV_STALE_MS, MOST_REPLACED } from '../../core/config/document-tag.ts'
import { killChanges, killOrder } from '../../core/config/kill-list.ts'
import { parseDocument } from '../../core/config/parse/parse.ts'
import type { Problem } from '../../core/config/parse/problems.ts'
import type { GateDocument } from '../../core/config/schema/document.ts'
import type { IsolateSighting } from '../../core/counters/protocol.ts'
import { jsonOf, withoutByteOrderMark } from '../../core/json-object.ts'
import type { AuditRecord } from '../../core/rollout/audit.ts'
import { documentNews } from '../../core/rollout/news/document-news.ts'
import { sha256Hex } from '../../platform/crypto.ts'
import { type Env, isDevelopment, isKvCached } from '../../platform/env.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'
import { withTimeout } from '../../platform/timeout.ts'
import type { TextStore } from '../storage/text-store.ts'
import type { Documents } from './documents.ts'
import type { KvWriter } from './kv-writer.ts'

export type DocumentReport = {
  version: number
  hash: string
  refused: { hash: string; seenAtMs: number; problems: readonly Problem[] } | undefined
  killList: readonly string[]
}

/** A location sees a change in KV only after its cache has expired; reading more often is useless. */
const LEAST_BETWEEN_READS_MS = 1_000
/** While counts come in, KV is read as often as its cache allows: isolates rely on it (Shard, `kvAgeMs`). */
const POLL_MS = 30_000
const CACHE_TTL_SECONDS = 30
const READ_TIMEOUT_MS = 5_000

type Remembered = Pick<DocumentReport, 'refused' | 'killList'> & {
  killHash: string
  /** Hashes of the lists that the Controller has replaced, newest first: KV may still show them. */
  replacedKills?: readonly string[]
  /** Hash of the last refused text that a good one has replaced: KV may still show it. */
  overwritten?: string
}

type EntriesOf = (next: { document: GateDocument; snapshot: Snapshot }) => string[]

export class KvReader {
  readonly #env: Env
  readonly #texts: TextStore
  readonly #writer: KvWriter
  readonly #documents: Documents
  readonly #entriesOf: EntriesOf
  #remembered: Remembered
  #lastReadMs = 0
  /** When KV was last read with success. */
  #readAtMs = Number.NEGATIVE_INFINITY
  #unreadableSinceMs: number | undefined
  /** The kill list that KV showed last, even one too old to be adopted. */
  #shownKills: readonly string[] = []
  /** KV has shown the list in force since it was written: whatever it shows from then on is newer. */
  #isKillListBack = false
  /** KV may hold something new; that is so whenever the Controller wakes. */
  #suspected = true

  /** `entriesOf`: what of a document no person has confirmed and nothing holds. */
  constructor(env: Env, texts: TextStore, writer: KvWriter, documents: Documents, entriesOf: EntriesOf) {
    this.#env = env
    this.#texts = texts
    this.#writer = writer
    this.#documents = documents
    this.#entriesOf = entriesOf
    this.#remembered = texts.getJson('document') ?? { refused: undefined, killList: [], killHash: '' }
    documents.overwritten = this.#remembered.overwritten
  }

  get report(): DocumentReport {
    const { version, hash } = this.#documents.current.info
    const { refused, killList } = this.#remembered
    return { version, hash, refused, killList }
  }

  /** Isolates report what KV shows them; an unknown hash leads to a read. */
  noticeHashes(isolates: readonly IsolateSighting[]): void {
    const { refused, killHash } = this.#remembered
    const known = new Set(['', this.#documents.current.info.hash, refused?.hash])
    this.#suspected ||= isolates.some(
      // What an isolate saw before the last read is no news: it relies on that read since.
      ({ documentHash, killHash: shown, kvReadAtMs = this.#readAtMs }) =>
        kvReadAtMs >= this.#readAtMs && (!known.has(documentHash) || shown !== killHash),
    )
  }

  /** Makes the next check read KV, however recent the last read was. */
  suspect(): void {
    this.#lastReadMs = Number.NEGATIVE_INFINITY
  }

  /** Since when reading has failed; undefined where it works. */
  get unreadableSinceMs(): number | undefined {
    return this.#unreadableSinceMs
  }

  /** Whether KV may hold something that has not been adopted. */
  get isSuspected(): boolean {
    return this.#suspected
  }

  /** How long ago KV was read; undefined until it has been. */
  ageMs(nowMs: number): number | undefined {
    return Number.isFinite(this.#readAtMs) ? Math.max(0, nowMs - this.#readAtMs) : undefined
  }

  /** Reads KV if it may hold something new, or was not read for a while; returns what the audit log should record. */
  async check(nowMs: number): Promise<AuditRecord[]> {
    // A clock that was set back must not stop reads until it has caught up.
    const agoMs = Math.abs(nowMs - this.#lastReadMs)
    if (agoMs < (this.#suspected ? LEAST_BETWEEN_READS_MS : POLL_MS)) return []
    this.#lastReadMs = nowMs
    this.#suspected = false
    try {
      const values = await withTimeout(
        this.#env.GATE.get(['config', 'kill'], { type: 'text', cacheTtl: CACHE_TTL_SECONDS }),
        READ_TIMEOUT_MS,
      )
      this.#readAtMs = nowMs
      this.#unreadableSinceMs = undefined
      return [
        ...(await this.#adoptDocument(nowMs, values.get('config'))),
        ...(await this.#adoptKillList(nowMs, values.get('kill'))),
      ]
    } catch (error) {
      noteInternalError('kv.read', error)
      this.#unreadableSinceMs ??= nowMs
      this.#suspected = true
      return []
    }
  }

  /** A valid document has replaced the refused one, which KV may show a while longer. */
  forgetRefused(): void {
    const { refused } = this.#remembered
    this.#remember({ refused: undefined, ...(refused && { overwritten: refused.hash }) })
  }

  async #adoptDocument(nowMs: number, value: string | null = null): Promise<AuditRecord[]> {
    const { refused } = this.#remembered
    if (value === null) {
      if (refused !== undefined) this.#remember({ refused: undefined })
      return []
    }
    const text = withoutByteOrderMark(value)
    const hash = await sha256Hex(text)
    const before = this.#documents.current.info
    if (hash === before.hash && refused !== undefined) this.#remember({ refused: undefined })
    if (hash === before.hash || hash === refused?.hash || this.#isStale('config', hash, nowMs)) return []
    const parsed = parseDocument(text)
    const reason =
      before.version === 0 ? 'The gate began with the document in KV' : 'A document was written to KV'
    const cause = { actor: 'kv', reason, source: 'kv', atMs: nowMs } as const
    const record = { ...cause, flag: undefined, before: { version: before.version, hash: before.hash } }
    if (!parsed.ok) {
      const { problems } = parsed
      this.#remember({ refused: { hash, seenAtMs: nowMs, problems } })
      const found = `${problems.length} problem${problems.length > 1 ? 's' : ''}`
      const refusal = { reason: `A document with ${found} was written to KV`, evidence: problems }
      return [{ ...record, action: 'document-refused', ...refusal, after: { hash } }]
    }
    const entries =
      before.version === 0
        ? []
        : this.#entriesOf({ document: parsed.value, snapshot: compileSnapshot(parsed.value) })
    if (entries.length > 0) return [{ ...record, ...this.#withdraw(entries, hash), after: { hash } }]
    const [was, is] = [jsonOf(this.#documents.current.text), jsonOf(text)]
    const news = documentNews(was, is, [before.version, before.version + 1])
    const evidence = {
      ...summaryOf(changesBetween(was, is)),
      summary: news.changes,
      flags: news.flags,
    }
    const { version } = await this.#documents.putInForce(text, parsed.value, cause)
    this.forgetRefused()
    const flag = news.flag ?? undefined
    return [{ ...record, action: 'document-adopted', flag, evidence, after: { version, hash } }]
  }

  /** The document in force is written back: isolates that start would decide by the other one. */
  #withdraw(entries: readonly string[], hash: string): Pick<AuditRecord, 'action' | 'reason' | 'evidence'> {
    this.#remember({ overwritten: hash })
    this.#writer.mark('config')
    const [expected, fix] = ['a change that lets no visitor into a canary', 'publish it: publishing asks']
    return {
      action: 'document-refused',
      reason: `A document was written to KV that would let visitors into a canary, which no person has confirmed: ${entries.join('; ')}. The document in force was written back`,
      evidence: entries.map((found): Problem => ({ path: '$', found, expected, fix })),
    }
  }

  async #adoptKillList(nowMs: number, text: string | null = null): Promise<AuditRecord[]> {
    const { list, problems } = killOrder(text, this.#documents.current.snapshot.flags)
    const killHash = text ? await sha256Hex(text) : ''
    if (list !== undefined) this.#shownKills = list
    if (killHash === this.#remembered.killHash) this.#isKillListBack = true
    else if (this.#isStale('kill', killHash, nowMs)) this.#suspected = true
    else return this.#takeKillList(list, problems, killHash, nowMs)
    return []
  }

  /** Text that names no known flag leaves the list in force. Each flag that enters or leaves has its own record. */
  #takeKillList(
    list: readonly string[] | undefined,
    problems: readonly Problem[],
    killHash: string,
    nowMs: number,
  ): AuditRecord[] {
    const before = this.#remembered.killList
    const killList = list ?? before
    this.#remember({ killHash, killList })
    this.#isKillListBack = true
    const cause = { atMs: nowMs, actor: 'kv' }
    const isFlag = (name: string) => this.#isFlag(name)
    const records: AuditRecord[] = killChanges(before.filter(isFlag), killList.filter(isFlag)).map(
      (change) => ({
        ...{ ...cause, ...change, action: 'kill-list', evidence: undefined },
        reason: 'The kill list was written to KV',
      }),
    )
    if (problems.length === 0) return records
    const reason = `The kill list in KV names what is no flag: ${problems.map(({ found }) => found).join(', ')}`
    const refused = { action: 'kill-list-refused', flag: undefined, reason, evidence: problems } as const
    return [...records, { ...cause, ...refused, before: killList, after: killList }]
  }

  /**
   * Whether the kill list in KV has a flag, as far as is known. KV that shows a list which was just replaced may be stale,
   * or the same list was written again: isolates obey it in either case.
   */
  isListed(flag: string): boolean {
    return this.#remembered.killList.includes(flag) || this.#shownKills.includes(flag)
  }

  #isFlag(name: string): boolean {
    return name === KILL_ALL || this.#documents.current.snapshot.flags.has(name)
  }

  /**
   * Removes flags from the kill list in KV; the Controller writes the rest and reads it back. Names of no flag go with the last
   * flag: by a list of them alone, isolates would keep to the list before.
   */
  async dropFromKillList(dropped: (flag: string) => boolean): Promise<void> {
    const before = this.#remembered
    const left = before.killList.filter((flag) => !dropped(flag))
    const killList = left.some((name) => this.#isFlag(name)) ? left : []
    const replacedKills = [before.killHash, ...(before.replacedKills ?? [])].slice(0, MOST_REPLACED)
    this.#remember({ killList, killHash: await sha256Hex(JSON.stringify(killList)), replacedKills })
    this.#shownKills = killList
    this.#isKillListBack = false
    this.#suspected = true
    this.#writer.mark('kill')
  }

  /** Whether KV showed something older than what the Controller has written or is about to write. */
  #isStale(key: 'config' | 'kill', hash: string, nowMs: number): boolean {
    const { overwritten, replacedKills = [] } = this.#remembered
    const isOlder = () =>
      key === 'kill'
        ? !this.#isKillListBack && replacedKills.includes(hash)
        : hash === overwritten || this.#documents.tag.replaced.includes(hash)
    if (this.#writer.isPending(key)) return isOlder()
    const staleMs = isDevelopment(this.#env) && !isKvCached(this.#env) ? 0 : KV_STALE_MS
    return Math.abs(nowMs - this.#writer.writtenAtMs(key)) <= staleMs && isOlder()
  }

  #remember(change: Partial<Remembered>): void {
    this.#remembered = { ...this.#remembered, ...change }
    this.#documents.overwritten = this.#remembered.overwritten
    this.#texts.putJson('document', this.#remembered)
  }
}
