/** The audit log, from the newest on. */
import { useCallback, useEffect, useState } from 'preact/hooks'
import { AuditList, type AuditRecord } from '../../components/audit-list.tsx'
import { OldData } from '../../components/loading/old-data.tsx'
import { live } from '../../state/live.ts'
import { textOf } from '../../state/session.ts'
import { useSession } from '../../state/session-context.ts'
import { useStore } from '../../state/store.ts'
import { usePolled } from '../../state/use-polled.ts'

const PAGE = 100
const REFRESH_MS = 10_000

export function ActivityView() {
  const { client } = useSession()
  const ask = useCallback(
    (signal: AbortSignal) => client.call('listAudit', { query: { limit: String(PAGE) } }, signal),
    [client],
  )
  const { value, problem, atMs, refresh } = usePolled(ask, REFRESH_MS)
  const [older, setOlder] = useState<readonly AuditRecord[]>([])
  const [isEnd, setIsEnd] = useState(false)
  const [refusal, setRefusal] = useState<string>()
  const epoch = useStore(live).status?.epoch
  useEffect(() => {
    if (epoch !== undefined) refresh()
  }, [epoch])
  const newest = value?.records ?? []
  const records = [...newest, ...older.filter(({ id }) => id < (newest.at(-1)?.id ?? Infinity))]
  const showOlder = async () => {
    const before = records.at(-1)?.id
    if (before === undefined) return
    try {
      const query = { limit: String(PAGE), before: String(before) }
      const { records: found } = await client.call('listAudit', { query })
      setOlder([...older, ...found])
      setIsEnd(found.length < PAGE)
    } catch (error) {
      setRefusal(textOf(error))
    }
  }
  return (
    <div class="stack-l narrow">
      <header class="view-head">
        <div>
          <h1>Activity</h1>
          <p class="muted">Who or what changed something, when, and why.</p>
        </div>
      </header>
      <OldData problem={problem} atMs={atMs} />
      <p class="problem" role="alert">
        {refusal}
      </p>
      {value && (
        <section class="card" aria-label="Audit log">
          <AuditList records={records} />
          {!isEnd && records.length >= PAGE && (
            <button type="button" onClick={showOlder}>
              Older
            </button>
          )}
        </section>
      )}
    </div>
  )
}
