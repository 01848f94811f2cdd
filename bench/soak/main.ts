/**
 * `npm run bench:soak`: the gate under as much load as it bears, for a long time, while a new version of its document
 * is published every second. Does anybody go without an answer, does its memory grow, and do its counts agree, to the
 * request, with the origins' own log?
 *
 *     npm run bench:soak -- [--minutes N] [--connections N] [--quick] [--json] [--write]
 *
 * Exits 1 where one of these does not hold. `--write` puts the figures into docs/reliability.md.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildWorker } from '../../src/local/build/build-worker.ts'
import { emit, progress } from '../../test-kit/report/emit.ts'
import { writeSection } from '../../test-kit/report/section.ts'
import { scriptArgs } from '../../test-kit/script/script-args.ts'
import { startVisitors } from '../../test-kit/traffic/visitors.ts'
import { cpuTimeMs, residentBytes } from '../../test-kit/workerd/cpu.ts'
import { type Counts, isSound, type SoakResult, toMarkdown } from './report.ts'
import { type Rig, startRig } from './rig.ts'

const { values: options } = scriptArgs({
  options: {
    minutes: { type: 'string' },
    connections: { type: 'string', default: '16' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const lengthMs = Number(options.minutes ?? (options.quick ? 0.5 : 20)) * 60_000
const SAMPLES = 120
const EDIT_MS = 1_000
/** Longer than flushes and forwards take, back-pressure included. */
const SETTLE_MS = 60_000
const VISITORS = 10_000

const wait = (ms: number) => new Promise((done) => setTimeout(done, ms))

async function soak(rig: Rig): Promise<SoakResult> {
  const memoryMegabytes: number[] = []
  const cpuBeforeMs = cpuTimeMs(rig.pid)
  const startedMs = performance.now()
  const passedMs = () => performance.now() - startedMs
  const visitors = startVisitors(rig.urls, Number(options.connections), requestOf)
  const editor = startEditing(rig)
  while (passedMs() < lengthMs) {
    await wait(lengthMs / SAMPLES)
    memoryMegabytes.push(Math.round((residentBytes(rig.pid) / 1_048_576) * 10) / 10)
    progress(`${Math.round(passedMs() / 1_000)} s, ${visitors.answered} requests`)
  }
  const edits = await editor.stop()
  await visitors.stop()
  const tookMs = passedMs()
  const cpuMs = cpuTimeMs(rig.pid) - cpuBeforeMs
  const logged = await rig.logged()
  const counted = await settled(rig, logged)
  progress('')
  return {
    mode: options.quick ? 'quick' : 'full',
    seconds: tookMs / 1_000,
    requests: visitors.answered + visitors.failed,
    failed: visitors.failed,
    p50Ms: visitors.percentileMs(0.5),
    p99Ms: visitors.percentileMs(0.99),
    cpuShare: cpuMs / tookMs,
    ...edits,
    logged,
    counted,
    memoryMegabytes,
  }
}

function requestOf(number: number) {
  const visitor = (number * 7_919) % VISITORS
  return { path: `/page/${visitor % 100}`, headers: `X-User-Id: visitor ${visitor}\r\n` }
}

/** Publishes a version every second. */
function startEditing(rig: Rig): { stop(): Promise<{ versions: number; refusals: number }> } {
  let versions = 0
  let refusals = 0
  let editing: Promise<void> = Promise.resolve()
  const edit = async () => {
    if (await rig.publish(versions + 1).catch(() => false)) versions++
    else refusals++
  }
  const timer = setInterval(() => {
    editing = editing.then(edit)
  }, EDIT_MS)
  return {
    stop: async () => {
      clearInterval(timer)
      await editing
      return { versions, refusals }
    },
  }
}

/** What the gate has counted, once that is as much as the origins have logged, or will not be. */
async function settled(rig: Rig, logged: Counts): Promise<Counts> {
  const untilMs = performance.now() + SETTLE_MS
  for (;;) {
    const counted = await rig.counted()
    const isAll = counted.canary + counted.control >= logged.canary + logged.control
    if (isAll || performance.now() > untilMs) return counted
    await wait(500)
  }
}

const folder = await mkdtemp(join(tmpdir(), 'sluice-soak-'))
try {
  const worker = join(folder, 'worker.js')
  await buildWorker({ outfile: worker })
  const rig = await startRig(worker)
  const result = await soak(rig).finally(() => rig.close())
  emit(result, toMarkdown, options.json)
  if (options.write) await writeSection('docs/reliability.md', 'bench:soak', toMarkdown(result))
  if (!isSound(result)) process.exitCode = 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
