/**
 * The document in force and its versions. A new one comes by a person's publishing, or by KV, where people may write
 * it themselves: isolates report the hashes of what KV shows them, the desk reads, validates and adopts. One that is
 * not valid replaces nothing, whichever way it came.
 */

import { compileSnapshot, type Snapshot } from '../../core/config/compile/snapshot.ts'
import { parseKillList } from '../../core/config/control.ts'
import { type Change, changesBetween, summaryOf } from '../../core/config/document-diff.ts'
import { type DocumentTag, KV_STALE_MS, MOST_REPLACED } from '../../core/config/document-tag.ts'
import { type Edit, type Edited, editDocument } from '../../core/config/edit.ts'
import { type Parsed, parseDocument, parseDocumentValue } from '../../core/config/parse/parse.ts'
import type { Problem } from '../../core/config/parse/problems.ts'
import type { GateDocument } from '../../core/config/schema/document.ts'
import { type IsolateSighting, numbered } from '../../core/counters/protocol.ts'
import type { JsonObject } from '../../core/json-object.ts'
import type { AuditRecord } from '../../core/rollout/audit.ts'
import { compilePlans, type RolloutPlan } from '../../core/rollout/plan.ts'
import { sha256Hex } from '../../platform/crypto.ts'
import { type Env, isDevelopment } from '../../platform/env.ts'
import { withTimeout } from '../../platform/timeout.ts'
import { DocumentHistory, type VersionInfo } from '../storage/document-history.ts'
import type { TextStore } from '../storage/text-store.ts'
import type { KvWriter } from './kv-writer.ts'

/** A version of the document, and what the Controller needs of it. */
export type LoadedDocument = {
  info: VersionInfo
  text: string
  document: GateDocument
  snapshot: Snapshot
  plans: ReadonlyMap<string, RolloutPlan>
}

export type DocumentReport = {
  version: number
  hash: string
  refused: { hash: string; seenAtMs: number; problems: readonly Problem[] } | undefined
  killList: readonly string[]
}

/** What a new version is to be made of. */
export type DocumentChange =
  | { kind: 'text'; text: string }
  | { kind: 'edit'; edit: Edit }
  | { kind: 'restore'; version: number }

/** A new version that may be put in force, or why it may not. */
export type Draft =
  | { ok: true; text: string; parsed: GateDocument; changes: Change[] }
  | { ok: false; why: 'invalid'; problems: readonly Problem[] }
  | { ok: false; why: 'conflict'; current: VersionInfo; changes: Change[] }
  | { ok: false; why: 'missing' | 'exists' | 'impossible'; detail: string }

/** KV shows a location a change only after its cache has expired; asking again sooner would be in vain. */
const LEAST_BETWEEN_READS_MS = 1_000
const READ_TIMEOUT_MS = 5_000

type Remembered = Pick<DocumentReport, 'refused' | 'killList'> & {
  killHash: string
  /** Hashes of the lists that the Controller has replaced, newest first: KV may show them a while longer. */
  replacedKills?: readonly string[]
  /** Hash of the last refused text that a good one has replaced: KV may show it a while longer. */
  overwritten?: string
}

export class DocumentDesk {
  readonly history: DocumentHistory
  readonly #env: Env
  readonly #texts: TextStore
  readonly #kv: KvWriter
  readonly #bundled: unknown
  #loaded: LoadedDocument | undefined
  #remembered: Remembered
  #lastReadMs = 0
  /** The kill list that KV showed last, be it too old to be taken over. */
  #shownKills: readonly string[] = []
  /** KV has shown the list in force since it was written: whatever it shows from then on is newer. */
  #isKillListBack = false
  /** Something in KV may be new; that is so whenever the Controller wakes. */
  #suspected = true

  constructor(env: Env, sql: SqlStorage, texts: TextStore, kv: KvWriter, bundled: unknown) {
    this.#env = env
    this.#texts = texts
    this.#kv = kv
    this.#bundled = bundled
    this.history = new DocumentHistory(sql, texts)
    this.#remembered = texts.getJson('document') ?? { refused: undefined, killList: [], killHash: '' }
  }

  get report(): DocumentReport {
    const { version, hash } = this.current.info
    const { refused, killList } = this.#remembered
    return { version, hash, refused, killList }
  }

  /** The document in force: the latest version, or what was built in where there is none. */
  get current(): LoadedDocument {
    this.#loaded ??= this.#latest() ?? this.#builtIn()
    return this.#loaded
  }

