/** Publishing a change: drafted, compared, put in force and recorded, or refused with the reason. */
import type { Change } from '../../core/config/document-diff.ts'
import { summaryOf } from '../../core/config/document-diff.ts'
import type { DocumentTag } from '../../core/config/document-tag.ts'
import type { Problem } from '../../core/config/parse/problems.ts'
import type { Impact } from '../../core/decision/impact.ts'
import { UNKNOWN_IMPACT } from '../../core/decision/impact.ts'
import type { AuditLog } from '../storage/audit-log.ts'
import type { VersionInfo } from '../storage/document-history.ts'
import type { DocumentChange, Documents, Draft } from './documents.ts'
import type { ImpactEstimator } from './impact.ts'
import type { KvReader } from './kv-reader.ts'

export type Published =
  | {
      ok: true
      info: VersionInfo
      changed: boolean
      changes: Change[]
      people: Impact
      kvPending: boolean
      tag: DocumentTag
    }
  | { ok: false; why: 'unconfirmed'; people: Impact; limitPercent: number }
  | (Draft & { ok: false })

/** What publishing a change would do. */
export type Review = {
  valid: boolean
  problems: readonly Problem[]
  /** The version that it was compared with. */
  against: number
  changes: Change[]
  people: Impact
  needsConfirmation: boolean
}

/** What publishing needs. */
type PublishingParts = { documents: Documents; audit: AuditLog; impact: ImpactEstimator; kvReader: KvReader }

export type PublishOptions = {
  expectedVersion: number | undefined
  confirm: boolean
  actor: string
  reason: string
  nowMs: number
}

/** Tries a change without putting anything in force. */
export async function reviewChange(
  { documents, impact }: Pick<PublishingParts, 'documents' | 'impact'>,
  change: DocumentChange,
): Promise<Review> {
  const { info, document } = documents.current
  const nothing = { against: info.version, people: UNKNOWN_IMPACT, needsConfirmation: false }
  const draft = documents.draft(change, undefined)
  if (!draft.ok) {
    const problems = draft.why === 'invalid' ? draft.problems : []
    return { ...nothing, valid: false, problems, changes: [] }
  }
  const moved = await impact.of(draft.parsed)
  const needsConfirmation = movesTooMany(moved, document.publishing.confirmAbovePercent)
  return { ...nothing, valid: true, problems: [], changes: draft.changes, people: moved, needsConfirmation }
}

/** Puts a change in force as the next version and records it, or says why not. Writes nothing to KV. */
export async function putChangeInForce(
  { documents, audit, impact, kvReader }: PublishingParts,
  change: DocumentChange,
  options: PublishOptions,
): Promise<Published> {
  const { expectedVersion, actor, reason, nowMs } = options
  const draft = documents.draft(change, expectedVersion)
  if (!draft.ok) return draft
  const before = documents.current
  const { text, parsed, changes } = draft
  // An unchanged text is published again where KV holds a refused one: isolates that start read KV.
  if (text === before.text && kvReader.report.refused === undefined) {
    return {
      ok: true,
      info: before.info,
      changed: false,
      changes,
      people: UNKNOWN_IMPACT,
      kvPending: false,
      tag: documents.tag,
    }
  }
  const people = await impact.of(parsed)
  // The limit in force decides: a change must not lift the limit that applies to it.
  const limitPercent = before.document.publishing.confirmAbovePercent
  if (!options.confirm && movesTooMany(people, limitPercent)) {
    return { ok: false, why: 'unconfirmed', people, limitPercent }
  }
  const info = await documents.putInForce(text, parsed, { actor, reason, source: 'api', atMs: nowMs })
  kvReader.forgetRefused()
  audit.append({
    atMs: nowMs,
    actor,
    action: change.kind === 'restore' ? 'document-restored' : 'document-published',
    flag: change.kind === 'edit' ? change.edit.flag : undefined,
    reason,
    evidence: summaryOf(changes),
    before: { version: before.info.version, hash: before.info.hash },
    after: { version: info.version, hash: info.hash },
  })
  return { ok: true, info, changed: true, changes, people, kvPending: false, tag: documents.tag }
}

function movesTooMany({ movedPercent }: Impact, limitPercent: number): boolean {
  return movedPercent !== null && movedPercent > limitPercent
}
