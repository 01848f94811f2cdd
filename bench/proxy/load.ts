/** Load from wrk where it is installed, else from autocannon: the same requests from both. */
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import autocannon from 'autocannon'

export type Load = { requests: number; perSecond: number; p50Ms: number; p99Ms: number; failed: number }

export const LOAD_TOOL = spawnSync('wrk', ['--version']).error === undefined ? 'wrk' : 'autocannon'

const CONNECTIONS = 16
const VISITORS = 64
/** What a browser sends. */
const HEADERS = {
  'user-agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'accept-language': 'en-GB,en;q=0.9',
  'sec-fetch-site': 'same-origin',
}
/** Of eight requests, one is for a page and seven are for what it loads. */
const PAGE = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const PART = { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }
const REQUESTS_PER_PAGE = 8
const PATH = '/products/17/picture'

/** Sends requests as fast as they are answered, for the given time. */
export async function load(url: string, seconds: number): Promise<Load> {
  return LOAD_TOOL === 'wrk' ? await loadByWrk(url, seconds) : await loadByAutocannon(url, seconds)
}

const kindOf = (visitor: number) => (visitor % REQUESTS_PER_PAGE === 0 ? PAGE : PART)
const cookieOf = (visitor: number) => `session=3f2b8c1d; sluice_id=visitor-${visitor}; theme=dark`

async function loadByWrk(url: string, seconds: number): Promise<Load> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-wrk-'))
  const script = join(folder, 'load.lua')
  const set = (headers: Record<string, string>) =>
    Object.entries(headers)
      .map(([name, value]) => `wrk.headers["${name}"] = ${JSON.stringify(value)}`)
      .join('\n')
  await writeFile(
    script,
    `${set(HEADERS)}
local n = 0
request = function()
  n = (n + 1) % ${VISITORS}
  if n % ${REQUESTS_PER_PAGE} == 0 then
    ${set(PAGE)}
  else
    ${set(PART)}
  end
  wrk.headers["cookie"] = "${cookieOf(0).replace('visitor-0', 'visitor-" .. n .. "')}"
  return wrk.format("GET", "${PATH}")
end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %f %f %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
`,
  )
  const { stdout } = await promisify(execFile)('wrk', [
    ...['-t', '1', '-c', `${CONNECTIONS}`, '-d', `${seconds}s`, '-s', script],
    url,
  ])
  await rm(folder, { recursive: true })
  const [requests = 0, durationUs = 1, p50Us = 0, p99Us = 0, failed = 0] = (
    /RESULT (.*)/.exec(stdout)?.[1] ?? ''
  )
    .split(' ')
    .map(Number)
  return {
    requests,
    perSecond: requests / (durationUs / 1e6),
    p50Ms: p50Us / 1e3,
    p99Ms: p99Us / 1e3,
    failed,
  }
}

async function loadByAutocannon(url: string, seconds: number): Promise<Load> {
  const result = await autocannon({
    url: `${url}${PATH}`,
    connections: CONNECTIONS,
    duration: seconds,
    requests: Array.from({ length: VISITORS }, (_, visitor) => ({
      method: 'GET' as const,
      path: PATH,
      headers: { ...HEADERS, ...kindOf(visitor), cookie: cookieOf(visitor) },
    })),
  })
  return {
    requests: result.requests.total,
    perSecond: result.requests.average,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    failed: result.errors + result.timeouts + result.non2xx,
  }
}
