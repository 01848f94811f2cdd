/** wrangler.toml of a gate's folder, as far as this program reads it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse as parseToml } from 'smol-toml'

type Migration = { new_sqlite_classes?: string[]; renamed_classes?: { to?: string }[] }

/** What is read of it; wrangler itself checks the rest. */
export type GateToml = {
  vars?: Record<string, unknown>
  routes?: Route[]
  route?: Route
  kv_namespaces?: { binding?: string; id?: string }[]
  durable_objects?: { bindings?: { name?: string; class_name?: string; script_name?: string }[] }
  migrations?: Migration[]
  assets?: { binding?: string; directory?: string; run_worker_first?: unknown }
  services?: { binding?: string }[]
  vpc_services?: { binding?: string }[]
  vpc_networks?: { binding?: string }[]
  mtls_certificates?: { binding?: string }[]
}
export type Route = string | { pattern?: string; custom_domain?: boolean }

/** The file of a folder; undefined where there is none. Throws where it is not TOML. */
export async function tomlIn(folder: string): Promise<GateToml | undefined> {
  const text = await readFile(join(folder, 'wrangler.toml'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (parseToml(text) as GateToml)
}
