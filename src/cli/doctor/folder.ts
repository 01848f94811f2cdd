/** The folder of a gate: its document, wrangler.toml, and the local secrets. */
import { existsSync, readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parse as parseToml } from 'smol-toml'
import { namedSecrets } from '../../core/config/named-secrets.ts'
import { parseDocument } from '../../core/config/parse/parse.ts'
import type { GateDocument } from '../../core/config/schema/document.ts'
import { plural } from '../../core/figures.ts'
import { messageOf } from '../../core/message-of.ts'
import { DEV_VARS, readDevVars } from '../connection/dev-vars.ts'
import { NO_NAMESPACE } from '../connection/wrangler.ts'
import { problemsIn, readDocumentFile } from '../document/document-file.ts'
import { type Finding, fault, type Look, ok, type Patient, warning } from './finding.ts'

/** The document of the folder; undefined where there is none, or none that can be used. */
export async function documentIn({ call: { terminal, args } }: Patient): Promise<GateDocument | undefined> {
  const file = await readDocumentFile(args[0], terminal).catch(() => undefined)
  const parsed = file && parseDocument(file.text)
  return parsed?.ok ? parsed.value : undefined
}

export const lookAtDocument: Look = async ({ call: { terminal, args } }) => {
  const file = await readDocumentFile(args[0], terminal).catch((error: unknown) => messageOf(error))
  if (typeof file === 'string')
    return [warning('document', file, 'run this in the folder of a gate, or: sluice init')]
  const problems = problemsIn(file)
  const [first] = problems
  if (first !== undefined) {
    const where = `${first.file}:${first.line}:${first.column}`
    return [
      fault(
        'document',
        `${file.name} has ${plural(problems.length, 'problem')}, the first at ${where}`,
        'sluice check',
      ),
    ]
  }
  const parsed = parseDocument(file.text)
  const findings = [ok('document', `${file.name} has no problems`)]
  if (parsed.ok && parsed.value.notifications.webhooks.length === 0)
    findings.push(
      warning(
        'webhooks',
        'the document names none: no one is told of a rollback',
        'add one to "notifications"',
      ),
    )
  return findings
}

type Toml = {
  vars?: { ENVIRONMENT?: unknown; ADMIN_HOST?: unknown }
  routes?: (string | { pattern?: string; custom_domain?: boolean })[]
  kv_namespaces?: { binding?: string; id?: string }[]
  durable_objects?: { bindings?: { name?: string }[] }
}

export const lookAtToml: Look = async ({ folder }) => {
  const path = join(folder, 'wrangler.toml')
  if (!existsSync(path)) return []
  let toml: Toml
  try {
    toml = parseToml(readFileSync(path, 'utf8')) as Toml
  } catch (error) {
    return [fault('wrangler.toml', `it must be valid TOML: ${messageOf(error)}`, 'fix it')]
  }
  const findings = [kvFinding(toml), ...routeFindings(toml)]
  const { ENVIRONMENT: environment, ADMIN_HOST: adminHost } = toml.vars ?? {}
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
  const names = (toml.durable_objects?.bindings ?? []).map(({ name }) => name)
  const missing = ['CONTROLLER', 'COUNTERS'].filter((name) => !names.includes(name))
  if (missing.length > 0)
    findings.push(
      fault(
        'Durable Objects',
        `wrangler.toml does not bind ${missing.join(' and ')}`,
        'copy them from a new "sluice init"',
      ),
    )
  return findings
}

/** A custom domain has no server behind it that could answer in the gate's place. */
function routeFindings({ routes = [] }: Toml): Finding[] {
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

function kvFinding({ kv_namespaces: spaces = [] }: Toml): Finding {
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

/** Shorter ones can be guessed by trying. */
const MIN_SECRET = 16
const OTHERS = 0o077

export const lookAtSecrets: Look = async (patient) => {
  const { folder, call } = patient
  const path = join(folder, DEV_VARS)
  if (!existsSync(path)) return []
  const findings: Finding[] = []
  const vars = { ...(await readDevVars(folder)), ...call.terminal.env }
  if (process.platform !== 'win32' && ((await stat(path)).mode & OTHERS) !== 0)
    findings.push(fault(DEV_VARS, 'other users of this machine can read it', `chmod 600 ${DEV_VARS}`))
  if (existsSync(join(folder, '.git')) && !isIgnored(folder))
    findings.push(fault(DEV_VARS, 'git would commit it', `add ${DEV_VARS} to .gitignore`))
  for (const name of ['ADMIN_TOKEN', 'SIGNING_KEY'] as const) {
    const why = {
      ADMIN_TOKEN: 'each start makes another token',
      SIGNING_KEY: 'visitors can make up their ids',
    }[name]
    const value = vars[name]
    if (!value)
      findings.push(
        fault(name, `${DEV_VARS} has none: ${why}`, `add a line ${name}=… with 32 random characters`),
      )
    else if (value.length < MIN_SECRET)
      findings.push(
        fault(
          name,
          `it has ${plural(value.length, 'character')}: it can be guessed`,
          `make it at least ${MIN_SECRET} long`,
        ),
      )
  }
  if (vars.ADMIN_TOKEN && vars.ADMIN_TOKEN === vars.SIGNING_KEY)
    findings.push(
      fault(
        'SIGNING_KEY',
        'it is the ADMIN_TOKEN: who operates the gate could sign as it',
        'make a secret for each',
      ),
    )
  const document = await documentIn(patient)
  for (const name of document === undefined ? [] : namedSecrets(document))
    if (!vars[name])
      findings.push(
        fault(name, `the document names this secret, and ${DEV_VARS} has none`, `add a line ${name}=…`),
      )
  return findings.length > 0 ? findings : [ok('secrets', `those of ${DEV_VARS} are there, and private`)]
}

function isIgnored(folder: string): boolean {
  const path = join(folder, '.gitignore')
  if (!existsSync(path)) return false
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.trim())
  return [DEV_VARS, `/${DEV_VARS}`, '.dev.vars*', '*.vars'].some((each) => lines.includes(each))
}
