/** The load: a browser's requests, one of eight for a page and the rest for what it loads. */
import { setTimeout as sleep } from 'node:timers/promises'
import { visitorIdsOf } from '../../src/gate/request/visitor-ids.ts'
import { startVisitors, type VisitorRequest, type Visitors } from '../../test-kit/traffic/visitors.ts'
import { CF_HEADER } from '../../test-kit/workerd/plain-workerd.ts'

export type Load = { requests: number; perSecond: number; p50Ms: number; p99Ms: number; failed: number }

const CONNECTIONS = 16
const VISITORS = 64
const REQUESTS_PER_PAGE = 8
const PATH = '/products/17/picture'
/** What a browser sends. */
const HEADERS = {
  'user-agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'accept-language': 'en-GB,en;q=0.9',
  'sec-fetch-site': 'same-origin',
}
const PAGE = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const PART = { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }
/** What comes to that on the way through Cloudflare, from a browser of today: twelve headers, five cookies, a country. */
const FULL = {
  'accept-encoding': 'gzip, deflate, br',
  'sec-ch-ua': '"Chromium";v="141", "Not?A_Brand";v="8"',
  'sec-ch-ua-mobile': '?0',
  'sec-ch-ua-platform': '"Linux"',
  [CF_HEADER]: '{"country":"RO","colo":"OTP","asn":8708}',
}

type Kind = {
  idOf?: (visitor: number) => string
  extra?: Record<string, string>
  moreCookies?: string
  method?: string
  body?: string
}

function requestsOf({
  idOf = (visitor) => `visitor-${visitor}`,
  extra = {},
  moreCookies = '',
  ...others
}: Kind): readonly VisitorRequest[] {
  return Array.from({ length: VISITORS }, (_, visitor) => {
    const kind = visitor % REQUESTS_PER_PAGE === 0 ? PAGE : PART
    const cookie = `session=3f2b8c1d; sluice_id=${idOf(visitor)}; theme=dark${moreCookies}`
    const headers = Object.entries({ ...HEADERS, ...kind, cookie, ...extra })
    return {
      path: PATH,
      headers: headers.map(([name, value]) => `${name}: ${value}\r\n`).join(''),
      ...others,
    }
  })
}

const ORDINARY = requestsOf({})
/** The bytes of an ordinary form. */
const FORM = `text=${'a'.repeat(2_043)}`

/** Kinds of requests. */
export const REQUESTS = {
  ordinary: ORDINARY,
  full: requestsOf({ extra: FULL, moreCookies: '; _ga=GA1.1.1234567890.1700000000; cart=7f9' }),
  conditional: requestsOf({ extra: { 'if-none-match': '"an-older-page"' } }),
  notModified: requestsOf({ extra: { 'if-none-match': '"a-page"' } }),
  form: requestsOf({
    method: 'POST',
    body: FORM,
    extra: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': `${FORM.length}` },
  }),
}

/** Ordinary requests of visitors whose ids a gate with this key has given out. */
export async function signedRequests(signingKey: string): Promise<readonly VisitorRequest[]> {
  const ids = await visitorIdsOf({ SIGNING_KEY: signingKey })
  return requestsOf({ idOf: () => ids?.issue(Date.now()).cookie ?? '' })
}

function visit(url: string, requests: readonly VisitorRequest[], most?: number): Visitors {
  return startVisitors([url], CONNECTIONS, (number) => requests[number % VISITORS] as VisitorRequest, most)
}

/** Sends requests as fast as they are answered, for the given time. */
export async function load(url: string, seconds: number, requests = ORDINARY): Promise<Load> {
  const startedMs = performance.now()
  const visitors = visit(url, requests)
  await sleep(seconds * 1_000)
  await visitors.stop()
  const sent = visitors.answered + visitors.failed
  return {
    requests: sent,
    perSecond: (sent * 1_000) / (performance.now() - startedMs),
    p50Ms: visitors.percentileMs(0.5),
    p99Ms: visitors.percentileMs(0.99),
    failed: visitors.failed,
  }
}

/** Sends so many requests; how many failed. */
export async function sendRequests(url: string, count: number, requests = ORDINARY): Promise<number> {
  const visitors = visit(url, requests, count)
  await visitors.ended()
  return visitors.failed
}
