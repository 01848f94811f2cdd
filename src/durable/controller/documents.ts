/**
 * The document in force and its versions. A new version is published through the admin API or adopted from KV; a
 * document with problems never replaces a valid one.
 */
import { compileSnapshot, type Snapshot } from '../../core/config/compile/snapshot.ts'
import { type Change, changesBetween } from '../../core/config/document-diff.ts'
import { type DocumentTag, MOST_REPLACED } from '../../core/config/document-tag.ts'
import { type Edit, type Edited, editDocument } from '../../core/config/edit.ts'
import { type Parsed, parseDocument, parseDocumentValue } from '../../core/config/parse/parse.ts'
import type { Problem } from '../../core/config/parse/problems.ts'
import type { GateDocument } from '../../core/config/schema/document.ts'
import { numbered } from '../../core/counters/protocol.ts'
import { jsonOf, withoutByteOrderMark } from '../../core/json-object.ts'
import { compilePlans, type RolloutPlan } from '../../core/rollout/plan.ts'
import { sha256Hex } from '../../platform/crypto.ts'
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

/** What a new version is made of. */
export type DocumentChange =
  | { kind: 'text'; text: string }
  | { kind: 'edit'; edit: Edit }
  | { kind: 'restore'; version: number }

/** A new version that may be put in force, or why it may not be. */
export type Draft =
  | { ok: true; text: string; parsed: GateDocument; changes: Change[] }
  | { ok: false; why: 'invalid'; problems: readonly Problem[] }
  | { ok: false; why: 'conflict'; current: VersionInfo; changes: Change[] }
  | { ok: false; why: 'missing' | 'exists' | 'impossible'; detail: string }

/** Older versions are not searched for a flag that has left. */
const MOST_SEARCHED = 200
const MOST_SEARCHED_BYTES = 20_000_000

export class Documents {
  readonly history: DocumentHistory
  /** Hash of a text that KV had and that was refused: isolates that have it take the one in force. */
  overwritten: string | undefined
  readonly #kv: KvWriter
  readonly #bundled: unknown
  #loaded: LoadedDocument | undefined

  constructor(sql: SqlStorage, texts: TextStore, kv: KvWriter, bundled: unknown) {
    this.#kv = kv
    this.#bundled = bundled
    this.history = new DocumentHistory(sql, texts)
  }

  /** The document in force: the latest version, or the bundled one where there is none. */
  get current(): LoadedDocument {
    this.#loaded ??= this.#latest() ?? this.#builtIn()
    return this.#loaded
  }

  /** The tag by which isolates learn of the document. */
  get tag(): DocumentTag {
    const { version, hash, atMs } = this.current.info
    if (version === 0) return numbered({ version, hash: '', atMs, replaced: [], inKv: true })
    const earlier = this.history.list(MOST_REPLACED, version).map((info) => info.hash)
    const refused = this.overwritten === undefined ? [] : [this.overwritten]
    const replaced = [...refused, ...earlier].filter((each) => each !== hash)
    return numbered({ version, hash, atMs, replaced, inKv: !this.#kv.isPending('config') })
  }

  /** Prepares a new version without putting it in force. */
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

  /** The latest version in force that had a flag, as far as the recent ones tell. */
  lastWith(flag: string): { document: GateDocument; snapshot: Snapshot } | undefined {
    let bytes = 0
    for (const info of this.history.list(MOST_SEARCHED, undefined)) {
      bytes += info.bytes
      if (bytes > MOST_SEARCHED_BYTES) return undefined
      const text = this.history.find(info.version)?.text ?? '{}'
      // A key is written as it is, or escaped.
      if (!text.includes(JSON.stringify(flag)) && !text.includes('\\u')) continue
      const parsed = parseDocument(text)
      if (parsed.ok && Object.hasOwn(parsed.value.flags, flag))
        return { document: parsed.value, snapshot: compileSnapshot(parsed.value) }
    }
    return undefined
  }

  /** Puts a document in force as the next version. */
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
    return info
  }

  #textOf(change: DocumentChange, before: string): string | (Draft & { ok: false }) {
    switch (change.kind) {
      case 'text':
        return withoutByteOrderMark(change.text)
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
}

function prepare(info: VersionInfo, text: string, document: GateDocument): LoadedDocument {
  return { info, text, document, snapshot: compileSnapshot(document), plans: compilePlans(document) }
}
