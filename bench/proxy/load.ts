/** The load: a browser's requests, one of eight for a page and the rest for what it loads. */
import { setTimeout as sleep } from 'node:timers/promises'
import { startVisitors } from '../../test-kit/traffic/visitors.ts'

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

const REQUESTS = Array.from({ length: VISITORS }, (_, visitor) => {
  const kind = visitor % REQUESTS_PER_PAGE === 0 ? PAGE : PART
  const cookie = `session=3f2b8c1d; sluice_id=visitor-${visitor}; theme=dark`
  const lines = Object.entries({ ...HEADERS, ...kind, cookie }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  return { path: PATH, headers: lines.join('') }
})

/** Sends requests as fast as they are answered, for the given time. */
export async function load(url: string, seconds: number): Promise<Load> {
  const startedMs = performance.now()
  const visitors = startVisitors(
    [url],
    CONNECTIONS,
    (number) => REQUESTS[number % VISITORS] ?? { path: PATH, headers: '' },
  )
  await sleep(seconds * 1_000)
  await visitors.stop()
  const requests = visitors.answered + visitors.failed
  return {
    requests,
    perSecond: (requests * 1_000) / (performance.now() - startedMs),
    p50Ms: visitors.percentileMs(0.5),
    p99Ms: visitors.percentileMs(0.99),
    failed: visitors.failed,
  }
}
