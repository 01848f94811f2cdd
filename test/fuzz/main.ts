/**
 * `npm run fuzz`: random inputs for everything that others write and the gate reads, by the thousand in a running
 * workerd. Exits 1 at the first input that breaks something, and says which.
 *
 *     npm run fuzz -- [INPUTS] [TARGET] [--seed N] [--log FILE] [--write]
 *
 * A million inputs for each target unless said otherwise. Each run adds a line for each target to the log, so that a
 * long one can be done in pieces, with seeds of their own; `--write` puts the sums into docs/reliability.md.
 */
import { appendFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { buildWorker } from '../../src/local/build/build-worker.ts'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'
import { progress, table } from '../../test-kit/report/emit.ts'
import { writeSection } from '../../test-kit/report/section.ts'
import { scriptArgs } from '../../test-kit/script/script-args.ts'
import { cpuTimeMs } from '../../test-kit/workerd/cpu.ts'
import { type KvService, startKvService } from '../../test-kit/workerd/kv-service.ts'
import { type PlainWorkerd, startPlainWorkerd } from '../../test-kit/workerd/plain-workerd.ts'
import { RAW, sendRaw } from './raw.ts'

const { values: options, positionals } = scriptArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    log: { type: 'string', default: 'build/fuzz.jsonl' },
    write: { type: 'boolean', default: false },
  },
})
const [inputs = '1000000', only = ''] = positionals
const log = resolve(PROJECT_ROOT, options.log)

/** Inputs of one request to workerd: seconds of work. */
const AT_ONCE = 2_000
/** Each way over a socket to a gate and on to an origin costs as much as ten others. */
const RAW_SHARE = 0.1

export type Line = {
  target: string
  seed: number
  inputs: number /** Of the processor, in workerd: others use the machine as well. */
  seconds: number
  slowestMs: number
}
type Found = { slowestMs: number } | { failure: string }

/** What was done is noted also where something ends the run early. */
async function runTarget(target: string, workerd: PlainWorkerd): Promise<void> {
  const [url] = workerd.urls
  const [all, seed] = [Number(inputs), Number(options.seed)]
  const startedMs = cpuTimeMs(workerd.pid)
  let seconds = 0
  let slowestMs = 0
  let done = 0
  try {
    while (done < all) {
      const count = Math.min(AT_ONCE, all - done)
      // Runs of neighbouring seeds must not overlap.
      const query = { target, seed: String((seed * 1_000_003 + done) | 0), inputs: String(count) }
      const found = (await (await fetch(`${url}/?${new URLSearchParams(query)}`)).json()) as Found
      if ('failure' in found) throw new Error(`${target}: ${found.failure}`)
      slowestMs = Math.max(slowestMs, found.slowestMs)
      seconds = (cpuTimeMs(workerd.pid) - startedMs) / 1_000
      done += count
      progress(`${target}: ${done}`)
    }
  } finally {
    if (done > 0) await note({ target, seed, inputs: done, seconds, slowestMs })
  }
}

async function runAll(folder: string, kv: KvService): Promise<void> {
  const worker = join(folder, 'worker.js')
  await buildWorker({ outfile: worker, entry: resolve(PROJECT_ROOT, 'test/worker/fuzz/entry.ts') })
  const workerd = await startPlainWorkerd({ isolates: 1, kvPort: kv.port, worker })
  try {
    const targets = (await (await fetch(workerd.urls[0] ?? '')).json()) as string[]
    for (const target of targets.filter((name) => name.includes(only))) await runTarget(target, workerd)
  } finally {
    await workerd.close()
  }
  if (!RAW.includes(only)) return
  const count = Math.ceil(Number(inputs) * RAW_SHARE)
  await note({ target: RAW, ...(await sendRaw(count, Number(options.seed), folder, kv)) })
}

async function note(line: Line): Promise<void> {
  await mkdir(dirname(log), { recursive: true })
  await appendFile(log, `${JSON.stringify(line)}\n`)
  progress('')
  console.log(`${line.target}: ${line.inputs} inputs in ${line.seconds.toFixed(1)} s, seed ${line.seed}`)
}

/** What the log holds, a row for each target. */
function toMarkdown(lines: readonly Line[]): string {
  const rows = [...Map.groupBy(lines, ({ target }) => target)].map(([target, runs]) => {
    const [count, seconds] = [sumOf(runs, 'inputs'), sumOf(runs, 'seconds')]
    const slowestMs = Math.max(...runs.map((run) => run.slowestMs))
    return [
      ...[
        target,
        count.toLocaleString('en'),
        Math.round(seconds),
        `${Math.round((seconds / count) * 1e6)} µs`,
      ],
      ...[
        slowestMs === 0 || target === RAW ? '–' : `${slowestMs.toFixed(1)} ms`,
        runs.map(({ seed }) => seed).join(', '),
      ],
    ]
  })
  return table(['target', 'inputs', 'CPU seconds', 'each', 'the slowest', 'seeds'], rows)
}

const sumOf = (runs: readonly Line[], key: 'inputs' | 'seconds') =>
  runs.reduce((sum, run) => sum + run[key], 0)

const folder = await mkdtemp(join(tmpdir(), 'sluice-fuzz-'))
const kv = await startKvService()
try {
  if (Number(inputs) > 0) await runAll(folder, kv)
  const lines = (await readFile(log, 'utf8')).trim().split('\n')
  if (options.write)
    await writeSection(
      'docs/reliability.md',
      'fuzz',
      toMarkdown(lines.map((line) => JSON.parse(line) as Line)),
    )
} catch (error) {
  progress('')
  const { message, cause } = error as Error
  console.error(cause === undefined ? message : `${message}\n${cause}`)
  process.exitCode = 1
} finally {
  await kv.close()
  await rm(folder, { recursive: true, force: true })
}
