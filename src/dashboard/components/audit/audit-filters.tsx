/** By flag, actor and kind; the address holds them, for a link that shows the same. */
import type { AuditRecord } from '../../../contract/words/audit.ts'
import { AUDIT_KIND_NAMES, AUDIT_KINDS, type AuditKind } from '../../../contract/words/audit-groups.ts'
import { useQueryText, useQueryValue } from '../../state/router.tsx'
import type { Choice } from '../fields.tsx'
import { ChoiceFilter, FilterBar, TextFilter } from '../filters.tsx'

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

const KINDS = AUDIT_KIND_NAMES.map((kind): Choice => [kind, AUDIT_KINDS[kind].label])

export function AuditFilterBar({ filters, onChange, records, isOneKind }: FilterProps) {
  const { flag, actor, kind } = filters
  const clear = () => {
    for (const name of ['flag', 'actor', 'kind'] as const) onChange(name, '')
  }
  const chooser = (name: keyof AuditFilters) => (value: string) => onChange(name, value)
  const flags = records.flatMap((record) =>
    record.flag === null || record.flag === '*' ? [] : [record.flag],
  )
  const actors = records.map((record) => record.actor)
  return (
    <FilterBar isFiltered={flag !== '' || actor !== '' || kind !== ''} onClear={clear}>
      <TextFilter label="Flag" value={flag} values={flags} onChoose={chooser('flag')} />
      <TextFilter label="Actor" value={actor} values={actors} onChoose={chooser('actor')} />
      {!isOneKind && <ChoiceFilter label="Kind" value={kind} choices={KINDS} onChoose={chooser('kind')} />}
    </FilterBar>
  )
}
