/** Flags that expire: each is announced some days before, and when its time has passed. */
import type { GateDocument } from '../../config/schema/document.ts'
import { plural } from '../../figures.ts'
import { parseTimeMs } from '../../flags/date-time.ts'
import { ownOf } from '../../json-object.ts'

const DAY_MS = 24 * 3_600_000

/** What was told of one flag: `days` are the notices behind it, 0 being that it has expired. */
export type ToldExpiry = { expires: string; days: number }
export type ToldExpiries = Readonly<Record<string, ToldExpiry>>

export type ExpiryNews = { event: 'expiring' | 'expired'; flag: string; text: string }

/** When something is to be told next, ms since 1970, and what is to be told now. */
export type ExpiryLook = { news: ExpiryNews[]; told: ToldExpiries; nextDueMs: number | undefined }

/**
 * What is to be told of a document's flags at `nowMs`. Of several notices that are due the nearest is told; another date
 * starts anew.
 *
 * @param told what was told before, by flag
 */
export function lookAtExpiries(
  { flags, notifications }: Pick<GateDocument, 'flags' | 'notifications'>,
  told: ToldExpiries,
  nowMs: number,
): ExpiryLook {
  const notices = [0, ...new Set(notifications.expiryDays)].sort((a, b) => a - b)
  const next: Record<string, ToldExpiry> = {}
  const news: ExpiryNews[] = []
  const dueMs: number[] = []
  for (const [flag, { expires, owner }] of Object.entries(flags)) {
    if (expires === undefined) continue
    const endMs = parseTimeMs(expires)
    const known = ownOf(told, flag)
    const before = known?.expires === expires ? known.days : Number.POSITIVE_INFINITY
    const days = notices.find((notice) => nowMs >= endMs - notice * DAY_MS)
    if (days !== undefined && days < before) news.push(newsOf(flag, { expires, owner, endMs }, nowMs))
    const reached = Math.min(days ?? Number.POSITIVE_INFINITY, before)
    if (Number.isFinite(reached)) next[flag] = { expires, days: reached }
    const later = notices.filter((notice) => notice < reached).at(-1)
    if (later !== undefined) dueMs.push(endMs - later * DAY_MS)
  }
  return { news, told: next, nextDueMs: dueMs.length === 0 ? undefined : Math.min(...dueMs) }
}

type Expiry = { expires: string; owner: string | undefined; endMs: number }

function newsOf(flag: string, { expires, owner, endMs }: Expiry, nowMs: number): ExpiryNews {
  const whose = owner === undefined ? 'it has no owner' : `its owner is ${owner}`
  if (nowMs >= endMs) return { event: 'expired', flag, text: `it expired on ${expires}: remove it; ${whose}` }
  const left = Math.ceil((endMs - nowMs) / DAY_MS)
  return { event: 'expiring', flag, text: `it expires in ${plural(left, 'day')}, on ${expires}; ${whose}` }
}
