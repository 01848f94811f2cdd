/** The audit log by meaning: kinds of records, and neighbours that tell one story. Pure. */
import { percentText, plural } from '../../core/figures.ts'
import { type AuditRecord, deedOf } from './audit.ts'

type Action = AuditRecord['action']

/** Kinds by the name that links and the command line use. */
export const AUDIT_KINDS = {
  rollouts: {
    label: 'Rollouts',
    actions: [
      ...['stage', 'advance', 'approve', 'approval-needed', 'pause', 'resume', 'restart', 'finish', 'hold'],
      ...['freeze', 'rollout-changed', 'outcome-noted', 'metric'],
    ] as Action[],
  },
  closed: {
    label: 'Kills and rollbacks',
    actions: ['rollback', 'kill', 'unkill', 'kill-list', 'kill-list-refused'] as Action[],
  },
  document: {
    label: 'Document',
    actions: [
      ...[
        'document-published',
        'document-restored',
        'document-adopted',
        'document-refused',
        'expiring',
        'expired',
      ],
    ] as Action[],
  },
  access: {
    label: 'Access',
    actions: [
      ...['token-created', 'token-revoked', 'key-shown', 'preview-created', 'login-refused', 'call-refused'],
    ] as Action[],
  },
  gate: {
    label: 'Gate',
    actions: ['guard-blind', 'counts-missing', 'kv-behind', 'isolates-behind', 'webhook-tested'] as Action[],
  },
} as const
export type AuditKind = keyof typeof AUDIT_KINDS
export const AUDIT_KIND_NAMES = Object.keys(AUDIT_KINDS) as AuditKind[]

export function kindOf(action: Action): AuditKind {
  return AUDIT_KIND_NAMES.find((kind) => AUDIT_KINDS[kind].actions.includes(action)) ?? 'gate'
}

/** Records so close to each other belong together, if they also tell of the same. */
const TOGETHER_MS = 15 * 60_000

const MOST_PLACES = 4

export type AuditGroup = { records: readonly AuditRecord[]; title: string | undefined }

/**
 * Records, newest first, as stories: steps of one flag by one actor, or one deed of one actor on several flags. A story of
 * one record has no title.
 *
 * @example groupsOf(records)[0].title // 'new-shop: 5 % → 25 % → 50 %, 3 changes'
 */
export function groupsOf(records: readonly AuditRecord[]): AuditGroup[] {
  const groups: AuditRecord[][] = []
  for (const record of records) {
    const group = groups.at(-1)
    if (group !== undefined && belongsTo(group, record)) group.push(record)
    else groups.push([record])
  }
  return groups.map((group) => ({ records: group, title: group.length > 1 ? titleOf(group) : undefined }))
}

function belongsTo(group: readonly AuditRecord[], record: AuditRecord): boolean {
  const last = group.at(-1)
  if (last === undefined || last.actor !== record.actor || record.flag === null) return false
  if (Math.abs(Date.parse(last.at) - Date.parse(record.at)) > TOGETHER_MS) return false
  const isOfOneFlag = group.every(({ flag }) => flag === record.flag)
  const isRollout = kindOf(last.action) === 'rollouts' && kindOf(record.action) === 'rollouts'
  if (isOfOneFlag && isRollout) return true
  const { words } = deedOf(record)
  const isOneDeed = group.every(
    (each) => each.action === record.action && each.reason === record.reason && deedOf(each).words === words,
  )
  return isOneDeed && !group.some(({ flag }) => flag === record.flag)
}

/** Of steps: where they led from and to. Of one deed: on how many flags. */
function titleOf(group: readonly AuditRecord[]): string {
  const [newest] = group
  const flags = new Set(group.map(({ flag }) => flag))
  if (flags.size > 1) return plural(flags.size, 'flag')
  const places = group
    .toReversed()
    .flatMap(({ before, after }) => [percentageOf(before), percentageOf(after)])
  const way = places.filter((place, index) => place !== undefined && place !== places[index - 1])
  const moves = way.length > 1 ? `${wayText(way)}, ` : ''
  return `${newest?.flag}: ${moves}${plural(group.length, 'change')}`
}

/** "5 % → 25 % → 50 %"; of a long way its ends. */
function wayText(way: readonly (number | undefined)[]): string {
  const texts = way.map((place) => percentText(place ?? 0))
  return (texts.length > MOST_PLACES ? [texts[0], '…', texts.at(-1)] : texts).join(' → ')
}

function percentageOf(state: unknown): number | undefined {
  const { percentage } = (state ?? {}) as { percentage?: unknown }
  return typeof percentage === 'number' ? percentage : undefined
}
