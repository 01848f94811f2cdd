/** Publishing a change: drafted, compared, put in force and recorded, or refused with the reason. */

import { compileSnapshot } from '../../core/config/compile/snapshot.ts'
import type { ControlState } from '../../core/config/control.ts'
import type { Change } from '../../core/config/document-diff.ts'
import { summaryOf } from '../../core/config/document-diff.ts'
import type { DocumentTag } from '../../core/config/document-tag.ts'
import { changeWords } from '../../core/config/document-words.ts'
import type { Problem } from '../../core/config/parse/problems.ts'
import type { GateDocument } from '../../core/config/schema/document.ts'
import type { Impact } from '../../core/decision/impact.ts'
import { UNKNOWN_IMPACT } from '../../core/decision/impact.ts'
import type { RuleAudience } from '../../core/decision/sample-answers.ts'
import { jsonOf, ownOf } from '../../core/json-object.ts'
import { flagStatus } from '../../core/rollout/commands.ts'
import {
  type DocumentInputs,
  type RolloutChange,
  rolloutChangeText,
  withDocument,
} from '../../core/rollout/edits/document-change.ts'
import { impactQuestion } from '../../core/rollout/edits/impact-question.ts'
import { ladderOf, laddersOf, shareOf } from '../../core/rollout/edits/ladders.ts'
import { type NamedEdit, namedQuestions } from '../../core/rollout/edits/named-change.ts'
import { looserLimits, movesVisitors, questionsOf } from '../../core/rollout/edits/questions.ts'
import { departedKeys } from '../../core/rollout/edits/replacement.ts'
import { documentNews } from '../../core/rollout/news/document-news.ts'
import type { AuditLog } from '../storage/audit-log.ts'
import type { VersionInfo } from '../storage/document-history.ts'
import type { ControlStore } from './control-store.ts'
import type { DocumentChange, Documents, Draft, LoadedDocument } from './documents.ts'
import type { ImpactEstimator } from './impact.ts'
import type { KvReader } from './kv-reader.ts'
import type { KvWriter } from './kv-writer.ts'
import { measuredAnewTexts } from './news/measured-anew.ts'

export type Published =
  | {
      ok: true
      info: VersionInfo
      changed: boolean
      changes: Change[]
      people: Impact
      /** What it did to rollouts that run. */
      rollouts: RolloutChange[]
      kvPending: boolean
      tag: DocumentTag
      /** The control state that goes with it: the document alone would serve control where a split is new. */
      state: ControlState
    }
  | { ok: false; why: 'unconfirmed'; people: Impact; limitPercent: number; questions: string[] }
  | (Draft & { ok: false })

/** What publishing a change would do. */
export type Review = {
  valid: boolean
  problems: readonly Problem[]
  /** The version that it was compared with. */
  against: number
  changes: Change[]
  /** The changes as people say them, and what they do to rollouts that run. */
  summary: string[]
  people: Impact
  needsConfirmation: boolean
  /** What a person must confirm, in one sentence each. */
  questions: string[]
  /** How many recent visitors each rule of one flag is about. */
  audience: RuleAudience[]
  /** With them, the most frequent values of each attribute. */
  examples: Record<string, string[]>
}

/** What publishing needs. */
type PublishingParts = {
  documents: Documents
  control: ControlStore
  audit: AuditLog
  impact: ImpactEstimator
  kv: KvWriter
  kvReader: KvReader
}

export type PublishOptions = {
  expectedVersion: number | undefined
  confirm: boolean
  /** A flag that begins a new attempt at its first stage with this document. */
  restart?: string | undefined
  actor: string
  reason: string
  nowMs: number
}

/** Tries a change without putting anything in force. */
export async function reviewChange(
  parts: Pick<PublishingParts, 'documents' | 'impact' | 'control'>,
  change: DocumentChange,
  flag?: string,
): Promise<Review> {
  const { documents, impact, control } = parts
  const { info } = documents.current
  const nothing = {
    against: info.version,
    people: UNKNOWN_IMPACT,
    needsConfirmation: false,
    questions: [],
    summary: [],
    audience: [],
    examples: {},
  }
  const draft = documents.draft(change, undefined)
  if (!draft.ok) {
    const problems = draft.why === 'invalid' ? draft.problems : []
    return { ...nothing, valid: false, problems, changes: [] }
  }
  const { changes } = draft
  const { people, questions, next, rollouts } = await examine(parts, change, draft.parsed)
  const audience = flag === undefined ? [] : await impact.audiencesOf(documents.current, next, flag)
  const needsConfirmation = questions.length > 0
  const summary = [
    ...changeWords(jsonOf(documents.current.text), jsonOf(draft.text)),
    ...rollouts.map((each) => `${each.flag}: ${rolloutChangeText(each)}`),
    ...measuredAnewTexts(control.state, documents.current, next),
  ]
  const examples = flag === undefined ? {} : impact.examples()
  const found = { changes, summary, people, needsConfirmation, questions, audience, examples }
  return { ...nothing, valid: true, problems: [], ...found }
}

type Examined = {
  people: Impact
  questions: string[]
  rollouts: RolloutChange[]
  next: Pick<LoadedDocument, 'document' | 'snapshot'>
}

