/** What a deployment would make, as `sluice deploy --dry-run` lists it. */
import { parse as parseToml } from 'smol-toml'
import { namedSecrets } from '../../core/config/named-secrets.ts'
import { localOrigins, originWarnings } from '../../core/config/parse/origin-warnings.ts'
import type { GateDocument } from '../../core/config/schema/document.ts'
import { dealingRule } from '../../core/config/split/dealing-rule.ts'
import { percentText } from '../../core/figures.ts'
import { NO_NAMESPACE } from '../connection/wrangler.ts'
import type { GateToml } from '../doctor/gate-toml.ts'
import { deployFaults } from '../doctor/toml.ts'
import { originsByToml } from '../doctor/toml-origins.ts'
import { costText } from './cost.ts'

type Toml = GateToml & { name?: string; workers_dev?: boolean }

export type DeployPlan = {
  worker: string
  hosts: string[]
  adminHost: string | null
  /** Where the dashboard will be, in words. */
  dashboard: string
  kv: string
  objects: string
  secrets: string[]
  document: {
    file: string
    origins: Record<string, string>
    flags: { flag: string; firstPercentage: number }[]
  }
  cost: string
  /** What keeps the gate from working, each with what to do: a deployment is refused. */
  faults: string[]
  /** What would not work once deployed. */
  warnings: string[]
  /** What is right, if what it says is. */
  notes: string[]
}

/**
 * Reads wrangler.toml and the document; asks neither wrangler nor the platform.
 *
 * @param file name of the document, as the user wrote it
 */
export function deployPlan(toml: string, document: GateDocument, file: string): DeployPlan {
  const config = parseToml(toml) as Toml
  const { vars = {} } = config
  const routes = [...(config.routes ?? []), ...(config.route === undefined ? [] : [config.route])]
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
    dashboard: adminHost ?? (isOnWorkersDev ? ON_WORKERS_DEV : ON_THE_SITE),
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
    faults: faultTexts(config, document),
    warnings: deployWarnings(document),
    notes: originsByToml(config, document)
      .filter(({ level }) => level === 'ok')
      .map(({ about, text }) => `${about}: ${text}`),
  }
}

const ON_WORKERS_DEV = 'its address on workers.dev, unless --admin-host names another'
const ON_THE_SITE = 'the host of the site, unless --admin-host names another'

/** What keeps a gate with that wrangler.toml from working, each with what to do. */
export function deployFaultTexts(toml: string, document: GateDocument): string[] {
  return faultTexts(parseToml(toml) as Toml, document)
}

function faultTexts(toml: Toml, document: GateDocument): string[] {
  return deployFaults(toml, document).map(({ about, text, fix }) => `${about}: ${text}; ${fix}`)
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
    `dashboard   ${plan.dashboard}`,
    `KV          ${plan.kv}`,
    `objects     ${plan.objects}`,
    `secrets     ${plan.secrets.join(', ')}`,
    `document    ${document.file}: ${Object.entries(document.origins)
      .map(([name, where]) => `${name} ${where}`)
      .join(', ')}`,
    `flags       ${flags.join(', ') || 'none'}`,
    `visitors    none yet: a deployment moves no one until a route leads to the Worker, or "publish" changes the document`,
    `cost        ${plan.cost}`,
    ...plan.faults.map((text) => `fault       ${text}`),
    ...plan.warnings.map((text) => `warning     ${text}`),
    ...plan.notes.map((text) => `note        ${text}`),
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
