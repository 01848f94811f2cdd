/** The audit log: who did what, when, and why. */
import type { Change } from '../../contract/responses.ts'
import { type AuditRecord, deedOf, transitionLines } from '../../contract/words/audit.ts'
import { changesBetween } from '../../core/config/document-diff.ts'
import { isObject } from '../../core/json-object.ts'
import { Link } from '../state/router.tsx'
import { ChangeSummary, Changes } from './document-diff.tsx'
import { Ago } from './time.tsx'

/** `isOfOneFlag`: the flag is named above the list already. */
export function AuditList({
  records,
  isOfOneFlag,
}: {
  records: readonly AuditRecord[]
  isOfOneFlag?: boolean
}) {
  if (records.length === 0) return <p class="hint">No activity yet.</p>
  return (
    <ol class="audit">
      {records.map((record) => (
        <Entry key={record.id} record={record} flag={isOfOneFlag ? null : record.flag} />
      ))}
    </ol>
  )
}

function Entry({ record, flag }: { record: AuditRecord; flag: string | null }) {
  const { actor, reason, at } = record
  const { words, tone } = deedOf({ ...record, flag })
  return (
    <li>
      <span class={`dot ${tone}`} />
      <p>
        <strong>{words}</strong> {flag !== null && <FlagName flag={flag} />}{' '}
        <small class="muted">
          {actor}, <Ago at={at} />
        </small>
      </p>
      <p class="reason">{reason}</p>
      <ChangeSummary lines={transitionLines(record)} />
      <Details record={record} />
    </li>
  )
}

/** The evidence, and what it changed; nothing where the record has neither. */
function Details({ record }: { record: AuditRecord }) {
  const changes = changesOf(record)
  const figures = figuresOf(record.evidence)
  if (changes.length === 0 && figures.length === 0) return null
  return (
    <details class="details">
      <summary>Details</summary>
      {figures.length > 0 && (
        <dl>
          {figures.map(([name, value]) => (
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

/** A published document has its changes in the evidence; a command has the state before and after it. */
function changesOf({ evidence, before, after }: AuditRecord): readonly Change[] {
  const { changes } = (evidence ?? {}) as { changes?: Change[] }
  if (Array.isArray(changes)) return changes
  return before === null && after === null ? [] : changesBetween(before ?? {}, after ?? {})
}

/** The guard's evidence is figures by name. */
function figuresOf(evidence: unknown): [string, string][] {
  if (!isObject(evidence)) return []
  return Object.entries(evidence).flatMap(([name, value]): [string, string][] =>
    typeof value === 'number' && name !== 'more' ? [[name, String(Number(value.toPrecision(3)))]] : [],
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
