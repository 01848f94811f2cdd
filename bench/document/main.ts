/**
 * `npm run bench:document`: what a gate document costs an isolate: reading and compiling it, the memory that stays,
 * and how long a Worker takes from its start to the first answer, for documents of several sizes.
 *
 *     npm run bench:document -- [--quick] [--json]
 */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { compileSnapshot } from '../../src/core/config/compile/snapshot.ts'
import { parseDocument } from '../../src/core/config/parse/parse.ts'
import { buildWorker } from '../../src/local/build/build-worker.ts'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'
import { startStaticOrigin } from '../../test-kit/origins/child-origin.ts'
import { emit } from '../../test-kit/report/emit.ts'
import { percentile } from '../../test-kit/report/percentiles.ts'
import { scriptArgs } from '../../test-kit/script/script-args.ts'
import { bigDocument } from '../../test-kit/simulation/big-document.ts'
import { startKvService } from '../../test-kit/workerd/kv-service.ts'
import { startPlainWorkerd } from '../../test-kit/workerd/plain-workerd.ts'
import { type DocumentResult, toMarkdown } from './report.ts'
import { startUpCpuMs } from './start-up.ts'

const { values: options } = scriptArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
})
const SIZES = [10, 1_000, 5_000, 10_000]
const ROUTES = 100
const REPEATS = options.quick ? 3 : 9

const worker = resolve(PROJECT_ROOT, 'dist/bench-worker.js')
await buildWorker({ outfile: worker })
const bundleBytes = gzipSync(await readFile(worker), { level: 9 }).length
const startUpMs = await startUpCpuMs(worker, REPEATS)
const origin = await startStaticOrigin()
const rows: DocumentResult['rows'] = []
try {
  for (const flags of SIZES) rows.push(await measure(flags))
} finally {
  origin.close()
}
emit(
  { mode: options.quick ? 'quick' : 'full', repeats: REPEATS, bundleBytes, startUpMs, rows },
  toMarkdown,
  options.json,
)

async function measure(flags: number): Promise<DocumentResult['rows'][number]> {
  const text = JSON.stringify(bigDocument({ flags, routes: Math.min(flags, ROUTES), origin: origin.url }))
  const times = Array.from({ length: REPEATS }, () => timesOf(text))
  const starts: number[] = []
  for (let repeat = 0; repeat < REPEATS; repeat++) starts.push(await firstAnswerMs(text))
  return {
    flags,
    bytes: text.length,
    parseMs: percentile(
      times.map(({ parseMs }) => parseMs),
      0.5,
    ),
    compileMs: percentile(
      times.map(({ compileMs }) => compileMs),
      0.5,
    ),
    keptBytes: keptBytesOf(text),
    firstAnswerMs: percentile(starts, 0.5),
  }
}

function timesOf(text: string): { parseMs: number; compileMs: number } {
  const start = process.cpuUsage()
  const parsed = parseDocument(text)
  const parsing = process.cpuUsage(start)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems.slice(0, 3)))
  compileSnapshot(parsed.value)
  const both = process.cpuUsage(start)
  const parseMs = (parsing.user + parsing.system) / 1e3
  return { parseMs, compileMs: (both.user + both.system) / 1e3 - parseMs }
}

/** Growth of the heap by one compiled document, after collections. */
function keptBytesOf(text: string): number {
  const growths = Array.from({ length: REPEATS }, () => {
    globalThis.gc?.()
    const before = process.memoryUsage().heapUsed
    const kept = snapshotOf(text)
    globalThis.gc?.()
    const growth = process.memoryUsage().heapUsed - before
    if (kept.flags.size === 0) throw new Error('The document has no flags')
    return growth
  })
  return percentile(growths, 0.5)
}

function snapshotOf(text: string) {
  const parsed = parseDocument(text)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems.slice(0, 3)))
  return compileSnapshot(parsed.value)
}

async function firstAnswerMs(text: string): Promise<number> {
  const kv = await startKvService()
  kv.values.set('config', text)
  const startedMs = performance.now()
  const workerd = await startPlainWorkerd({ isolates: 1, kvPort: kv.port, worker })
  try {
    const response = await fetch(`${workerd.urls[0]}/`)
    await response.arrayBuffer()
    const elapsedMs = performance.now() - startedMs
    if (!response.ok) throw new Error(`The gate answered ${response.status}`)
    return elapsedMs
  } finally {
    await Promise.all([workerd.close(), kv.close()])
  }
}
