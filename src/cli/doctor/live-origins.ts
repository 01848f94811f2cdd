/** Asks each origin of a document as the gate would, and says what visitors would meet. */
import type { GateDocument, OriginConfig } from '../../core/config/schema/document.ts'
import { messageOf } from '../../core/message-of.ts'
import { accessFinding, cloudflareError } from './cloudflare-error.ts'
import { type Finding, fault, ok, warning } from './finding.ts'
import { formsOf } from './live-forms.ts'
import { askLive, type LiveAnswer } from './live-request.ts'
import { cookieFindings } from './origins.ts'

/** `host`: the site's, as visitors ask for it. `secrets`: by name, as far as they are known here. */
export type LiveOptions = {
  host: string
  secrets: Readonly<Record<string, string | undefined>>
  nowMs: number
}

const CERTIFICATE_DAYS = 14
const DAY_MS = 86_400_000
/** What browsers and proxies may send; many servers take 8 kB in all. */
const HEADER_KB = [4, 8, 16, 32]
const COMMON_LIMIT_KB = 8
const MOST_REDIRECTS = 5

/** Asks all origins at once. */
export async function lookAtLiveOrigins({ origins }: GateDocument, options: LiveOptions): Promise<Finding[]> {
  const found = await Promise.all(
    Object.entries(origins).map(([name, config]) => lookAtLiveOrigin(name, config, options)),
  )
  return found.flat()
}

async function lookAtLiveOrigin(
  name: string,
  config: OriginConfig,
  options: LiveOptions,
): Promise<Finding[]> {
  const about = `origin ${name}`
  if (config.url === undefined)
    return [ok(about, `is reached by the binding ${config.binding} alone: only the Worker can ask it`)]
  const origin: Asked = { about, url: config.url, config, headers: headersFor(config, options), ...options }
  let first: LiveAnswer
  try {
    first = await askLive(origin.url, { headers: origin.headers })
  } catch (error) {
    return [
      fault(about, `${origin.url} cannot be reached: ${messageOf(error)}`, unreachableFix(messageOf(error))),
    ]
  }
  const findings = [
    ...missingSecrets(origin),
    ...statusOf(origin, first),
    ...certificateOf(origin, first),
    ...(await hostsOf(origin, first)),
    ...(await redirectsOf(origin, first)),
    ...cookieFindings(about, origin.url, first),
    ...(await headerSizeOf(origin)),
    ...(await corsOf(origin)),
    ...(await formsOf(first, {
      about,
      config,
      own: new URL(origin.url).origin,
      site: `${new URL(origin.url).protocol}//${options.host}`,
      post: (headers) => attempt(origin, { method: 'POST', headers: { ...origin.headers, ...headers } }),
    })),
  ]
  return findings.every(({ level }) => level === 'ok')
    ? [ok(about, `${origin.url} answers ${first.status}`), ...findings]
    : findings
}

type Asked = LiveOptions & {
  about: string
  url: string
  config: OriginConfig
  headers: Readonly<Record<string, string>>
}

function headersFor(
  { headers, url = '' }: OriginConfig,
  { host, secrets }: LiveOptions,
): Record<string, string> {
  const own = Object.entries(headers).flatMap(([name, value]): [string, string][] => {
    const text = typeof value === 'string' ? value : secrets[value.secret]
    return text === undefined ? [] : [[name, text]]
  })
  const protocol = new URL(url).protocol.slice(0, -1)
  return {
    accept: 'text/html,*/*',
    'accept-encoding': 'identity',
    'user-agent': 'Mozilla/5.0 (compatible; sluice check)',
    'x-forwarded-host': host,
    'x-forwarded-proto': protocol,
    ...Object.fromEntries(own),
  }
}

function missingSecrets({ about, config, secrets }: Asked): Finding[] {
  return Object.entries(config.headers).flatMap(([name, value]) =>
    typeof value === 'string' || secrets[value.secret] !== undefined
      ? []
      : [
          warning(
            about,
            `asked without ${name}: its secret ${value.secret} is not known here`,
            `put ${value.secret} into .dev.vars, or into the environment`,
          ),
        ],
  )
}

function statusOf({ about, url }: Asked, { status, errorText }: LiveAnswer): Finding[] {
  const platform = cloudflareError(about, url, errorText)
  if (platform) return [platform]
  if (status >= 500)
    return [
      fault(about, `${url} answers ${status}`, 'look at its log: the guard would count it as a failure'),
    ]
  if (status === 401 || status === 403)
    return [
      warning(
        about,
        `${url} answers ${status}`,
        'let the gate in: by "headers" with a secret, or by its addresses',
      ),
    ]
  return []
}

function certificateOf({ about, nowMs }: Asked, { certificateEndsMs }: LiveAnswer): Finding[] {
  if (certificateEndsMs === undefined) return []
  const days = Math.floor((certificateEndsMs - nowMs) / DAY_MS)
  return days < CERTIFICATE_DAYS
    ? [warning(about, `its certificate ends in ${days} days`, 'renew it: the gate would answer 502 or 526')]
    : []
}

