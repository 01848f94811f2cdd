/** What `sluice deploy` reads in a folder's wrangler.toml, and what it writes there. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse as parseToml } from 'smol-toml'
import { messageOf } from '../../core/message-of.ts'
import { Refusal } from './errors.ts'
import { printable } from './printable.ts'

type Parsed = {
  name?: string
  main?: string
  workers_dev?: boolean
  kv_namespaces?: { binding?: string; id?: string }[]
  routes?: (string | { pattern?: string })[]
  route?: unknown
  vars?: { ADMIN_HOST?: unknown; JURISDICTION?: unknown; LOCATION_HINT?: unknown }
}

/** What can't be changed once the Durable Objects are made. */
export type Places = { jurisdiction?: string; locationHint?: string }

export type WranglerToml = {
  text: string
  name: string
  main: string | undefined
  namespace: string | undefined
  adminHost: string | undefined
  /** Where Durable Objects are, as far as it says so. */
  places: Places
  /** Whether the Worker has its address on workers.dev. */
  hasWorkersDev: boolean
}

/** Throws where the text is not TOML. */
export function readToml(text: string): WranglerToml {
  const parsed = parsedToml(text)
  const { name, main, kv_namespaces: spaces, workers_dev: workersDev, routes, route, vars } = parsed
  const { ADMIN_HOST: adminHost, JURISDICTION: jurisdiction, LOCATION_HINT: locationHint } = vars ?? {}
  return {
    text,
    name: printable(name ?? 'the gate'),
    main,
    namespace: spaces?.find(({ binding }) => binding === 'GATE')?.id,
    adminHost: typeof adminHost === 'string' && adminHost !== '' ? adminHost : undefined,
    places: {
      ...(typeof jurisdiction === 'string' && jurisdiction !== '' && { jurisdiction }),
      ...(typeof locationHint === 'string' && locationHint !== '' && { locationHint }),
    },
    hasWorkersDev: workersDev ?? (routes === undefined && route === undefined),
  }
}

function parsedToml(text: string): Parsed {
  try {
    return parseToml(text) as Parsed
  } catch (error) {
    throw new Refusal(`Cannot deploy: wrangler.toml must be valid TOML: ${messageOf(error)}`)
  }
}

const HOST_SHAPE = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/

/** Whether a text is a host for ADMIN_HOST: lower case, without protocol, port or path. */
export function isHost(text: string): boolean {
  return HOST_SHAPE.test(text)
}

/** ADMIN_HOST of a folder's wrangler.toml, where that names a host. */
export function adminHostIn(folder: string): string | undefined {
  try {
    const { adminHost } = readToml(readFileSync(join(folder, 'wrangler.toml'), 'utf8'))
    return adminHost !== undefined && isHost(adminHost) ? adminHost : undefined
  } catch {
    // No such file, or none that this command could use.
    return undefined
  }
}

/**
 * The text with ADMIN_HOST, and with what makes the Worker answer there: `workers_dev`, or a route of a custom domain.
 * Throws where the file is written in a way that this cannot edit.
 */
export function withAdminHost(text: string, host: string): string {
  const isOnWorkersDev = host.endsWith('.workers.dev')
  const withHost = withVariable(text, 'ADMIN_HOST', host)
  const edited = isOnWorkersDev ? withWorkersDev(withHost) : withCustomDomain(withHost, host)
  const { vars, workers_dev: workersDev, routes } = parsedToml(edited)
  const isReached = isOnWorkersDev ? workersDev === true : routes?.some((each) => patternOf(each) === host)
  if (vars?.ADMIN_HOST === host && isReached) return edited
  const route = `routes = [{ pattern = "${host}", custom_domain = true }]`
  const how = isOnWorkersDev ? 'workers_dev = true' : route
  throw new Refusal(`Cannot edit wrangler.toml: add ADMIN_HOST = "${host}" to its [vars], and ${how}`)
}

/** The text with the places that are given. Throws where the file is written in a way that this cannot edit. */
export function withPlaces(text: string, { jurisdiction, locationHint }: Places): string {
  const wanted = { JURISDICTION: jurisdiction, LOCATION_HINT: locationHint }
  let edited = text
  for (const [name, value] of Object.entries(wanted)) {
    if (value === undefined) continue
    edited = withVariable(edited, name, value)
    const { vars } = parsedToml(edited)
    if (vars?.[name as keyof typeof wanted] !== value)
      throw new Refusal(`Cannot edit wrangler.toml: add ${name} = "${value}" to its [vars]`)
  }
  return edited
}

function withVariable(text: string, name: string, value: string): string {
  const line = `${name} = "${value}"`
  const present = new RegExp(`^${name}\\s*=.*$`, 'm')
  if (present.test(text)) return text.replace(present, line)
  if (/^\[vars\][ \t]*$/m.test(text)) return text.replace(/^\[vars\][ \t]*$/m, `[vars]\n${line}`)
  return parsedToml(text).vars === undefined ? `${text.trimEnd()}\n\n[vars]\n${line}\n` : text
}

function withWorkersDev(text: string): string {
  if (/^workers_dev\s*=.*$/m.test(text)) return text.replace(/^workers_dev\s*=.*$/m, 'workers_dev = true')
  return atTop(text, 'workers_dev = true')
}

function withCustomDomain(text: string, host: string): string {
  const { routes } = parsedToml(text)
  if (routes?.some((each) => patternOf(each) === host)) return text
  const route = `{ pattern = "${host}", custom_domain = true }`
  if (routes === undefined) return atTop(text, `routes = [${route}]`)
  return text.replace(/^routes\s*=\s*\[/m, (start) => `${start}${route}${routes.length > 0 ? ', ' : ''}`)
}

/** Before the first table: what follows a table's header belongs to the table. */
function atTop(text: string, line: string): string {
  return /^name\s*=.*$/m.test(text)
    ? text.replace(/^name\s*=.*$/m, (name) => `${name}\n${line}`)
    : `${line}\n${text}`
}

function patternOf(route: string | { pattern?: string }): string | undefined {
  return typeof route === 'string' ? route : route.pattern
}
