/** The audit log, newest first. */
import { useEffect, useState } from 'preact/hooks'
import type { AuditRecord } from '../../../contract/words/audit.ts'
import { AuditFilterBar, queryOfFilters, useAuditFilters } from '../../components/audit/audit-filters.tsx'
import { AuditList } from '../../components/audit/audit-list.tsx'
import { ProblemText, ViewHead } from '../../components/layout.tsx'
import { StaleDataNotice } from '../../components/loading.tsx'
import { live } from '../../state/live.ts'
import { textOf, useSession } from '../../state/session.ts'
import { useStore } from '../../state/store.ts'
import { usePolled } from '../../state/use-polled.ts'

const PAGE = 100
const REFRESH_MS = 10_000

export function ActivityView() {
  const { client } = useSession()
  const [filters, setFilter] = useAuditFilters()
  const wanted = queryOfFilters(filters)
  const { value, problem, atMs, refresh } = usePolled(
    'listAudit',
    { query: { limit: String(PAGE), ...wanted } },
    REFRESH_MS,
  )
  const [older, setOlder] = useState<readonly AuditRecord[]>([])
  const [isEnd, setIsEnd] = useState(false)
  const [refusal, setRefusal] = useState<string>()
  const epoch = useStore(live).status?.epoch
  useEffect(() => {
    if (epoch !== undefined) refresh()
  }, [epoch])
  const isFiltered = Object.keys(wanted).length > 0
  const changeFilter: typeof setFilter = (name, next) => {
    setFilter(name, next)
    setOlder([])
    setIsEnd(false)
  }
  const newest = value?.records ?? []
  const records = [...newest, ...older.filter(({ id }) => id < (newest.at(-1)?.id ?? Infinity))]
  const showOlder = async () => {
    const before = records.at(-1)?.id
    if (before === undefined) return
    try {
      const query = { limit: String(PAGE), before: String(before), ...wanted }
      const { records: found } = await client.call('listAudit', { query })
      setOlder([...older, ...found])
      setIsEnd(found.length < PAGE)
    } catch (error) {
      setRefusal(textOf(error))
    }
  }
  return (
    <div class="stack-l">
      <ViewHead title="Activity" about="Who changed what, when and why." />
      <StaleDataNotice problem={problem} atMs={atMs} />
      <ProblemText>{refusal}</ProblemText>
      <AuditFilterBar filters={filters} onChange={changeFilter} records={records} />
      {value && (
        <section class="card wide-audit" aria-label="Audit log">
          <AuditList records={records} nothing={isFiltered ? 'Nothing matches these filters.' : undefined} />
          {!isEnd && records.length >= PAGE && (
            <button type="button" onClick={showOlder}>
              Show older
            </button>
          )}
        </section>
      )}
    </div>
  )
}
