/**
 * `npm run test:http-cache`: http-cache-tests through a bare passthrough Worker and through the gate. Every required
 * case that passes through the one passes through the other; exits 1 where one does not.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildWorker } from '../../src/local/build/build-worker.ts'
import { freePort } from '../../src/local/free-port.ts'
import { scriptArgs } from '../../test-kit/script/script-args.ts'
import { startKvService } from '../../test-kit/workerd/kv-service.ts'
import { startPassthrough } from '../../test-kit/workerd/passthrough.ts'
import { startPlainWorkerd } from '../../test-kit/workerd/plain-workerd.ts'
import { fetchSuite, type Kinds, type Results, runSuite, startSuiteServer } from './suite.ts'

scriptArgs({})
const folder = await mkdtemp(join(tmpdir(), 'sluice-http-cache-'))
const port = await freePort()
const url = `http://127.0.0.1:${port}`
const kv = await startKvService()
const closers = [kv.close, () => rm(folder, { recursive: true, force: true })]

const rollout = (percentage: number) => ({
  variants: { on: true, off: false },
  off: 'off',
  rules: [{ serve: 'on', percentage }],
})
const WAYS: Record<string, object | undefined> = {
  'on a route without a flag': undefined,
  'as control': rollout(0),
  'as canary': rollout(100),
}

/** Without rescue: the suite takes a request that comes twice for a fault of the cache. */
async function startGate(flag: object | undefined): Promise<string> {
  const worker = join(folder, 'worker.js')
  const document = {
    origins: { old: { url }, new: { url: url.replace('127.0.0.1', 'localhost') } },
    routes: [
      {
        path: '/*',
        ...(flag ? { flag: 'f', origins: { on: 'new', off: 'old' }, rescue: false } : { origin: 'old' }),
      },
    ],
    flags: flag ? { f: flag } : {},
  }
  await buildWorker({ outfile: worker, document: JSON.stringify(document) })
  const gate = await startPlainWorkerd({ isolates: 1, kvPort: kv.port, worker })
  closers.unshift(gate.close)
  return gate.urls[0] ?? ''
}

/** What is said to shared caches is taken away on routes with a flag: docs/invisible.md. */
const MEANT = /header (Cache-Control is .*, not ".*s-maxage|Surrogate-Control is "null")/

/** Cases that pass through the passthrough and not through the gate, with what is said of them. */
function lostCases(bare: Results, gated: Results, kinds: Kinds): { id: string; kind: string; why: string }[] {
  return Object.entries(bare).flatMap(([id, result]) => {
    const through = gated[id]
    if (result !== true || through === true) return []
    return [{ id, kind: kinds[id] ?? '', why: through ? through.join(': ') : 'not run' }]
  })
}

try {
  const suite = await fetchSuite(folder)
  const server = await startSuiteServer(suite, port)
  closers.unshift(async () => void server.kill())
  const passthrough = await startPassthrough(url)
  closers.unshift(passthrough.close)
  const bare = await runSuite(suite, passthrough.url)
  const passed = Object.values(bare.results).filter((result) => result === true).length
  console.log(`through a bare Worker: ${passed} of ${Object.keys(bare.results).length} cases pass`)
  for (const [way, flag] of Object.entries(WAYS)) {
    const gated = await runSuite(suite, await startGate(flag), flag !== undefined)
    const lost = lostCases(bare.results, gated.results, bare.kinds)
    const isMeant = ({ why }: { why: string }) => flag !== undefined && MEANT.test(why)
    const meant = lost.filter(isMeant).length
    const others = lost.filter((each) => !isMeant(each))
    console.log(
      `through the gate, ${way}: ${others.length} cases lost, ${meant} differ because no shared cache may keep the answer`,
    )
    for (const { id, kind, why } of others) console.log(`  ${id} (${kind}): ${why}`)
    if (others.some(({ kind }) => kind === 'required')) process.exitCode = 1
  }
} finally {
  for (const close of closers) await close()
}
