/** Cloudflare's own error pages, which answer in an origin's place. */
import { type Finding, fault } from './finding.ts'

/** Enough for the title of the page. */
export const ERROR_PAGE_BYTES = 4_096

/** Code to what it means for an origin, and what to do. */
const MEANINGS: Readonly<Record<string, readonly [what: string, fix: string]>> = {
  '1003': ['IP addresses cannot be fetched', 'give the origin a host name, or a binding'],
  '1016': ['its host has no DNS record', 'add the record, or correct the URL in the document'],
  '1027': ['a Worker there is past the requests of its plan', 'raise the plan, or let its route fail open'],
  '1033': ['its tunnel is down', 'start cloudflared there'],
  '1042': [
    'a Worker that is fetched by a Worker of the same account or zone',
    'reach it by a service binding: "binding" of the origin',
  ],
  '1101': ['a Worker there throws', 'look at its log'],
  '1102': ['a Worker there takes too much CPU', 'look at its log, or raise its limits'],
}

/** A fault where an answer is such a page; `text`: its beginning. */
export function cloudflareError(about: string, url: string, text: string): Finding | undefined {
  const code = /\berror(?: code:|<\/span>)?\s*(?:<[^>]{0,200}>\s*)?(1\d{3})\b/i.exec(text)?.[1]
  const [what, fix] = MEANINGS[code ?? ''] ?? []
  return what && fix
    ? fault(about, `${url} answers with Cloudflare's error ${code}: ${what}`, fix)
    : undefined
}

/** A fault where an answer sends to the sign-in of Cloudflare Access; `location`: that of the answer, if it has one. */
export function accessFinding(about: string, url: string, location: string | null): Finding | undefined {
  const away = location === null ? null : URL.parse(location, url)
  const isSignIn =
    away?.hostname.endsWith('.cloudflareaccess.com') || away?.pathname.startsWith('/cdn-cgi/access/')
  return isSignIn
    ? fault(
        about,
        `${url} is behind Cloudflare Access: the gate would be asked to sign in`,
        'give the origin the headers of a service token (docs/deploying.md)',
      )
    : undefined
}