/** A change's impact, and what must be confirmed before it may be made. */
async function examine(
  { documents, impact, control }: Pick<PublishingParts, 'documents' | 'impact' | 'control'>,
  change: DocumentChange,
  document: GateDocument,
  restart?: string,
): Promise<Examined> {
  const before = { ...documents.current, state: control.state }
  const next = { document, snapshot: compileSnapshot(document) }
  const { state, changes: rollouts } = withDocument(before.state, confirmedDocument(before, next, restart))
  const after = { ...next, state }
  const people = await impact.of(before, after)
  const departed = departedKeys(before.state, before.document, document).flatMap((flag) => {
    const loaded = documents.lastWith(flag)
    return loaded === undefined ? [] : [{ flag, loaded }]
  })
  const limitPercent = before.document.publishing.confirmAbovePercent
  // What a person names is this flag's; of other flags it is asked as ever.
  const [named, meant] = isNamed(change)
    ? [namedQuestions(change.edit, { before, after }, people, limitPercent), change.edit.flag]
    : [[], undefined]
  const others = questionsOf(before, after, departed).filter(({ flag }) => flag !== meant)
  const asked = [...named, ...others.map(({ text }) => text)]
  const mayMove = movesVisitors(before.document, document) && !isPlain(change, before.info)
  const large = isNamed(change) ? undefined : impactQuestion(people, limitPercent, mayMove)
  const limit = before.info.version === 0 ? [] : looserLimits(before.document, document, Date.now())
  return {
    people,
    questions: [...asked, ...limit, ...(large === undefined ? [] : [large])],
    next,
    rollouts,
  }
}

/** A person who names a percentage, or enables a flag, means that very change: what is asked for is how far it goes. */
function isNamed(change: DocumentChange): change is { kind: 'edit'; edit: NamedEdit } {
  return change.kind === 'edit' && (change.edit.kind === 'percentage' || change.edit.kind === 'enable')
}

/** A change that says itself what it does, without visitors to judge it by; and the first document of a gate. */
function isPlain(change: DocumentChange, { version }: VersionInfo): boolean {
  return version === 0 || (change.kind === 'edit' && change.edit.kind !== 'patch')
}

/** Puts a change in force as the next version and records it, or says why not. Writes nothing to KV. */
export async function putChangeInForce(
  parts: PublishingParts,
  change: DocumentChange,
  options: PublishOptions,
): Promise<Published> {
  const { documents, audit, kv, kvReader, control } = parts
  const { expectedVersion, actor, reason, nowMs } = options
  const draft = documents.draft(change, expectedVersion)
  if (!draft.ok) return draft
  const before = documents.current
  const { text, parsed, changes } = draft
  const { restart } = options
  if (restart !== undefined && !hasStages(parsed, restart)) {
    const detail = `Cannot begin an attempt of ${restart}: the document has no such flag with stages`
    return { ok: false, why: 'impossible', detail }
  }
  // Isolates that start read KV: an unchanged text is published where KV holds none, as at first, or a refused one.
  const isPublished = before.info.version > 0 && kvReader.report.refused === undefined
  if (text === before.text && isPublished && restart === undefined) {
    return {
      ok: true,
      info: before.info,
      changed: false,
      changes,
      people: UNKNOWN_IMPACT,
      rollouts: [],
      kvPending: kv.isPending('config'),
      tag: documents.tag,
      state: control.state,
    }
  }
  const { people, questions } = await examine(parts, change, parsed, restart)
  if (!options.confirm && questions.length > 0) {
    // The limit in force decides: a change must not lift the limit that applies to it.
    const limitPercent = before.document.publishing.confirmAbovePercent
    return { ok: false, why: 'unconfirmed', people, limitPercent, questions }
  }
  const info = await documents.putInForce(text, parsed, { actor, reason, source: 'api', atMs: nowMs })
  kvReader.forgetRefused()
  const news = documentNews(jsonOf(before.text), jsonOf(text), [before.info.version, info.version])
  audit.append({
    atMs: nowMs,
    actor,
    action: change.kind === 'restore' ? 'document-restored' : 'document-published',
    flag: change.kind === 'restore' ? undefined : (news.flag ?? undefined),
    reason,
    evidence: { ...summaryOf(changes), summary: news.changes, flags: news.flags },
    before: { version: before.info.version, hash: before.info.hash },
    after: { version: info.version, hash: info.hash },
  })
  const inputs = confirmedDocument({ ...before, state: control.state }, documents.current, restart)
  const rollouts = control.takeDocument(inputs, { actor, reason, evidence: undefined }, nowMs)
  const known = { tag: documents.tag, state: control.state }
  return { ok: true, info, changed: true, changes, people, rollouts, kvPending: false, ...known }
}

function hasStages({ flags }: GateDocument, flag: string): boolean {
  return ownOf(flags, flag)?.rules.some(({ stages }) => stages !== undefined) ?? false
}

/** What a person's publication means for rollouts. */
function confirmedDocument(
  before: Loaded & { state: ControlState },
  loaded: Loaded,
  restart?: string,
): DocumentInputs {
  return {
    ladders: laddersOf(loaded, before.state),
    word: 'confirmed',
    restart,
    shareBefore: (flag) => shareOf(before, flag, flagStatus(before.state, flag)),
    ladderBefore: (flag) => ladderOf(before, flag),
  }
}

type Loaded = Parameters<typeof laddersOf>[0]
