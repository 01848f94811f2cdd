/** The audit log by meaning: who did what, when, and why. */
import type { ComponentChildren } from 'preact'
import type { Change } from '../../../contract/responses.ts'
import { type AuditRecord, deedOf, transitionLines } from '../../../contract/words/audit.ts'
import { figureLines, stateLines } from '../../../contract/words/audit-details.ts'
import { type AuditGroup, groupsOf } from '../../../contract/words/audit-groups.ts'
import { isObject } from '../../../core/json-object.ts'
import { Link } from '../../state/router.tsx'
import { ChangeSummary, Changes } from '../document-diff.tsx'
import { Ago } from '../time.tsx'

type ListProps = {
  records: readonly AuditRecord[]
  /** The flag is named above the list already. */
  isOfOneFlag?: boolean
  /** What to say where there are none. */
  nothing?: string | undefined
}

export function AuditList({ records, isOfOneFlag, nothing = 'No activity yet.' }: ListProps) {
  if (records.length === 0) return <p class="hint">{nothing}</p>
  const entry = (record: AuditRecord) => (
    <Entry key={record.id} record={record} flag={isOfOneFlag ? null : record.flag} />
  )
  return (
    <>
      {Object.entries(Object.groupBy(records, ({ at }) => dayOf(at))).map(([day, ofDay = []]) => (
        <section key={day} aria-label={day}>
          {/* Inside a card the list stands below its title. */}
          {isOfOneFlag ? <h3 class="day">{day}</h3> : <h2 class="day">{day}</h2>}
          <ol class="audit">
            {groupsOf(ofDay).map((group) => {
              const [newest] = group.records
              if (newest === undefined) return null
              return group.title === undefined ? (
                entry(newest)
              ) : (
                <Story key={group.records.at(-1)?.id} group={group} newest={newest}>
                  {group.records.map(entry)}
                </Story>
              )
            })}
          </ol>
        </section>
      ))}
    </>
  )
}

/** "Today", "Yesterday", "Monday, 30 November 2026". */
function dayOf(at: string): string {
  const day = new Date(at).toDateString()
  const now = new Date()
  if (day === now.toDateString()) return 'Today'
  now.setDate(now.getDate() - 1)
  if (day === now.toDateString()) return 'Yesterday'
  return new Date(at).toLocaleDateString('en-GB', {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  })
}

type StoryProps = { group: AuditGroup; newest: AuditRecord; children: ComponentChildren }

/** Neighbours that tell one story: one line, and the records behind it. */
function Story({ group: { records, title }, newest, children }: StoryProps) {
  const { words, tone } = deedOf(newest)
  const flags = [...new Set(records.map(({ flag }) => flag))]
  return (
    <li>
      <span class={`dot ${tone}`} />
      <p>
        <strong>{flags.length > 1 ? `${words} ${title}` : title}</strong>{' '}
        <small class="muted">
          {newest.actor}, <Ago at={newest.at} />
        </small>
      </p>
      {flags.length > 1 && (
        <p>
          {flags.map(
            (flag) =>
              flag !== null && (
                <span key={flag}>
                  <FlagName flag={flag} />{' '}
                </span>
              ),
          )}
        </p>
      )}
      {[...new Set(records.map(({ reason }) => reason))].map((reason) => (
        <p key={reason} class="reason">
          {reason}
        </p>
      ))}
      <details class="details">
        <summary>{records.length} records</summary>
        <ol class="audit">{children}</ol>
      </details>
    </li>
  )
}

function Entry({ record, flag }: { record: AuditRecord; flag: string | null }) {
  const { actor, reason, at } = record
  const { words, tone } = deedOf({ ...record, flag, about: record.flag })
  const [way, ...lines] = transitionLines(record)
  // One short change belongs to the deed; what a document says stands below it.
  const isWay = way !== undefined && lines.length === 0 && record.before !== null && /^[\d.]+ % → /.test(way)
  return (
    <li>
      <span class={`dot ${tone}`} />
      <p>
        <strong>{words}</strong> {flag !== null && <FlagName flag={flag} />}
        {isWay && <strong class="way"> {way}</strong>}{' '}
        <small class="muted">
          {actor}, <Ago at={at} />
        </small>
      </p>
      <p class="reason">{reason}</p>
      {!isWay && <ChangeSummary lines={transitionLines(record)} />}
      <Details record={record} />
    </li>
  )
}

/** What changed and on what evidence, in words; nothing where the record has neither. */
function Details({ record }: { record: AuditRecord }) {
  const changes = documentChangesOf(record)
  const figures = figureLines(record.evidence)
  const states = stateLines(record)
  if (changes.length === 0 && figures.length === 0 && states.length === 0) return null
  return (
    <details class="details">
      <summary>Details</summary>
      <ChangeSummary lines={states} />
      {figures.length > 0 && (
        <dl>
          {figures.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {changes.length > 0 && <Changes changes={changes} />}
    </details>
  )
}

/** A published document has its changes in the evidence, place by place. */
function documentChangesOf({ evidence }: AuditRecord): readonly Change[] {
  const { changes } = (isObject(evidence) ? evidence : {}) as { changes?: Change[] }
  return Array.isArray(changes) ? changes : []
}

function FlagName({ flag }: { flag: string }) {
  if (flag === '*') return <strong>all flags</strong>
  return <Link to={`/flags/${encodeURIComponent(flag)}`}>{flag}</Link>
}
