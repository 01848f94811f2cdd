/** The origins of the document: whether they answer, where they lead, their cookies, and their clocks. */
import { originWarnings } from '../../core/config/parse/origin-warnings.ts'
import { messageOf } from '../../core/message-of.ts'
import { lostBecause } from '../connection/connect.ts'
import { isLoopback } from '../connection/local-gate-note.ts'
import { accessFinding, cloudflareError, ERROR_PAGE_BYTES } from './cloudflare-error.ts'
import { type Finding, fault, type Look, ok, skewOf, warning } from './finding.ts'
import { documentIn } from './folder.ts'

const PATIENCE_MS = 5_000

export const lookAtOrigins: Look = async (patient) => {
  const document = await documentIn(patient)
  if (document === undefined) return []
  const origins = Object.entries(document.origins).flatMap(([name, { url }]) =>
    url === undefined ? [] : [{ name, url }],
  )
  const found = await Promise.all(origins.map((origin) => lookAtOrigin(origin, patient.nowMs)))
  const twice = origins.find(({ url }, index) => origins.findIndex((each) => each.url === url) < index)
  return [
    ...found.flat(),
    ...originWarnings(document).map(({ name, text }) =>
      warning(`origin ${name}`, text, 'docs/deploying.md says what the platform does'),
    ),
    ...(twice
      ? [warning(`origin ${twice.name}`, 'another origin has the same URL', 'give it the one that it is for')]
      : []),
  ]
}

type Origin = { name: string; url: string }

async function lookAtOrigin({ name, url }: Origin, nowMs: number): Promise<Finding[]> {
  const about = `origin ${name}`
  let response: Response
  try {
    response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(PATIENCE_MS) })
  } catch (error) {
    const why =
      error instanceof DOMException
        ? `no answer within ${PATIENCE_MS / 1_000} s`
        : (lostBecause(error) ?? messageOf(error))
    return [fault(about, `${url} cannot be reached: ${why}`, 'start it, or correct its URL in the document')]
  }
  const platform = cloudflareError(about, url, await beginningOf(response))
  const findings: Finding[] = platform ? [platform] : []
  if (await isGate(url))
    findings.push(
      fault(about, `${url} is a gate itself: requests would never leave it`, 'name the server behind it'),
    )
  if (response.status >= 500 && !platform)
    findings.push(
      fault(
        about,
        `${url} answers ${response.status}`,
        'look at its log: the guard would roll back, or count it against control',
      ),
    )
  const location = response.headers.get('location')
  const away = location === null ? undefined : new URL(location, url)
  const access = accessFinding(about, url, location)
  if (access) findings.push(access)
  else if (away && away.host !== new URL(url).host)
    findings.push(
      warning(
        about,
        `${url} sends visitors on to ${away.origin}`,
        'they would leave the gate: name the host that serves the pages',
      ),
    )
  findings.push(...cookieFindings(about, url, response))
  const date = Date.parse(response.headers.get('date') ?? '')
  const skew = skewOf(about, date, nowMs)
  if (skew) findings.push(skew)
  return findings.length > 0 ? findings : [ok(about, `${url} answers ${response.status}`)]
}

/** How an error's body begins; empty where the answer is none. */
async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  const { value } = response.status < 400 ? {} : ((await reader?.read().catch(() => undefined)) ?? {})
  await reader?.cancel().catch(() => undefined)
  return new TextDecoder().decode(value?.slice(0, ERROR_PAGE_BYTES))
}

/** A gate answers there whatever its document says. */
async function isGate(url: string): Promise<boolean> {
  if (!isLoopback(url)) return false
  const health = new URL('/__sluice/health', url)
  const answer = await fetch(health, { redirect: 'manual', signal: AbortSignal.timeout(PATIENCE_MS) }).catch(
    () => undefined,
  )
  const text = await answer?.text().catch(() => '')
  return answer?.ok === true && /"status"\s*:\s*"ok"/.test(text ?? '')
}

/** Cookies that browsers, or the gate, would refuse. */
export function cookieFindings(
  about: string,
  url: string,
  { headers }: Pick<Response, 'headers'>,
): Finding[] {
  const host = new URL(url).hostname
  return headers.getSetCookie().flatMap((cookie) => {
    const name = cookie.split('=')[0]?.trim() ?? ''
    const domain = /;\s*domain=\.?([^;\s]+)/i.exec(cookie)?.[1]?.toLowerCase()
    if (/^sluice_/i.test(name))
      return [
        fault(
          `cookies of ${about}`,
          `it sets ${name}: the gate keeps names that begin with sluice_ to itself`,
          'rename the cookie',
        ),
      ]
    if (domain !== undefined && domain !== host && !host.endsWith(`.${domain}`))
      return [
        fault(
          `cookies of ${about}`,
          `it sets ${name} for ${domain}, which ${host} is no part of: browsers refuse it`,
          'leave Domain out, or serve it from that site',
        ),
      ]
    if (/;\s*samesite=none/i.test(cookie) && !/;\s*secure/i.test(cookie))
      return [
        fault(
          `cookies of ${about}`,
          `it sets ${name} with SameSite=None but not Secure: browsers refuse it`,
          'add Secure',
        ),
      ]
    return []
  })
}
