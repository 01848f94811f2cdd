/** What happened to a flag, as marks on its charts. Pure. */
import type { AuditRecord } from '../../../contract/words/audit.ts'

export type Moment = {
  /** Seconds since 1970. */
  atS: number
  label: string
  isBad: boolean
}

const LABELS: Readonly<Partial<Record<AuditRecord['action'], string>>> = {
  rollback: 'rolled back',
  freeze: 'frozen',
  kill: 'killed',
  unkill: 'kill lifted',
  resume: 'resumed',
  pause: 'paused',
  approve: 'approved',
}
const BAD: ReadonlySet<string> = new Set(['rollback', 'freeze', 'kill'])

/** The moments that matter when one reads a chart, oldest first. */
export function momentsOf(records: readonly AuditRecord[]): Moment[] {
  return records
    .flatMap(({ action, at }) => {
      const label = LABELS[action]
      return label === undefined ? [] : [{ atS: Date.parse(at) / 1_000, label, isBad: BAD.has(action) }]
    })
    .sort((a, b) => a.atS - b.atS)
}
