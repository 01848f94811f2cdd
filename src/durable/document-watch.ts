/**
 * The Controller's view of what people write into KV: it notices by the hashes that isolates report, reads,
 * validates, and says what belongs into the audit log.
 */
import { parseKillList } from '../core/config/control.ts'
import { type Parsed, parseDocument, parseDocumentValue } from '../core/config/parse.ts'
import type { Problem } from '../core/config/problems.ts'
import type { GateDocument } from '../core/config/schema.ts'
import { compileSnapshot, type Snapshot } from '../core/config/snapshot.ts'
import type { IsolateSighting } from '../core/counters/protocol.ts'
import type { AuditRecord } from '../core/rollout/audit.ts'
import { compilePlans, type RolloutPlan } from '../core/rollout/plan.ts'
import { sha256Hex } from '../crypto.ts'
import type { Env } from '../env.ts'
import type { TextStore } from './storage.ts'

/** A document, and what the Controller needs of it. */
export type LoadedDocument = {
  document: GateDocument
  snapshot: Snapshot
  plans: ReadonlyMap<string, RolloutPlan>
}

export type DocumentReport = {
  hash: string
  adoptedAtMs: number | undefined
  refused: { hash: string; seenAtMs: number; problems: readonly Problem[] } | undefined
  killList: readonly string[]
}

/** KV shows a location a change only after its cache has expired; asking again sooner would be in vain. */
const LEAST_BETWEEN_READS_MS = 1_000

export class DocumentWatch {
  readonly #env: Env
  readonly #texts: TextStore
  readonly #bundled: unknown
  #loaded: LoadedDocument | undefined
  #report: DocumentReport
  #lastReadMs = 0
  #suspected = false

  constructor(env: Env, texts: TextStore, bundled: unknown) {
    this.#env = env
    this.#texts = texts
    this.#bundled = bundled
    this.#report = texts.getJson<DocumentReport>('document') ?? {
      hash: '',
      adoptedAtMs: undefined,
      refused: undefined,
      killList: [],
    }
  }

  get report(): DocumentReport {
    return this.#report
  }

  /** The document as it is known; load() must have been called. */
  get current(): LoadedDocument {
    if (this.#loaded === undefined) throw new Error('Cannot use the document: it has not been loaded')
    return this.#loaded
  }

  /** Isolates say what KV shows them; whatever is not known yet is worth a look. */
  noticeHashes(isolates: readonly IsolateSighting[]): void {
    const { hash, refused } = this.#report
    const known = (sighting: IsolateSighting) =>
      sighting.documentHash === hash ||
      sighting.documentHash === refused?.hash ||
      sighting.documentHash === ''
    if (!isolates.every(known) || isolates.some((sighting) => sighting.killHash !== this.#killHash)) {
      this.#suspected = true
    }
  }

  get #killHash(): string {
    return this.#texts.get('killHash') ?? ''
  }

  /** Makes sure that there is a document to work by. */
  async load(): Promise<void> {
    if (this.#loaded !== undefined) return
    const text = await this.#env.GATE.get('config', { type: 'text' }).catch(() => null)
    const parsed = text === null ? undefined : parseDocument(text)
    this.#loaded = prepare(required(parsed?.ok ? parsed : parseDocumentValue(this.#bundled)))
  }

  /** Reads KV if something new was noticed; returns what the audit log should record. */
  async check(nowMs: number): Promise<AuditRecord[]> {
    if (!this.#suspected || nowMs - this.#lastReadMs < LEAST_BETWEEN_READS_MS) return []
    this.#lastReadMs = nowMs
    this.#suspected = false
    try {
      const values = await this.#env.GATE.get(['config', 'kill'], { type: 'text' })
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

  async #adoptDocument(text: string | null, nowMs: number): Promise<AuditRecord[]> {
    if (text === null) return []
    const hash = await sha256Hex(text)
    const before = this.#report
    if (hash === before.hash || hash === before.refused?.hash) return []
    const parsed = parseDocument(text)
    if (parsed.ok) this.#loaded = prepare(parsed.value)
    this.#note(
      parsed.ok
        ? { ...before, hash, adoptedAtMs: nowMs, refused: undefined }
        : { ...before, refused: { hash, seenAtMs: nowMs, problems: parsed.problems } },
    )
    const why = parsed.ok ? 'written to KV' : `written to KV with ${parsed.problems.length} problem(s)`
    return [
      {
        atMs: nowMs,
        actor: 'kv',
        action: parsed.ok ? 'document-adopted' : 'document-refused',
        flag: undefined,
        reason: `A document was ${why}`,
        evidence: parsed.ok ? undefined : parsed.problems,
        before: { hash: before.hash },
        after: { hash },
      },
    ]
  }

  async #adoptKillList(text: string | null, nowMs: number): Promise<AuditRecord[]> {
    const parsed = parseKillList(text)
    const killHash = text ? await sha256Hex(text) : ''
    if (!parsed.ok || killHash === this.#killHash) return []
    const before = this.#report.killList
    this.#texts.put('killHash', killHash)
    this.#note({ ...this.#report, killList: parsed.value })
    return [
      {
        atMs: nowMs,
        actor: 'kv',
        action: 'kill-list',
        flag: undefined,
        reason: 'The kill list was written to KV',
        evidence: undefined,
        before,
        after: parsed.value,
      },
    ]
  }

  #note(report: DocumentReport): void {
    this.#report = report
    this.#texts.putJson('document', report)
  }
}

function prepare(document: GateDocument): LoadedDocument {
  return { document, snapshot: compileSnapshot(document), plans: compilePlans(document) }
}

function required(parsed: Parsed<GateDocument>): GateDocument {
  if (!parsed.ok) throw new Error('Cannot load a document: the bundled one is invalid')
  return parsed.value
}
