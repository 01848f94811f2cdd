/** A gate with two origins whose every part can be put into trouble. */
import { startLocalOrigin } from '../../test-kit/origins/local-origin.ts'
import { type KvService, startKvService } from '../../test-kit/workerd/kv-service.ts'
import { ADMIN_TOKEN, type PlainWorkerd, startPlainWorkerd } from '../../test-kit/workerd/plain-workerd.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'

export const FLAG = 'shop'

export type Rig = {
  workerd: PlainWorkerd
  kv: KvService
  /** In front of the canary. */
  proxy: FaultProxy
  canary: { isBroken: boolean; lastAskedMs: number }
  control: { delayMs: number }
  /** Troubles of Durable Objects and the clock, as chaos.mjs takes them. */
  trouble(what: Readonly<Record<string, string>>): Promise<void>
  /** `open`, `rolled-back` and so on; undefined where the gate does not say. */
  state(): Promise<string | undefined>
  close(): Promise<void>
}

type Status = { controller: 'ok' | 'unreachable'; flags: Record<string, { state: string }> }

/** The document; `more` adds flags and what else a scenario needs. */
export type MakeDocument = (origins: { old: string; new: string }) => object

export const plainDocument: MakeDocument = (origins) => ({
  origins: { old: { url: origins.old }, new: { url: origins.new, timeoutMs: 1_000 } },
  context: { targetingKey: [{ header: 'x-user-id' }] },
  routes: [{ path: '/*', flag: FLAG, origins: { on: 'new', off: 'old' } }],
  flags: {
    [FLAG]: {
      variants: { on: true, off: false },
      off: 'off',
      rules: [{ serve: 'on', stages: [{ percentage: 50, bake: '1h' }, { percentage: 100 }] }],
      guard: { errors: {}, latency: {}, ceilings: { errorRate: 0.2 } },
    },
  },
})

export async function startRig(worker: string, document: MakeDocument = plainDocument): Promise<Rig> {
  const canary = { isBroken: false, lastAskedMs: 0 }
  const control = { delayMs: 0 }
  const old = await startLocalOrigin((_, response) => {
    if (control.delayMs === 0) response.end('old')
    else setTimeout(() => response.end('old'), control.delayMs)
  })
  const next = await startLocalOrigin((_, response) => {
    canary.lastAskedMs = performance.now()
    response.writeHead(canary.isBroken ? 500 : 200).end('new')
  })
  const proxy = await startFaultProxy(next.url)
  const kv = await startKvService()
  kv.values.set('config', JSON.stringify(document({ old: old.url, new: proxy.url })))
  const workerd = await startPlainWorkerd({ isolates: 1, kvPort: kv.port, worker })
  const [url = ''] = workerd.urls
  return {
    workerd,
    kv,
    proxy,
    canary,
    control,
    trouble: async (what) => void (await fetch(`${url}/__chaos?${new URLSearchParams(what)}`)),
    state: async () => {
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
      const path = `/__sluice/api/v1/status?flags=${FLAG}`
      const response = await fetch(url + path, { headers }).catch(() => undefined)
      if (!response?.ok) return undefined
      const { controller, flags } = (await response.json()) as Status
      return controller === 'ok' ? flags[FLAG]?.state : undefined
    },
    close: async () => {
      await workerd.close()
      await Promise.all([kv.close(), proxy.close(), old.close(), next.close()])
    },
  }
}
