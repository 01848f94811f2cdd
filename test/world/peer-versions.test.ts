/** Consumers on the lowest version of a peer dependency that the package supports, and on the one it is tested with. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  install,
  peerVersions,
  type RunningWorker,
  run,
  startWorker,
  typeCheck,
} from '../e2e/clients/consumer.ts'
import { type Origin, startOrigin } from '../e2e/harness/origin.ts'
import { packed } from '../e2e/harness/pack.ts'

const on = { variants: { on: true, off: false }, off: 'off' }

/** The shortest way to write it, and then with typed bindings. */
const FLAGS_WORKER = `
import { Hono } from 'hono'
import { sluice } from 'sluice/hono'

export { Controller, Counters } from 'sluice/durable'

const app = new Hono()
app.use(sluice())
app.get('/', c => c.text(String(c.var.flags.isOn('x'))))
export default app
`

const TYPED_WORKER = `
import { Hono } from 'hono'
import { gate, type SluiceBindings, type SluiceFlags, sluice } from 'sluice/hono'
import { Controller } from 'sluice/durable'
import { testFlags } from 'sluice/testing'

type Bindings = SluiceBindings & { GREETING: string }
const app = new Hono<{ Bindings: Bindings }>()
app.use('*', sluice({ document: {} }))
app.get('/', (c) => {
  const flags: SluiceFlags = c.var.flags
  const colour: string = flags.value('colour', 'black')
  // @ts-expect-error a colour is not a number
  const size: number = flags.value('colour', 'black')
  return c.text(c.env.GREETING + c.get('flags').variant('x') + colour + size)
})
app.all('/shop/*', gate({ document: {} }))
app.route('/', new Hono().use(testFlags({ x: 'on' }).middleware))
// @ts-expect-error there is nothing to route by
gate({})
export const named: DurableObjectNamespace<Controller> | undefined = undefined
`

const OPENFEATURE = `
import { type EvaluationDetails, OpenFeature, type Provider } from '@openfeature/server-sdk'
import { gateContext, SluiceProvider } from 'sluice/openfeature'
import { testFlags } from 'sluice/testing'

const flags = testFlags({ x: 'on', colour: { variant: 'red', value: '#f00' } })
const provider: Provider = new SluiceProvider({ url: 'http://gate.test', fetch: flags.fetch })
await OpenFeature.setProviderAndWait(provider)
const client = OpenFeature.getClient()
const x: EvaluationDetails<boolean> = await client.getBooleanDetails('x', false, gateContext({}))
const colour: string = await client.getStringValue('colour', 'none')
console.log(x.value, x.reason, colour, (await client.getNumberDetails('y', 1)).errorCode)
await OpenFeature.close()
`

const gateWorker = (origins: Record<'old' | 'new', Origin>) => `
import { Hono } from 'hono'
import { gate, type SluiceBindings } from 'sluice/hono'

export { Controller, Counters } from 'sluice/durable'

const document = ${JSON.stringify({
  origins: { old: { url: origins.old.url }, new: { url: origins.new.url } },
  context: { targetingKey: { header: 'x-user-id' } },
  routes: [{ path: '/*', flag: 'site', origins: { on: 'new', off: 'old' } }],
  flags: { site: { ...on, rules: [{ percentage: 50, serve: 'on' }] } },
})}

const app = new Hono<{ Bindings: SluiceBindings }>()
app.get('/own', (c) => c.text('the app'))
app.use(gate({ document }))
app.get('/after', (c) => c.text('never reached'))
export default app
`

let root: string
let tarball: string
let origins: Record<'old' | 'new', Origin>
let origin: (name: string) => Promise<Origin>
const hono = await peerVersions('hono')
const openFeature = await peerVersions('@openfeature/server-sdk')

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sluice-hono-'))
  tarball = await packed()
  origin = (name) =>
    startOrigin(name, (request, response) => {
      response.writeHead(200, { 'set-cookie': ['a=1', 'b=2'], 'content-length': name.length })
      response.end(request.method === 'HEAD' ? undefined : name)
    })
  origins = { old: await origin('old'), new: await origin('new') }
})
afterAll(async () => {
  await Promise.all([origins.old.close(), origins.new.close()])
  await rm(root, { recursive: true, force: true })
})

describe.each([hono.lowest, hono.tested])('Hono %s', (version) => {
  let folder: string
  let worker: RunningWorker | undefined

  beforeAll(async () => {
    folder = join(root, version)
    await install(folder, [tarball, `hono@${version}`])
  })

  const start = async (code: string, document?: object) => {
    await worker?.close()
    worker = await startWorker(folder, code, document)
    return worker.url
  }
  afterAll(async () => await worker?.close())

  it('compiles with strict types, libraries included', async () => {
    const types = ['@cloudflare/workers-types']
    await typeCheck(folder, FLAGS_WORKER, { types })
    await typeCheck(folder, TYPED_WORKER, { types })
    await typeCheck(folder, gateWorker(origins), { types })
  })

  it('gives handlers their flags', async () => {
    const url = await start(FLAGS_WORKER, {
      origins: { app: { url: 'http://localhost' } },
      routes: [{ path: '/*', origin: 'app' }],
      flags: { x: { ...on, rules: [{ serve: 'on' }] } },
    })
    expect(await (await fetch(url)).text()).toBe('true')
    expect((await fetch(`${url}/__sluice/health`)).status).toBe(200)
  })

  it('routes between two origins, behind the routes of the app', async () => {
    const url = await start(gateWorker(origins))
    const ask = (id: string, path = '/', method = 'GET') =>
      fetch(url + path, { method, headers: { 'x-user-id': id } })
    const seen = new Map<string, string>()
    for (let n = 0; n < 20; n++) seen.set(`v${n}`, await (await ask(`v${n}`)).text())
    expect(new Set(seen.values())).toEqual(new Set(['old', 'new']))
    for (const [id, text] of seen) expect(await (await ask(id)).text()).toBe(text)
    expect(await (await ask('v0', '/own')).text()).toBe('the app')
    expect(['old', 'new']).toContain(await (await ask('v0', '/after')).text())
    expect((await ask('v0')).headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    const head = await ask('v0', '/', 'HEAD')
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '3'])
    const evaluated = await fetch(`${url}/__sluice/ofrep/v1/evaluate/flags/site`, {
      method: 'POST',
      body: JSON.stringify({ context: { targetingKey: 'v0' } }),
    })
    expect(((await evaluated.json()) as { value: boolean }).value).toBe(seen.get('v0') === 'new')
  })
})

describe.each([openFeature.lowest, openFeature.tested])("OpenFeature's server SDK %s", (version) => {
  it('takes the provider, in types and at work', async () => {
    const folder = join(root, `openfeature-${version}`)
    await install(folder, [tarball, `@openfeature/server-sdk@${version}`])
    await typeCheck(folder, OPENFEATURE, { types: ['@types/node'] })
    await writeFile(join(folder, 'run.ts'), OPENFEATURE)
    const { stdout } = await run(process.execPath, ['run.ts'], { cwd: folder })
    expect(stdout.trim()).toBe('true TARGETING_MATCH #f00 FLAG_NOT_FOUND')
  })
})
