/** What happened: who did what, when, why. */
import type { Change, Responses } from '../../contract/responses.ts'
import { changesBetween } from '../../core/config/document-diff.ts'
import { Link } from '../state/router.tsx'
import { Changes } from './document-diff.tsx'
import { Ago } from './time.tsx'

export type AuditRecord = Responses['listAudit']['records'][number]
type Action = AuditRecord['action']

/** Past tense, and how it should look; what is not named here is neutral. */
const DEEDS: Readonly<Record<Action, readonly [words: string, tone?: 'good' | 'warn' | 'bad' | 'accent']>> = {
  kill: ['killed', 'bad'],
  unkill: ['lifted the kill of', 'good'],
  rollback: ['rolled back', 'bad'],
  resume: ['resumed', 'good'],
  stage: ['set the stage of', 'accent'],
  advance: ['advanced', 'accent'],
  approve: ['approved', 'good'],
  pause: ['paused', 'warn'],
  freeze: ['froze', 'warn'],
  finish: ['finished', 'good'],
  'document-published': ['published'],
  'document-restored': ['restored an earlier document'],
  'document-adopted': ['published by KV'],
  'document-refused': ['a bad document in KV was refused', 'warn'],
  'kill-list': ['changed the kill list in KV', 'bad'],
  'preview-created': ['made a preview link'],
  'token-created': ['made a token'],
  'token-revoked': ['took a token back'],
  'login-refused': ['was refused', 'warn'],
  'call-refused': ['was refused', 'warn'],
  'webhook-tested': ['tested a webhook'],
}

export function AuditList({
  records,
  withFlag = true,
}: {
  records: readonly AuditRecord[]
  withFlag?: boolean
}) {
  if (records.length === 0) return <p class="hint">Nothing has happened yet.</p>
  return (
    <ol class="audit">
      {records.map((record) => (
        <Entry key={record.id} record={record} withFlag={withFlag} />
      ))}
    </ol>
  )
}

function Entry({ record, withFlag }: { record: AuditRecord; withFlag: boolean }) {
  const { actor, action, flag, reason, at } = record
  const [words, tone = 'neutral'] = DEEDS[action] ?? [action]
  return (
    <li>
      <span class={`dot ${tone}`} />
      <p>
        <strong>{actor}</strong> {withFlag ? words : words.replace(/ of$/, '')}{' '}
        {withFlag && flag !== null && <FlagName flag={flag} />}{' '}
        <small class="muted">
          <Ago at={at} />
        </small>
      </p>
      <p class="reason">{reason}</p>
      <Details record={record} />
    </li>
  )
}

/** The numbers behind it, and what it changed; nothing where the record has neither. */
function Details({ record }: { record: AuditRecord }) {
  const changes = changesOf(record)
  const numbers = numbersOf(record.evidence)
  if (changes.length === 0 && numbers.length === 0) return null
  return (
    <details class="details">
      <summary>Details</summary>
      {numbers.length > 0 && (
        <dl>
          {numbers.map(([name, value]) => (
            <div key={name}>
              <dt>{wordsOf(name)}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {changes.length > 0 && <Changes changes={changes} />}
    </details>
  )
}

/** What a document changed stands in its evidence; what a command changed, before and after it. */
function changesOf({ evidence, before, after }: AuditRecord): readonly Change[] {
  const { changes } = (evidence ?? {}) as { changes?: Change[] }
  if (Array.isArray(changes)) return changes
  return before === null && after === null ? [] : changesBetween(before ?? {}, after ?? {})
}

/** The guard's evidence is numbers by name. */
function numbersOf(evidence: unknown): [string, string][] {
  if (typeof evidence !== 'object' || evidence === null || Array.isArray(evidence)) return []
  return Object.entries(evidence).flatMap(([name, value]) =>
    typeof value === 'number' && name !== 'more'
      ? [[name, String(Number(value.toPrecision(3)))] as [string, string]]
      : [],
  )
}

/** canaryErrorRate → canary error rate */
function wordsOf(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, (_, end: string, start: string) => `${end} ${start.toLowerCase()}`)
}

function FlagName({ flag }: { flag: string }) {
  if (flag === '*') return <strong>all flags</strong>
  return <Link to={`/flags/${encodeURIComponent(flag)}`}>{flag}</Link>
}
