/** What the audit log records, in the past tense. */
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
    'document-published': ['Edited', 'neutral', 'Published the document'],
    'document-restored': ['Restored an earlier document'],
    'document-adopted': ['Published by a direct KV write'],
    'document-refused': ['Refused an invalid document in KV', 'warn'],
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
  }

/** "Rolled back", with the tone that it deserves; `flag` is null where the flag is not named beside it. */
export function deedOf({ action, flag }: Pick<AuditRecord, 'action' | 'flag'>): {
  words: string
  tone: Tone
} {
  const [words, tone = 'neutral', alone = words] = DEEDS[action] ?? [action]
  return { words: flag === null ? alone : words, tone }
}
