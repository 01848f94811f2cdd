/** Which flags a page brings along, so that the first paint knows them without a request (see page-flags.ts). */
import type { Snapshot } from '../../core/config/compile/snapshot.ts'
import type { Decision } from '../../core/decision/decide.ts'
import type { CompiledFlag, Json } from '../../core/flags/flag.ts'
import type { PageRole } from '../pages/page-affinity.ts'
import type { GateRequest } from '../request/gate-request.ts'

export type BootstrapFlag = { value: Json; variant: string; reason: string }

/** The flags of a page: as decided, and as they are where the fallback answers. */
export type Bootstrap = {
  flags: Record<string, BootstrapFlag>
  rescued: Record<string, BootstrapFlag>
  /** The page's change stream continues from here. */
  revision: string
}

/** Names of files that are no pages: they keep their ranges and conditions when opened by themselves. */
const NO_PAGE =
  /\.(?:pdf|zip|gz|tar|7z|rar|dmg|exe|msi|apk|iso|png|jpe?g|gif|svg|webp|avif|ico|mp[34]|m4[av]|mov|mkv|webm|og[gv]|wav|flac|csv|docx?|xlsx?|pptx?|epub)$/i

/** Whether the answer to a request is a page that brings its flags along, or would by GET. */
export function wantsBootstrap(request: GateRequest, role: PageRole, { bootstrap }: Snapshot): boolean {
  if (bootstrap === undefined) return false
  const isPage = role === 'page' || role === 'submission' || isHeadOfPage(request)
  return isPage && bootstrap.covers(request.path) && !NO_PAGE.test(request.path)
}

function isHeadOfPage({ method, headers }: GateRequest): boolean {
  return method === 'HEAD' && headers.get('accept')?.includes('text/html') === true
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
