/** Two builds of one app in a shadow stage: what only their builds differ in is no difference, a planted fault is named. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { document, staged } from '../../e2e/harness/documents.ts'
import { eventually } from '../../e2e/harness/eventually.ts'
import { type Load, startLoad, visitorHeaders } from '../../e2e/harness/load.ts'
import { type Gate, startGate } from '../../e2e/harness/running-gate.ts'
import { buildApp, FRAMEWORKS, type Framework, type RunningApp, startApp } from './built-app.ts'

const STAGES = [
  { shadow: 100, bake: '2s' },
  { percentage: 1, advance: 'manual' },
]

/** What an open page of the app asks for. */
function requestsOf(framework: Framework, assets: readonly string[]) {
  const item = (n: number) => `/items/${1 + (n % 6)}`
  const data = (n: number) =>
    framework === 'next'
      ? { path: `${item(n)}?_rsc=1x2y`, headers: { rsc: '1' } }
      : { path: `${item(n)}.data`, headers: {} }
  const kinds = [
    (): { path: string; headers: Record<string, string> } => ({ path: '/', headers: {} }),
    (n: number) => ({ path: item(n), headers: {} }),
    data,
    () => ({ path: '/old-address?item=3', headers: {} }),
    (n: number) => ({ path: assets[n % assets.length] ?? '/', headers: {} }),
  ]
  return (n: number) => {
    const { path, headers } = kinds[n % kinds.length]?.(n) ?? { path: '/', headers: {} }
    return { path, headers: { ...visitorHeaders(n % 500), ...headers } }
  }
}

describe.each(FRAMEWORKS)('a shadow stage of an app by %s', (framework) => {
  let old: RunningApp
  let assets: string[]
  let canary: RunningApp | undefined
  let gate: Gate | undefined
  let load: Load | undefined

  beforeAll(async () => {
    await buildApp(framework)
    old = await startApp(framework, 'old')
    const html = await (await fetch(`${old.url}/items/1`)).text()
    assets = [...html.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css))"/g)].map(([, path = '']) => path)
    expect(assets.length).toBeGreaterThan(2)
  })
  afterEach(async () => {
    await load?.stop()
    await Promise.all([gate?.close(), canary?.close()])
  })
  afterAll(() => old?.close())

  async function shadow(env: Readonly<Record<string, string>>) {
    canary = await startApp(framework, 'twin', env)
    const base = document({ old: old.url, new: canary.url }, staged(STAGES, { guard: { errors: {} } }))
    // All of them share this machine.
    const routes = base.routes.map((route) => ({ ...route, shadow: { maxRps: 200, ignore: ['latency'] } }))
    const running = await startGate({ document: { ...base, routes } })
    gate = running
    load = startLoad({
      url: running.url,
      requestsPerSecond: 30,
      concurrency: 6,
      request: requestsOf(framework, assets),
    })
    const report = () => running.admin.call('getShadow', { params: { flag: 'f' } })
    const verdict = await eventually(
      'there is a verdict',
      async () => {
        const { verdict } = await report()
        return verdict === 'same' || verdict === 'different' ? verdict : undefined
      },
      { deadlineMs: 240_000 },
    )
    return { gate: running, verdict, report: await report() }
  }

  it('passes by itself where only the builds differ', async () => {
    const { gate, verdict, report } = await shadow({})
    expect([verdict, report.findings]).toEqual(['same', []])
    await eventually('the stage is left', async () => (await gate.flag('f')).stage === 1)
  })

  it('holds, and names the route and the field of a fault', async () => {
    const { gate, verdict, report } = await shadow({ FAULT: 'currency' })
    expect(verdict).toBe('different')
    expect(report.samples).toBeLessThanOrEqual(500)
    expect(report.findings).toContainEqual(
      expect.objectContaining({ route: 'GET /items/:id', field: 'html text main p' }),
    )
    expect(await gate.flag('f')).toMatchObject({ stage: 0, percentage: 0 })
  })
})