/** Which Host it insists on. */
async function hostsOf(origin: Asked, first: LiveAnswer): Promise<Finding[]> {
  const { about, host, url, config } = origin
  const own = new URL(url).host
  const other = await attempt(origin, { headers: { ...origin.headers, host } })
  const isGood = ({ status }: LiveAnswer) => status < 400 && status !== 421
  const takesOther = other !== undefined && isGood(other) && !leavesFor(other, url, own)
  if (config.host === 'preserve' && !takesOther)
    return [
      fault(
        about,
        `it answers ${other?.status ?? 'nothing'} for the host ${host}`,
        'leave "host" out, or serve that host too',
      ),
    ]
  if (isGood(first) && !takesOther)
    return [ok(about, `it insists on its own host, ${own}, which the gate sends`)]
  if (!isGood(first) && takesOther)
    return [
      warning(
        about,
        `it answers ${first.status} for ${own}, and ${other.status} for ${host}`,
        'set "host": "preserve"',
      ),
    ]
  return []
}

/** Whether an answer sends visitors to the canonical host. */
function leavesFor({ headers }: LiveAnswer, url: string, own: string): boolean {
  const location = headers.get('location')
  return location !== null && URL.parse(location, url)?.host === own && /^(?:https?:)?\/\//.test(location)
}

/** Follows redirects as visitors of the gate would. */
async function redirectsOf(origin: Asked, first: LiveAnswer): Promise<Finding[]> {
  const { about, config } = origin
  let [at, answer] = [origin.url, first]
  const own = new URL(origin.url)
  for (let hop = 0; hop < MOST_REDIRECTS; hop++) {
    const location = answer.headers.get('location')
    if (location === null || answer.status < 300 || answer.status > 399) return []
    const next = URL.parse(location, at)
    if (next === null)
      return [warning(about, `${at} redirects to ${location}, which is no URL`, 'correct it')]
    const access = accessFinding(about, at, location)
    if (access) return [access]
    if (next.hostname !== own.hostname)
      return [
        warning(
          about,
          `${at} sends visitors on to ${next.origin}: they would leave the gate`,
          'name the host that serves the pages',
        ),
      ]
    if (next.href !== at && next.pathname + next.search === new URL(at).pathname + new URL(at).search)
      return [
        fault(
          about,
          `${at} redirects to another name of itself, ${next.origin}: the gate answers 502`,
          `give the origin the URL ${next.origin}`,
        ),
      ]
    if (/^(?:https?:)?\/\//.test(location) && config.rewrite === false)
      return [
        warning(
          about,
          `${at} redirects to ${next.origin}: visitors would leave the gate`,
          'leave "rewrite" out, so that the gate translates it',
        ),
      ]
    const followed = await attempt(origin, { headers: origin.headers }, next.href)
    if (followed === undefined) return []
    at = next.href
    answer = followed
  }
  return [warning(about, `${origin.url} redirects more than ${MOST_REDIRECTS} times`, 'look for a loop')]
}

/** How large the headers of a request may be: visitors' cookies add up. */
async function headerSizeOf(origin: Asked): Promise<Finding[]> {
  let largest = 0
  for (const size of HEADER_KB) {
    const cookie = `sized=${'x'.repeat(size * 1_024)}`
    const answer = await attempt(origin, { headers: { ...origin.headers, cookie } })
    if (answer === undefined || answer.status === 431 || answer.status === 413 || answer.status === 400) break
    largest = size
  }
  const { about } = origin
  return largest < COMMON_LIMIT_KB
    ? [
        warning(
          about,
          `it takes headers of less than ${COMMON_LIMIT_KB} kB (${largest} kB passed)`,
          'raise its limit: visitors with many cookies get 431 or 400',
        ),
      ]
    : [ok(about, `it takes headers of ${largest} kB`)]
}

const FOREIGN = 'https://sluice-check.example'

/** What it allows pages of other sites. */
async function corsOf(origin: Asked): Promise<Finding[]> {
  const { about, url } = origin
  const answer = await attempt(origin, { headers: { ...origin.headers, origin: FOREIGN } })
  const allowed = answer?.headers.get('access-control-allow-origin') ?? undefined
  if (allowed === undefined) return []
  const withCookies = answer?.headers.get('access-control-allow-credentials') === 'true'
  if (allowed === FOREIGN && withCookies)
    return [
      warning(
        about,
        'it lets pages of every site read its answers with the cookies of visitors',
        'list the sites in its CORS settings',
      ),
    ]
  if (URL.parse(allowed)?.host === new URL(url).host)
    return [
      warning(
        about,
        `its CORS headers name its own host, ${allowed}, which visitors don't see`,
        'name the host of the site in its CORS settings',
      ),
    ]
  return [ok(about, `pages of ${allowed === '*' ? 'every site' : allowed} may read its answers`)]
}

/** Undefined where no answer comes: the first one did. */
async function attempt(
  { url }: Asked,
  ask: Parameters<typeof askLive>[1],
  at: string = url,
): Promise<LiveAnswer | undefined> {
  return await askLive(at, ask).catch(() => undefined)
}

function unreachableFix(why: string): string {
  if (/certificate|self[- ]signed|altname|SSL|TLS/i.test(why))
    return 'give it a certificate for its host that browsers accept, or reach it by a binding'
  return 'start it, or correct its URL in the document'
}
