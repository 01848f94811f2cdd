/**
 * Flags inside the page: an HTML document gets a block of JSON at the beginning of its head, which the browser SDK
 * reads, so the first paint knows its flags without a request. The page still streams.
 */
import type { Snapshot } from '../../core/config/compile/snapshot.ts'
import type { Decision } from '../../core/decision/decide.ts'
import type { CompiledFlag, Json } from '../../core/flags/flag.ts'
import type { GateRequest } from '../request/gate-request.ts'
import type { PageRole } from '../request/page-affinity.ts'

export type BootstrapFlag = { value: Json; variant: string; reason: string }

/** The flags of a page: as decided, and as they are where the fallback answers. */
export type Bootstrap = {
  flags: Record<string, BootstrapFlag>
  rescued: Record<string, BootstrapFlag>
  /** The page's change stream continues from here. */
  revision: string
}

/** The block of JSON. */
export type PageFlags = { flags: Bootstrap['flags']; revision: string }

/** Id of the element that holds it. */
export const BOOTSTRAP_ID = 'sluice-flags'

/** Whether the answer to a request is a page that brings its flags along. */
export function wantsBootstrap(request: GateRequest, role: PageRole, { bootstrap }: Snapshot): boolean {
  if (bootstrap === undefined || (role !== 'page' && role !== 'submission')) return false
  return bootstrap.covers(request.path)
}

/** A visitor's flags by `decide`; `routed` is the decision that led to the page. */
export function bootstrapFor(
  snapshot: Snapshot,
  decide: (flag: CompiledFlag) => Decision,
  routed: Decision | undefined,
  revision: string,
): Bootstrap {
  const flags: Record<string, BootstrapFlag> = {}
  for (const flag of snapshot.flags.values()) {
    if (flag.isPrivate || snapshot.bootstrap?.flags?.has(flag.key) === false) continue
    const { value, variant, reason } = routed?.flag === flag.key ? routed : decide(flag)
    flags[flag.key] = { value, variant, reason }
  }
  const own = routed && snapshot.flags.get(routed.flag)
  if (own === undefined || !(own.key in flags)) return { flags, rescued: flags, revision }
  const off = { value: own.values.get(own.off) ?? null, variant: own.off, reason: 'RESCUED' }
  return { flags, rescued: { ...flags, [own.key]: off }, revision }
}

/** The page with its flags; other responses pass unchanged. */
export function withBootstrap(response: Response, page: PageFlags, setCookie?: string): Response {
  const isPage = /^text\/html\b/i.test(response.headers.get('content-type') ?? '')
  if (!isPage || response.body === null) return response
  const headers = new Headers(response.headers)
  // The page changes with its flags: what the origin says about its bytes is no longer true.
  for (const name of [
    'etag',
    'last-modified',
    'content-length',
    'accept-ranges',
    'digest',
    'content-digest',
  ]) {
    headers.delete(name)
  }
  headers.set('cache-control', 'private, no-cache')
  if (setCookie !== undefined) headers.append('set-cookie', setCookie)
  const { status, statusText } = response
  const copy = new Response(response.body, { status, statusText, headers })
  return insert(copy, element(page, nonceIn(headers.get('content-security-policy'))))
}

/** Inserts at the beginning of the head, else of the body, else at the end of the page. */
function insert(page: Response, html: string): Response {
  let isDone = false
  const once = (put: (text: string, options: ContentOptions) => unknown) => {
    if (!isDone) put(html, { html: true })
    isDone = true
  }
  return new HTMLRewriter()
    .on('head', { element: (tag) => once((text, options) => tag.prepend(text, options)) })
    .on('body', { element: (tag) => once((text, options) => tag.prepend(text, options)) })
    .onDocument({ end: (end) => once((text, options) => end.append(text, options)) })
    .transform(page)
}

/** Data, not code, so no policy forbids it. It carries the page's nonce for policies that check all the same. */
function element(page: PageFlags, nonce: string | undefined): string {
  const json = JSON.stringify(page).replaceAll('<', '\\u003c')
  const attribute = nonce === undefined ? '' : ` nonce="${nonce}"`
  return `<script type="application/json" id="${BOOTSTRAP_ID}"${attribute}>${json}</script>`
}

function nonceIn(policy: string | null): string | undefined {
  return /'nonce-([A-Za-z0-9+/_=-]+)'/.exec(policy ?? '')?.[1]
}
