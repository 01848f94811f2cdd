/** What the audit log records, in the past tense. */
import { KILL_ALL } from '../../core/config/control.ts'
import { isObject } from '../../core/json-object.ts'
import type { Responses } from '../responses.ts'
import type { Tone } from './flag-state.ts'

export type AuditRecord = Responses['listAudit']['records'][number]

/** `alone` is said where no flag is named beside it. */
const DEEDS: Readonly<Record<AuditRecord['action'], readonly [words: string, tone?: Tone, alone?: string]>> =
  {
    kill: ['Killed', 'bad'],
    unkill: ['Lifted the kill of', 'good', 'Lifted the kill'],
    rollback: ['Rolled back', 'bad'],
    resume: ['Resumed', 'good'],
    restart: ['Restarted', 'accent'],
    stage: ['Changed the stage of', 'accent', 'Changed the stage'],
    advance: ['Advanced', 'accent'],
    approve: ['Approved', 'good'],
    pause: ['Paused', 'warn'],
    freeze: ['Froze', 'warn'],
    finish: ['Finished', 'good'],
    hold: ['Held', 'warn'],
    metric: ['A metric is worse', 'warn'],
    'approval-needed': ['Waits for approval', 'warn'],
    expiring: ['Expires soon', 'warn'],
    expired: ['Expired', 'bad'],
    'guard-blind': ['Guard sees nothing', 'bad'],
    'counts-missing': ['Counts are missing', 'bad'],
    'kv-behind': ['KV is behind', 'bad'],
    'isolates-behind': ['Isolates do not follow', 'bad'],
    'document-published': ['Edited', 'neutral', 'Published the document'],
    'document-restored': ['Restored an earlier document'],
    'document-adopted': ['Published by a direct KV write'],
    'document-refused': ['Refused a document in KV', 'warn'],
    'rollout-changed': ['Document changed', 'accent'],
    'kill-list': ['Changed the kill list in KV', 'bad'],
    'kill-list-refused': ['Kill list in KV names no flag', 'warn'],
    'preview-created': ['Created a preview link'],
    'key-shown': ['Showed a key', 'warn'],
    'token-created': ['Created a token'],
    'token-revoked': ['Revoked a token'],
    'login-refused': ['Failed sign-in', 'warn'],
    'call-refused': ['Call refused', 'warn'],
    'webhook-tested': ['Tested a webhook'],
    'outcome-noted': ['Noted on the outcome of', 'neutral', 'Noted on an outcome'],
  }

/**
 * "Rolled back", with the tone that it deserves; `flag` is null where the flag is not named beside it, and `about` is the record's
 * all the same.
 */
export function deedOf({
  action,
  flag,
  before = null,
  after = null,
  about = flag,
}: Pick<AuditRecord, 'action' | 'flag'> & Partial<AuditRecord> & { about?: string | null }): {
  words: string
  tone: Tone
} {
  if (action === 'stage' && isDownwards(before, after)) return { words: STEPPED_DOWN, tone: 'warn' }
  if (action === 'kill-list' && Array.isArray(after)) return inKv({ flag, about }, after)
  if (action === 'document-adopted' && isFirst(before)) return { words: FIRST_FOUND, tone: 'neutral' }
  const [words, tone = 'neutral', alone = words] = DEEDS[action] ?? [action]
  return { words: flag === null ? alone : words, tone }
}

/** The list in KV has a record for each flag that enters or leaves it. */
function inKv(
  { flag, about }: { flag: string | null; about: string | null },
  list: readonly unknown[],
): { words: string; tone: Tone } {
  if (list.includes(about ?? KILL_ALL)) return { words: 'Killed in KV', tone: 'bad' }
  return { words: `Lifted in KV the kill${flag === null ? '' : ' of'}`, tone: 'good' }
}

const STEPPED_DOWN = 'Stepped down'
/** A gate starts with the document that it finds, `sluice dev` with its file. */
const FIRST_FOUND = 'Began with the document in KV'

function isFirst(before: unknown): boolean {
  return isObject(before) && before.version === 0
}

type Place = { percentage?: unknown; stage?: unknown; killed?: unknown; rolledBack?: unknown }

function isDownwards(before: unknown, after: unknown): boolean {
  const [was, is] = [before, after].map((each) => (each ?? {}) as Place)
  if (typeof was?.percentage === 'number' && typeof is?.percentage === 'number')
    return is.percentage < was.percentage
  return Number(is?.stage) < Number(was?.stage)
}

/** What a record changed, in lines: "5 % → 25 %" of a command, a line for each flag of a document. */
export function transitionLines({ evidence, before, after }: AuditRecord): readonly string[] {
  const { summary } = (evidence ?? {}) as { summary?: unknown }
  if (Array.isArray(summary)) return summary.map(String)
  const [was, is] = [before, after].map((each) => (each ?? {}) as Place)
  const isPlaced = typeof was?.percentage === 'number' && typeof is?.percentage === 'number'
  return isPlaced && was.percentage !== is.percentage ? [`${was.percentage} % → ${is.percentage} %`] : []
}