  /** What isolates are told of the document. */
  get tag(): DocumentTag {
    const { version, hash, atMs } = this.current.info
    if (version === 0) return numbered({ version, hash: '', atMs, replaced: [], inKv: true })
    const earlier = this.history.list(MOST_REPLACED, version).map((info) => info.hash)
    const replaced = earlier.filter((each) => each !== hash)
    return numbered({ version, hash, atMs, replaced, inKv: !this.#kv.isPending('config') })
  }

  /** Isolates say what KV shows them; whatever is not known yet is worth a look. */
  noticeHashes(isolates: readonly IsolateSighting[]): void {
    const { refused, killHash } = this.#remembered
    const known = new Set(['', this.current.info.hash, refused?.hash])
    this.#suspected ||= isolates.some((each) => !known.has(each.documentHash) || each.killHash !== killHash)
  }

  /** The next look at KV is a real one, however short ago the last was. */
  suspect(): void {
    this.#suspected = true
    this.#lastReadMs = Number.NEGATIVE_INFINITY
  }

  /** Reads KV if something new was noticed; returns what the audit log should record. */
  async check(nowMs: number): Promise<AuditRecord[]> {
    if (!this.#suspected || nowMs - this.#lastReadMs < LEAST_BETWEEN_READS_MS) return []
    this.#lastReadMs = nowMs
    this.#suspected = false
    try {
      const values = await withTimeout(
        this.#env.GATE.get(['config', 'kill'], { type: 'text' }),
        READ_TIMEOUT_MS,
      )
      return [
        ...(await this.#adoptDocument(values.get('config') ?? null, nowMs)),
        ...(await this.#adoptKillList(values.get('kill') ?? null, nowMs)),
      ]
    } catch {
      // KV is away; what was noticed is looked at again next time.
      this.#suspected = true
      return []
    }
  }

  /** Prepares a new version; puts nothing in force. */
  draft(change: DocumentChange, expectedVersion: number | undefined): Draft {
    const { info, text: before } = this.current
    if (expectedVersion !== undefined && expectedVersion !== info.version) {
      const expected = this.history.find(expectedVersion)?.text ?? this.#builtIn().text
      return {
        ok: false,
        why: 'conflict',
        current: info,
        changes: changesBetween(jsonOf(expected), jsonOf(before)),
      }
    }
    const text = this.#textOf(change, before)
    if (typeof text !== 'string') return text
    const parsed = parseDocument(text)
    if (!parsed.ok) return { ok: false, why: 'invalid', problems: parsed.problems }
    return { ok: true, text, parsed: parsed.value, changes: changesBetween(jsonOf(before), jsonOf(text)) }
  }

  /** Puts a document in force, as the next version. */
  async putInForce(
    text: string,
    parsed: GateDocument,
    cause: Pick<VersionInfo, 'actor' | 'reason' | 'source' | 'atMs'>,
  ): Promise<VersionInfo> {
    const hash = await sha256Hex(text)
    const bytes = new TextEncoder().encode(text).byteLength
    const info: VersionInfo = { version: this.current.info.version + 1, hash, bytes, ...cause }
    this.#loaded = prepare(info, text, parsed)
    this.history.add(info, text)
    const { refused } = this.#remembered
    this.#remember({ refused: undefined, ...(refused && { overwritten: refused.hash }) })
    return info
  }

  #textOf(change: DocumentChange, before: string): string | (Draft & { ok: false }) {
    switch (change.kind) {
      case 'text':
        return change.text
      case 'restore': {
        const found = this.history.find(change.version)
        const detail = `Cannot restore version ${change.version}: it is not in the history`
        return found?.text ?? { ok: false, why: 'missing', detail }
      }
      case 'edit': {
        const edited: Edited = editDocument(jsonOf(before), change.edit)
        return edited.ok ? `${JSON.stringify(edited.document, null, 2)}\n` : edited
      }
    }
  }

  async #adoptDocument(text: string | null, nowMs: number): Promise<AuditRecord[]> {
    if (text === null) return []
    const hash = await sha256Hex(text)
    const before = this.current.info
    const { refused } = this.#remembered
    if (hash === before.hash && refused !== undefined) this.#remember({ refused: undefined })
    if (hash === before.hash || hash === refused?.hash || this.#isStale('config', hash, nowMs)) return []
    const parsed = parseDocument(text)
    const cause = { actor: 'kv', reason: 'A document was written to KV', source: 'kv', atMs: nowMs } as const
    const record = { ...cause, flag: undefined, before: { version: before.version, hash: before.hash } }
    if (!parsed.ok) {
      const { problems } = parsed
      this.#remember({ refused: { hash, seenAtMs: nowMs, problems } })
      const reason = `A document with ${problems.length} problem${problems.length > 1 ? 's' : ''} was written to KV`
      return [{ ...record, action: 'document-refused', reason, evidence: problems, after: { hash } }]
    }
    const evidence = summaryOf(changesBetween(jsonOf(this.current.text), jsonOf(text)))
    const { version } = await this.putInForce(text, parsed.value, cause)
    return [{ ...record, action: 'document-adopted', evidence, after: { version, hash } }]
  }

  async #adoptKillList(text: string | null, nowMs: number): Promise<AuditRecord[]> {
    const parsed = parseKillList(text)
    const killHash = text ? await sha256Hex(text) : ''
    if (!parsed.ok) return []
    this.#shownKills = parsed.value
    if (killHash === this.#remembered.killHash) this.#isKillListBack = true
    else if (this.#isStale('kill', killHash, nowMs)) this.#suspected = true
    else return this.#takeKillList(parsed.value, killHash, nowMs)
    return []
  }

  #takeKillList(killList: readonly string[], killHash: string, nowMs: number): AuditRecord[] {
    const before = this.#remembered.killList
    this.#remember({ killHash, killList })
    this.#isKillListBack = true
    return [
      {
        atMs: nowMs,
        actor: 'kv',
        action: 'kill-list',
        flag: undefined,
        reason: 'The kill list was written to KV',
        evidence: undefined,
        before,
        after: killList,
      },
    ]
  }

  /**
   * Whether people's list in KV has a flag, as far as is known. Where KV shows a list that was just replaced, that may be
   * an old reading, or somebody has written the same once more: isolates obey it in either case.
   */
  isListed(flag: string): boolean {
    return this.#remembered.killList.includes(flag) || this.#shownKills.includes(flag)
  }

  /** Takes flags out of the people's list in KV; the Controller writes what is left, and reads it back. */
  async dropFromKillList(dropped: (flag: string) => boolean): Promise<void> {
    const before = this.#remembered
    const killList = before.killList.filter((flag) => !dropped(flag))
    const replacedKills = [before.killHash, ...(before.replacedKills ?? [])].slice(0, MOST_REPLACED)
    this.#remember({ killList, killHash: await sha256Hex(JSON.stringify(killList)), replacedKills })
    this.#shownKills = killList
    this.#isKillListBack = false
    this.#suspected = true
    this.#kv.mark('kill')
  }

  /** Whether what KV showed to a read of that time is older than what the Controller has written, or is about to. */
  #isStale(key: 'config' | 'kill', hash: string, nowMs: number): boolean {
    const { overwritten, replacedKills = [] } = this.#remembered
    const isOlder = () =>
      key === 'kill'
        ? !this.#isKillListBack && replacedKills.includes(hash)
        : hash === overwritten || this.tag.replaced.includes(hash)
    if (this.#kv.isPending(key)) return isOlder()
    const staleMs = isDevelopment(this.#env) ? 0 : KV_STALE_MS
    return nowMs - this.#kv.writtenAtMs(key) <= staleMs && isOlder()
  }

  #latest(): LoadedDocument | undefined {
    const latest = this.history.latest()
    const found = latest && this.history.find(latest.version)
    if (found === undefined) return undefined
    const parsed = parseDocument(found.text)
    return parsed.ok ? prepare(found.info, found.text, parsed.value) : undefined
  }

  #builtIn(): LoadedDocument {
    const parsed: Parsed<GateDocument> = parseDocumentValue(this.#bundled)
    if (!parsed.ok) throw new Error('Cannot load a document: the bundled one is invalid')
    const text = `${JSON.stringify(this.#bundled, null, 2)}\n`
    const info = { version: 0, hash: '', atMs: 0, actor: 'build', reason: 'Built in', bytes: text.length }
    return prepare({ ...info, source: 'bundled' }, text, parsed.value)
  }

  #remember(change: Partial<Remembered>): void {
    this.#remembered = { ...this.#remembered, ...change }
    this.#texts.putJson('document', this.#remembered)
  }
}

function prepare(info: VersionInfo, text: string, document: GateDocument): LoadedDocument {
  return { info, text, document, snapshot: compileSnapshot(document), plans: compilePlans(document) }
}

/** A text that has been parsed as a document before. */
function jsonOf(text: string): JsonObject {
  return JSON.parse(text) as JsonObject
}
