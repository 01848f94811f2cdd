/**
 * Crawlers that announce themselves. They come without cookies, so a split would give their requests mixed versions: a
 * page of one, its parts of another. Narrower than the attribute `bot`, which also counts HTTP libraries and automated
 * browsers: those may keep cookies, and take part.
 */
import { isbot } from 'isbot'
import { remembered } from '../remembered.ts'

/** What crawlers say of themselves, and libraries don't: a name of their kind, or where to complain. */
const ANNOUNCES = /bot|crawl|spider|slurp|archive|https?:|@|google|facebook|whatsapp|lighthouse|preview/i

const announces = remembered((userAgent: string) => ANNOUNCES.test(userAgent) && isbot(userAgent))

/** No crawler's name stands further back; the cut bounds the work. */
const LONGEST_USER_AGENT = 512

/** Whether a user agent announces a crawler. */
export function isCrawler(userAgent: string | undefined): boolean {
  return userAgent !== undefined && announces(userAgent.slice(0, LONGEST_USER_AGENT))
}
