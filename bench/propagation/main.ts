/**
 * `npm run bench:propagation`: how long a closed flag goes on serving. Several isolates of the built Worker in plain
 * workerd share the Durable Objects; each gets steady traffic; the clock runs from the moment the change is asked for
 * until the last answer that still comes from the closed origin, of any isolate.
 *
 *     npm run bench:propagation -- [--quick] [--json] [--isolates N] [--rate N] [--only NAME]
 */
import { resolve } from 'node:path'
import { createAdminClient } from '../../src/contract/client.ts'
import { buildWorker } from '../../src/local/build/build-worker.ts'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'
import { startNamedOrigin } from '../../test-kit/origins/named-origin.ts'
import { emit } from '../../test-kit/report/emit.ts'
import { scriptArgs } from '../../test-kit/script/script-args.ts'
import { startTraffic } from '../../test-kit/traffic/request-loop.ts'
import { startKvService } from '../../test-kit/workerd/kv-service.ts'
import { ADMIN_TOKEN, startPlainWorkerd } from '../../test-kit/workerd/plain-workerd.ts'
import { type PropagationResult, spreadOf, toMarkdown } from './report.ts'
import { FLAG, type GateHandle, SCENARIOS, type Scenario } from './scenarios.ts'

const { values: options } = scriptArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    isolates: { type: 'string', default: '4' },
    /** Requests per second to each isolate. */
    rate: { type: 'string', default: '40' },
    /** Name of the one scenario to measure. */
    only: { type: 'string' },
  },
})

/** What the gate itself says of a closing: from the moment it was recorded to the slowest isolate. */
type Report = { sinceMs: number; slowestMs: number }
/**
 * One closing: the last answer of the closed origin since it was asked for, and, where the gate reports a figure, that
 * figure and the last answer counted from the same moment.
 */
type Measured = { lastAnswerMs: number; reported: { byGateMs: number; seenMs: number } | null }

const isolates = Number(options.isolates)
const kv = await startKvService()
const [old, fresh] = await Promise.all([startNamedOrigin('old'), startNamedOrigin('new')])
kv.values.set('config', JSON.stringify(gateDocument()))
const outfile = resolve(PROJECT_ROOT, 'dist/bench-worker.js')
await buildWorker({ outfile })
const workerd = await startPlainWorkerd({ isolates, kvPort: kv.port, worker: outfile })
const url = workerd.urls[0] ?? ''
const admin = createAdminClient({ baseUrl: url, token: ADMIN_TOKEN })
const traffic = startTraffic(workerd.urls, Number(options.rate))
try {
  await until(() => traffic.allServe('new'), 'every isolate serves the new origin', 60_000)
  const results = []
  for (const scenario of SCENARIOS.filter(({ name }) => name === (options.only ?? name)))
    results.push({ scenario, measured: await measure(scenario, { admin, kv, url }) })
  emit(resultOf(results), toMarkdown, options.json)
} finally {
  await traffic.stop()
  await Promise.all([workerd.close(), kv.close(), old.close(), fresh.close()])
}

async function measure(scenario: Scenario, gate: GateHandle): Promise<Measured[]> {
  const measured: Measured[] = []
  const repeats = scenario.repeats[options.quick ? 'quick' : 'full']
  for (let repeat = 0; repeat < repeats; repeat++) {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${scenario.name} ${repeat + 1}/${repeats}`)
    const startedMs = performance.now()
    const epoch = await scenario.close(gate)
    await until(
      () => traffic.allServe('old'),
      `${scenario.name}: every isolate serves the old origin`,
      scenario.deadlineMs,
    )
    const lastMs = Math.max(...workerd.urls.map((_, isolate) => traffic.lastFrom(isolate, 'new')))
    const own = await reported(epoch)
    measured.push({
      lastAnswerMs: Math.max(0, lastMs - startedMs),
      reported: own && {
        byGateMs: own.slowestMs,
        seenMs: Math.max(0, performance.timeOrigin + lastMs - own.sinceMs),
      },
    })
    await scenario.open(gate)
    await until(
      () => traffic.allServe('new'),
      `${scenario.name}: every isolate serves the new origin again`,
      90_000,
    )
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  return measured
}

/** What `sluice kill --wait` says. */
async function reported(epoch: number | undefined): Promise<Report | null> {
  if (epoch === undefined) return null
  let report: Report | null = null
  await until(
    async () => {
      const { since, slowestMs, converged, ...answer } = await admin.call('getConvergence', {
        query: { epoch: String(epoch) },
      })
      if (since !== null && slowestMs !== null) report = { sinceMs: Date.parse(since), slowestMs }
      return converged && answer.isolates.converged >= isolates
    },
    'the gate reports that every isolate has it',
    30_000,
  )
  return report
}

function resultOf(
  results: readonly { scenario: Scenario; measured: readonly Measured[] }[],
): PropagationResult {
  const rows = results.map(({ scenario: { name }, measured }) => {
    const seen = measured.map(({ lastAnswerMs }) => lastAnswerMs)
    const said = measured.flatMap(({ reported: both }) => (both === null ? [] : [both]))
    const compared = said.length > 0 && {
      byGate: spreadOf(said.map(({ byGateMs }) => byGateMs)),
      seen: spreadOf(said.map(({ seenMs }) => seenMs)),
      gateTooEarlyMs: Math.max(...said.map(({ byGateMs, seenMs }) => Math.round(seenMs - byGateMs))),
    }
    return { name, repeats: seen.length, lastAnswer: spreadOf(seen), reported: compared || null }
  })
  const { requests, failures } = traffic
  const mode = options.quick ? 'quick' : 'full'
  return { mode, isolates, rate: Number(options.rate), requests, failures, rows }
}

function gateDocument() {
  return {
    origins: { old: { url: old.url }, new: { url: fresh.url } },
    context: { targetingKey: [{ header: 'x-user-id' }] },
    routes: [{ path: '/*', flag: FLAG, origins: { on: 'new', off: 'old' } }],
    flags: {
      [FLAG]: { variants: { on: true, off: false }, off: 'off', rules: [{ serve: 'on', percentage: 100 }] },
    },
  }
}

async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  deadlineMs: number,
): Promise<void> {
  const endMs = performance.now() + deadlineMs
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`Waited ${deadlineMs} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
