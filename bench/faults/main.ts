/**
 * `npm run bench:faults`: every fault under load. Visitors come steadily; the fault begins; then the canary breaks (it
 * answers 500); then the fault ends. No visitor may see an error of the gate's making, and the flag must be closed.
 *
 *     npm run bench:faults -- [--quick] [--json] [--only TEXT] [--rate N] [--write]
 *
 * Exits 1 where a visitor saw an error, or a rollback was lost.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { buildWorker } from '../../src/local/build/build-worker.ts'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'
import { emit, progress, table } from '../../test-kit/report/emit.ts'
import { percentile } from '../../test-kit/report/percentiles.ts'
import { writeSection } from '../../test-kit/report/section.ts'
import { scriptArgs } from '../../test-kit/script/script-args.ts'
import { type Load, type Shot, startLoad } from '../../test-kit/traffic/steady-load.ts'
import { type Rig, startRig } from './rig.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'

const { values: options } = scriptArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    /** Only faults whose name has this in it. */
    only: { type: 'string', default: '' },
    /** Requests per second. */
    rate: { type: 'string', default: '100' },
    /** Puts the figures into docs/reliability.md. */
    write: { type: 'boolean', default: false },
  },
})

type Row = {
  fault: string
  requests: number
  /** Answers of 5xx, or none, or none but what `breaksAnswers` expects. */
  failed: number
  /** What visitors got who got no answer, for finding out why. */
  said: readonly string[]
  broken: number
  p50Ms: number
  p99Ms: number
  /** From the moment that the canary broke, or the fault ended, whichever came later, to its last request. */
  closedAfterMs: number | null
}

/** Asking costs the gate something too. */
const ASKED_EVERY_MS = 500
const pauseMs = options.quick ? 1_000 : 3_000
const wait = (ms: number) => new Promise((done) => setTimeout(done, ms))

async function measure(scenario: Scenario, worker: string): Promise<Row> {
  const rig = await startRig(worker, scenario.document)
  const load = startLoad(rig.workerd.urls, Number(options.rate))
  try {
    // Warm: the Controller knows the flag, and some outcomes have been counted.
    while ((await rig.state()) === undefined) await wait(ASKED_EVERY_MS)
    await wait(pauseMs)
    await scenario.begin(rig)
    await wait(pauseMs)
    rig.canary.isBroken = true
    await wait(pauseMs)
    const awayFromMs = performance.now()
    await scenario.end?.(rig)
    const endedMs = performance.now()
    const isClosed = await closes(rig)
    await load.stop()
    const answered = scenario.isAway ? outside(load, awayFromMs, endedMs) : load.shots
    return rowOf(scenario, answered, isClosed ? Math.max(0, rig.canary.lastAskedMs - endedMs) : null)
  } finally {
    await load.stop()
    await rig.close()
  }
}

/** Whether the flag closes within a minute, and the canary gets no more requests. */
async function closes(rig: Rig): Promise<boolean> {
  const untilMs = performance.now() + 60_000
  while (performance.now() < untilMs) {
    if ((await rig.state()) === 'rolled-back' && performance.now() - rig.canary.lastAskedMs > 2_000)
      return true
    await wait(ASKED_EVERY_MS)
  }
  return false
}

/** Requests that did not meet the time in which there was no gate. */
function outside({ shots }: Load, fromMs: number, toMs: number): Shot[] {
  return shots.filter(({ sentMs, tookMs }) => sentMs + tookMs < fromMs || sentMs > toMs)
}

function rowOf(scenario: Scenario, shots: readonly Shot[], closedAfterMs: number | null): Row {
  const broken = shots.filter(({ isBroken, status }) => isBroken && status === 200).length
  const failed = shots.filter(({ status, isBroken }) => status >= 500 || (isBroken && status !== 200)).length
  const isFailed = ({ status, isBroken }: Shot) => status >= 500 || isBroken
  const said = shots.filter(isFailed).map(({ status, text }) => `${status} ${text.slice(0, 80).trim()}`)
  const times = shots.map(({ tookMs }) => tookMs)
  return {
    fault: scenario.name,
    requests: shots.length,
    failed: failed + (scenario.breaksAnswers ? 0 : broken),
    said: [...new Set(said)].slice(0, 5),
    broken,
    p50Ms: Math.round(percentile(times, 0.5)),
    p99Ms: Math.round(percentile(times, 0.99)),
    closedAfterMs: closedAfterMs === null ? null : Math.round(closedAfterMs),
  }
}

/** How many processes wanted to run, on average over a minute. */
const loadNow = () => Math.round((loadavg()[0] ?? 0) * 10) / 10

type Result = {
  mode: string
  processors: number
  load: { before: number; after: number }
  rows: readonly Row[]
}

function toMarkdown({ rows, load, processors }: Result): string {
  const head = ['fault', 'requests', 'failed', 'broken off', 'p50', 'p99', 'closed after']
  const cells = rows.map(({ fault, requests, failed, broken, p50Ms, p99Ms, closedAfterMs }) => [
    ...[fault, requests, failed, broken, `${p50Ms} ms`, `${p99Ms} ms`],
    closedAfterMs === null ? 'never' : `${(closedAfterMs / 1_000).toFixed(1)} s`,
  ])
  const machine = `One run at ${options.rate} requests a second, on ${processors} processors with a load of ${load.before} when it began and ${load.after} when it ended.`
  return `${table(head, cells)}\n\n${machine}`
}

const folder = await mkdtemp(join(tmpdir(), 'sluice-faults-'))
const worker = join(folder, 'worker.js')
await buildWorker({ outfile: worker, entry: resolve(PROJECT_ROOT, 'bench/faults/chaos.mjs') })
try {
  const chosen = SCENARIOS.filter(({ name }) => name.includes(options.only))
  const rows: Row[] = []
  const before = loadNow()
  for (const scenario of options.quick ? chosen.filter((_, index) => index % 4 === 0) : chosen) {
    progress(scenario.name)
    rows.push(await measure(scenario, worker))
  }
  progress('')
  const load = { before, after: loadNow() }
  const result = { mode: options.quick ? 'quick' : 'full', processors: availableParallelism(), load, rows }
  emit(result, toMarkdown, options.json)
  if (options.write) await writeSection('docs/reliability.md', 'bench:faults', toMarkdown(result))
  if (rows.some(({ failed, closedAfterMs }) => failed > 0 || closedAfterMs === null)) process.exitCode = 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
