/** What the demo publishes, and how it asks and steers its gate: by the admin API, as people would. */

export const DEMO_FLAG = 'new-shop'

/** Three stages that wait for a person, and a guard with a ceiling besides. */
export function demoDocument(oldUrl: string, newUrl: string): string {
  return JSON.stringify({
    origins: { old: { url: oldUrl }, new: { url: newUrl } },
    context: { targetingKey: { header: 'x-user-id' } },
    routes: [{ path: '/*', flag: DEMO_FLAG, origins: { on: 'new', off: 'old' } }],
    flags: {
      [DEMO_FLAG]: {
        variants: { on: true, off: false },
        off: 'off',
        rules: [
          {
            name: 'canary',
            serve: 'on',
            stages: [{ percentage: 10 }, { percentage: 50 }, { percentage: 100 }],
          },
        ],
        guard: { errors: {}, ceilings: { errorRate: 0.2, minRequests: 20 } },
      },
    },
  })
}

type Counts = { requests: number; errors: number }
type Status = { flags: Record<string, { state: string; arms: { canary: Counts; control: Counts } }> }
export type AuditRecord = { actor: string; action: string; reason: string }

export class DemoApi {
  readonly #base: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(url: string, token: string) {
    this.#base = `${url}/__sluice/api/v1`
    this.#headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  }

  async state(): Promise<string> {
    return (await this.#flag()).state
  }

  /** What the gate has counted in this attempt. */
  async arms(): Promise<{ canary: Counts; control: Counts }> {
    return (await this.#flag()).arms
  }

  /** Why the guard closed the flag. */
  async rollbackRecord(): Promise<AuditRecord> {
    const { records } = await this.#ask<{ records: AuditRecord[] }>('audit')
    const found = records.find(({ action, actor }) => action === 'rollback' && actor === 'guard')
    if (found === undefined) throw new Error('The audit log has no record of the rollback')
    return found
  }

  async command(verb: string, body: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#ask(`flags/${DEMO_FLAG}/${verb}`, { method: 'POST', body: JSON.stringify(body) })
  }

  async #flag(): Promise<Status['flags'][string]> {
    const flag = (await this.#ask<Status>('status')).flags[DEMO_FLAG]
    if (flag === undefined) throw new Error(`The status does not know ${DEMO_FLAG}`)
    return flag
  }

  async #ask<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await fetch(`${this.#base}/${path}`, { ...init, headers: this.#headers })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }
}
