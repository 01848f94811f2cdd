/** What a deployment would make, as `sluice deploy --dry-run` lists it. */
import { parse as parseToml } from 'smol-toml'
import { namedSecrets } from '../../core/config/named-secrets.ts'
import { localOrigins, originWarnings } from '../../core/config/parse/origin-warnings.ts'
import type { GateDocument } from '../../core/config/schema/document.ts'
import { dealingRule } from '../../core/config/split/dealing-rule.ts'
import { percentText, plural } from '../../core/figures.ts'
import { NO_NAMESPACE } from '../connection/wrangler.ts'

type Toml = {
  name?: string
  workers_dev?: boolean
  routes?: (string | { pattern?: string; custom_domain?: boolean })[]
  vars?: Record<string, unknown>
  kv_namespaces?: { binding?: string; id?: string }[]
  limits?: unknown
}

export type DeployPlan = {
  worker: string
  hosts: string[]
  adminHost: string | null
  kv: string
  objects: string
  secrets: string[]
  document: {
    file: string
    origins: Record<string, string>
    flags: { flag: string; firstPercentage: number }[]
  }
  cost: string
  /** What would not work once deployed. */
  warnings: string[]
}

/** Reads wrangler.toml and the document; asks neither wrangler nor the platform. */
export function deployPlan(toml: string, document: GateDocument, file: string): DeployPlan {
  const config = parseToml(toml) as Toml
  const { routes = [], vars = {} } = config
  const patterns = routes.map((route) =>
    typeof route === 'string'
      ? route
      : `${route.pattern ?? '?'}${route.custom_domain ? ' (custom domain)' : ''}`,
  )
  const isOnWorkersDev = config.workers_dev ?? patterns.length === 0
  const id = config.kv_namespaces?.find(({ binding }) => binding === 'GATE')?.id
  const adminHost = typeof vars.ADMIN_HOST === 'string' && vars.ADMIN_HOST !== '' ? vars.ADMIN_HOST : null
  return {
    worker: config.name ?? 'the gate',
    hosts: [...patterns, ...(isOnWorkersDev ? ['its address on workers.dev'] : [])],
    adminHost,
    kv: id === undefined || id === NO_NAMESPACE ? 'a new namespace for GATE' : `namespace ${id}`,
    objects: objectsText(vars),
    secrets: ['ADMIN_TOKEN', 'SIGNING_KEY', ...namedSecrets(document)],
    document: {
      file,
      origins: Object.fromEntries(
        Object.entries(document.origins).map(([name, { url, binding }]) => [
          name,
          binding ? `binding ${binding}` : String(url),
        ]),
      ),
      flags: Object.entries(document.flags).map(([flag, config]) => ({
        flag,
        firstPercentage: firstPercentage(config),
      })),
    },
    cost: costText(document),
    warnings: deployWarnings(document),
  }
}

/** Origins that the deployed gate could not reach. */
export function deployWarnings(document: GateDocument): string[] {
  const unreachable = [...localOrigins(document), ...originWarnings(document)]
  return unreachable.map(({ name, text }) => `origin ${name}: ${text}`)
}

/** The plan as lines. */
export function planLines(plan: DeployPlan): string {
  const { document } = plan
  const flags = document.flags.map(
    ({ flag, firstPercentage: share }) => `${flag} begins at ${percentText(share)}`,
  )
  return [
    `Worker      ${plan.worker}`,
    `hosts       ${plan.hosts.join(', ') || 'none'}`,
    `dashboard   ${plan.adminHost ?? 'its address on workers.dev, unless --admin-host names another'}`,
    `KV          ${plan.kv}`,
    `objects     ${plan.objects}`,
    `secrets     ${plan.secrets.join(', ')}`,
    `document    ${document.file}: ${Object.entries(document.origins)
      .map(([name, where]) => `${name} ${where}`)
      .join(', ')}`,
    `flags       ${flags.join(', ') || 'none'}`,
    `visitors    none yet: a deployment moves no one until a route leads to the Worker, or "publish" changes the document`,
    `cost        ${plan.cost}`,
    ...plan.warnings.map((warning) => `warning     ${warning}`),
  ].join('\n')
}

function objectsText({ JURISDICTION: jurisdiction, LOCATION_HINT: hint }: Record<string, unknown>): string {
  const where = [
    ...(jurisdiction ? [`in the jurisdiction ${String(jurisdiction)}`] : []),
    ...(hint ? [`the Controller in ${String(hint)}`] : []),
  ]
  const place = where.join(', ') || 'near the first visitors'
  return `${place}; JURISDICTION and LOCATION_HINT can't be changed after the first deployment`
}

/** What the first stage, or the rule's own share, serves; 0 for a flag that serves no one. */
function firstPercentage(flag: GateDocument['flags'][string]): number {
  const rule = flag.rules[dealingRule(flag)]
  if (!flag.enabled || rule === undefined) return 0
  const [first] = rule.stages ?? []
  return first === undefined ? (rule.percentage ?? 100) : (first.percentage ?? 0)
}

/** Which rows of docs/costs.md apply. */
function costText({ flags }: GateDocument): string {
  const judged = Object.values(flags).filter(({ guard }) => guard !== undefined).length
  const what =
    judged === 0
      ? 'no flag is judged: counting adds about 0.5 % to what the traffic costs'
      : `${plural(judged, 'flag')} with a guard: counting adds up to 6 % while one ramps, under 1 % otherwise`
  return `${what}; the Free plan does for a small site (docs/costs.md)`
}
