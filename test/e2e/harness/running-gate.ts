/**
 * A gate for one test file: the built Worker on real workerd, with KV and Durable Objects in a separate folder.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { type AdminClient, createAdminClient } from '../../../src/contract/client.ts'
import type { FlagStatusView, Responses } from '../../../src/contract/responses.ts'
import { type BuiltGate, startLocalGate } from '../../../src/local/local-gate.ts'
import { describedFetch } from '../../support/openapi.ts'
import { crash, workerdOf } from './workerd.ts'
import { wranglerKvPut } from './wrangler.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** What built.ts has built for all gates of the run. */
    built: BuiltGate
  }
}

export const ADMIN_TOKEN = 'e2e-admin-token'
export const SIGNING_KEY = 'e2e-signing-key'

export type GateOptions = {
  /** The gate document: built in, and published to KV unless `published` is false. */
  document: object
  published?: boolean
  /** `development` unless set: decisions are then visible in response headers, and KV is read every second. */
  environment?: string
  /** Further bindings of the Worker. */
  vars?: Readonly<Record<string, string>>
  signingKey?: string | undefined
  /** KV and Durable Objects of an earlier gate. It is not removed at the end. */
  dataDir?: string
}

export type Gate = {
  url: string
  dataDir: string
  /** Throws where an answer is not as config/openapi.json says. */
  admin: AdminClient
  /** Direct and fast; see `wranglerPut` for how a person does it. */
  kv: { get(key: string): Promise<string | null>; put(key: string, value: string | object): Promise<void> }
  /** `wrangler kv key put`, as a command. */
  wranglerPut(key: string, value: string): Promise<void>
  /** Asks for a page. Redirects are not followed. */
  get(path?: string, headers?: Readonly<Record<string, string>>): Promise<Page>
  status(): Promise<Responses['getStatus']>
  flag(key: string): Promise<FlagStatusView>
  audit(flag?: string): Promise<Responses['listAudit']['records']>
  /** Process id of workerd. */
  workerd(): Promise<number>
  /** kill -9 of workerd; resolves when the gate answers again. */
  crash(): Promise<void>
  close(): Promise<void>
}

export type Page = {
  status: number
  headers: Headers
  text: string
  /** Which origin answered, by `Sluice-Origin`; undefined outside development. */
  origin: string | undefined
  /** Variant by flag, from `Sluice-Flags`. */
  variant: string | undefined
  /** OpenFeature's reason in lower case, from `Sluice-Flags`. */
  reason: string | undefined
}

/** A client of a gate's admin API that throws where an answer is not as config/openapi.json says. */
export function adminOf(url: string, token: string | undefined = ADMIN_TOKEN): AdminClient {
  return createAdminClient({ baseUrl: url, token, fetch: describedFetch(fetch) })
}

/** Starts a gate; resolves when it answers. */
export async function startGate(options: GateOptions): Promise<Gate> {
  const { document, published = true, environment = 'development', vars, signingKey } = options
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'sluice-e2e-')))
  const text = JSON.stringify(document)
  const local = await startLocalGate({
    port: 0,
    dataDir,
    adminToken: ADMIN_TOKEN,
    signingKey,
    environment,
    bundledDocument: text,
    built: inject('built'),
    ...(vars && { secrets: vars }),
  })
  if (published) await local.kv.put('config', text)
  const { url } = local
  const admin = adminOf(url)
  const status = () => admin.call('getStatus')
  return {
    url,
    dataDir,
    admin,
    kv: {
      get: local.kv.get,
      put: (key, value) => local.kv.put(key, isStored(value) ? value : JSON.stringify(value)),
    },
    wranglerPut: (key, value) => wranglerKvPut(dataDir, key, value),
    get: (path, headers) => getPage(url, path, headers),
    status,
    flag: async (key) => {
      const flag = (await status()).flags[key]
      if (flag === undefined) throw new Error(`The status has no flag ${key}`)
      return flag
    },
    audit: async (flag) =>
      (await admin.call('listAudit', { query: { limit: '1000', ...(flag && { flag }) } })).records,
    workerd: async () => {
      const pid = await workerdOf(url)
      if (pid === undefined) throw new Error(`No workerd listens for ${url}`)
      return pid
    },
    crash: () => crash(url),
    close: async () => {
      await local.close()
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** A page as a visitor gets it, with what the gate says of its decision in development. */
export async function getPage(
  url: string,
  path = '/',
  headers: Readonly<Record<string, string>> = {},
): Promise<Page> {
  const response = await fetch(url + path, { headers, redirect: 'manual' })
  return {
    ...decisionOf(response.headers),
    status: response.status,
    headers: response.headers,
    text: await response.text(),
  }
}

/** What `Sluice-Origin` and `Sluice-Flags` say. */
export function decisionOf(headers: Headers): Pick<Page, 'origin' | 'variant' | 'reason'> {
  const [decision = '', ...parameters] = (headers.get('sluice-flags') ?? '').split(';')
  return {
    origin: headers.get('sluice-origin') ?? undefined,
    variant: decision.includes('=') ? decision.slice(decision.indexOf('=') + 1) : undefined,
    reason: parameters.find((each) => each.startsWith('reason='))?.slice('reason='.length),
  }
}

/** Texts and bytes are stored as they are. */
function isStored(value: string | object): value is string | ArrayBuffer {
  return typeof value === 'string' || value instanceof ArrayBuffer
}
