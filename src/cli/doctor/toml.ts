/** wrangler.toml of a gate's folder: what would not work once it is deployed. */
import type { GateDocument } from '../../core/config/schema/document.ts'
import { messageOf } from '../../core/message-of.ts'
import { hostnameOf } from '../../platform/admin-hostname.ts'
import { strayPlaces } from '../base/places.ts'
import { NO_NAMESPACE } from '../connection/wrangler.ts'
import { type Finding, fault, type Look, ok, warning } from './finding.ts'
import { documentIn } from './folder.ts'
import { type GateToml, tomlIn } from './gate-toml.ts'
import { originsByToml } from './toml-origins.ts'

export const lookAtToml: Look = async (patient) => {
  try {
    const toml = await tomlIn(patient.folder)
    if (toml === undefined) return []
    const document = await documentIn(patient)
    return [...tomlFindings(toml), ...(document === undefined ? [] : originsByToml(toml, document))]
  } catch (error) {
    return [fault('wrangler.toml', `it must be valid TOML: ${messageOf(error)}`, 'fix it')]
  }
}

/** What would keep a deployment from working, by the file and for the document. */
export function deployFaults(toml: GateToml, document: GateDocument): Finding[] {
  return [...tomlFindings(toml), ...originsByToml(toml, document)].filter(({ level }) => level === 'fault')
}

function tomlFindings(toml: GateToml): Finding[] {
  return [
    kvFinding(toml),
    ...routeFindings(toml),
    ...variableFindings(toml),
    ...objectFindings(toml),
    ...assetFindings(toml),
  ]
}

function variableFindings({ vars = {} }: GateToml): Finding[] {
  const { ENVIRONMENT: environment, ADMIN_HOST: adminHost } = vars
  const findings = strayPlaces(vars).map(({ variable, text }) =>
    fault(variable, text, 'set it, or leave it out'),
  )
  if (environment !== undefined && environment !== 'production')
    findings.push(
      environment === 'development'
        ? fault(
            'ENVIRONMENT',
            'wrangler.toml deploys with "development": visitors could say which country they are in',
            'set it to "production"',
          )
        : ok('ENVIRONMENT', `it is ${environment}`),
    )
  if (adminHost === undefined || adminHost === '')
    findings.push(
      warning('ADMIN_HOST', 'the dashboard shares its host with the site', 'sluice deploy writes it'),
    )
  else if (typeof adminHost !== 'string' || hostnameOf(adminHost) === undefined)
    findings.push(
      fault(
        'ADMIN_HOST',
        `it must be a host such as sluice.example.net, not ${String(adminHost)}: the dashboard would answer nowhere`,
        'correct it: no path, and nothing else around the host',
      ),
    )
  return findings
}

const FROM_INIT = 'copy them from a new "sluice init"'

/** Both objects, and for each class that this Worker has a migration that makes it. */
function objectFindings({ durable_objects: objects, migrations = [] }: GateToml): Finding[] {
  const about = 'Durable Objects'
  const bindings = objects?.bindings ?? []
  const missing = ['CONTROLLER', 'COUNTERS'].filter((each) => !bindings.some(({ name }) => name === each))
  if (missing.length > 0)
    return [fault(about, `wrangler.toml does not bind ${missing.join(' and ')}`, FROM_INIT)]
  const made = new Set(
    migrations.flatMap(({ new_sqlite_classes: classes = [], renamed_classes: renamed = [] }) => [
      ...classes,
      ...renamed.map(({ to }) => to),
    ]),
  )
  const unmade = bindings.filter(
    ({ name = '', class_name: of, script_name: elsewhere }) =>
      ['CONTROLLER', 'COUNTERS'].includes(name) && elsewhere === undefined && !made.has(of),
  )
  if (unmade.length === 0) return []
  const names = unmade.map(({ class_name: of }) => of).join(' and ')
  return [fault(about, `no migration makes ${names} with SQLite (new_sqlite_classes)`, FROM_INIT)]
}

function assetFindings({ assets }: GateToml): Finding[] {
  const about = 'assets'
  if (assets?.binding !== 'ASSETS' || assets.directory === undefined)
    return [
      fault(
        about,
        'wrangler.toml binds no folder of assets as ASSETS: the dashboard would be missing',
        'copy [assets] from a new "sluice init"',
      ),
    ]
  if (assets.run_worker_first === true) return []
  return [
    fault(
      about,
      'the files of the dashboard would answer visitors before the gate does',
      'add run_worker_first = true to [assets]',
    ),
  ]
}

/** A custom domain has no server behind it that could answer in the gate's place. */
function routeFindings({ routes = [] }: GateToml): Finding[] {
  const patterns = (Array.isArray(routes) ? routes : []).flatMap((route) =>
    typeof route === 'string' ? [route] : route.custom_domain || !route.pattern ? [] : [route.pattern],
  )
  return patterns.map((pattern) =>
    ok(
      'route',
      `${pattern} fails closed past the limits of a plan, unless the zone says "fail open"; other Workers on routes of the zone do not run for what the gate fetches`,
    ),
  )
}

function kvFinding({ kv_namespaces: spaces = [] }: GateToml): Finding {
  const about = 'KV id'
  const gate = spaces.find(({ binding }) => binding === 'GATE')
  if (gate === undefined)
    return fault(about, 'wrangler.toml binds no KV namespace as GATE', 'wrangler kv namespace create GATE')
  if (gate.id === undefined) return ok(about, 'it has none: the first deployment creates the namespace')
  if (gate.id === NO_NAMESPACE)
    return warning(
      about,
      'it is the placeholder of init: fine on this machine, not deployed yet',
      'sluice deploy creates the namespace',
    )
  if (/^[0-9a-f]{32}$/.test(gate.id ?? '')) return ok(about, `it is ${gate.id}`)
  return fault(
    about,
    `it must be 32 hexadecimal digits, not ${gate.id}`,
    'wrangler kv namespace list shows it',
  )
}
