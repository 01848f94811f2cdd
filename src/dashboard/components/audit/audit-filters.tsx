/** By flag, actor and kind; the address holds them, for a link that shows the same. */
import type { AuditRecord } from '../../../contract/words/audit.ts'
import { AUDIT_KIND_NAMES, AUDIT_KINDS, type AuditKind } from '../../../contract/words/audit-groups.ts'
import { useQueryText, useQueryValue } from '../../state/router.tsx'
import { type Choice, Select } from '../fields.tsx'

export type AuditFilters = { flag: string; actor: string; kind: AuditKind | '' }

/** The filters of the address, and how to change one. */
export function useAuditFilters(): readonly [
  AuditFilters,
  (name: keyof AuditFilters, value: string) => void,
] {
  const [flag, setFlag] = useQueryText('flag')
  const [actor, setActor] = useQueryText('actor')
  const [kind, setKind] = useQueryValue('kind', ['', ...AUDIT_KIND_NAMES])
  const setters = { flag: setFlag, actor: setActor, kind: setKind }
  return [{ flag, actor, kind: kind as AuditKind | '' }, (name, value) => setters[name](value)]
}

/** The same as the query of a call. */
export function queryOfFilters({ flag, actor, kind }: AuditFilters): Record<string, string> {
  return {
    ...(flag && { flag }),
    ...(actor && { actor }),
    ...(kind && { actions: AUDIT_KINDS[kind].actions.join(',') }),
  }
}

type FilterProps = {
  filters: AuditFilters
  onChange: (name: keyof AuditFilters, value: string) => void
  /** What is suggested comes from these. */
  records: readonly AuditRecord[]
  /** Where all records are of one kind. */
  isOneKind?: boolean
}

const KINDS: readonly Choice[] = [
  ['', 'Kind: any'],
  ...AUDIT_KIND_NAMES.map((kind): Choice => [kind, AUDIT_KINDS[kind].label]),
]

export function AuditFilterBar({ filters, onChange, records, isOneKind }: FilterProps) {
  const { flag, actor, kind } = filters
  const isFiltered = flag !== '' || actor !== '' || kind !== ''
  const clear = () => {
    for (const name of ['flag', 'actor', 'kind'] as const) onChange(name, '')
  }
  return (
    <search class="filters">
      <Suggested
        label="Flag"
        value={flag}
        values={records.flatMap((record) =>
          record.flag === null || record.flag === '*' ? [] : [record.flag],
        )}
        onChoose={(value) => onChange('flag', value)}
      />
      <Suggested
        label="Actor"
        value={actor}
        values={records.map((record) => record.actor)}
        onChoose={(value) => onChange('actor', value)}
      />
      {!isOneKind && (
        <Select
          aria-label="Kind"
          class={kind === '' ? '' : 'chosen'}
          value={kind}
          choices={KINDS}
          onChoose={(value) => onChange('kind', value)}
        />
      )}
      {isFiltered && (
        <button type="button" class="quiet" onClick={clear}>
          Clear
        </button>
      )}
    </search>
  )
}

type SuggestedProps = {
  label: string
  value: string
  values: readonly string[]
  onChoose: (value: string) => void
}

/** A text with suggestions: there may be thousands of flags. */
function Suggested({ label, value, values, onChoose }: SuggestedProps) {
  const id = `audit-${label.toLowerCase()}`
  return (
    <>
      <input
        type="search"
        class="narrow-input"
        aria-label={label}
        placeholder={`${label}: any`}
        list={id}
        value={value}
        onChange={(event) => onChoose(event.currentTarget.value.trim())}
      />
      <datalist id={id}>
        {[...new Set(values)].sort().map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
    </>
  )
}
