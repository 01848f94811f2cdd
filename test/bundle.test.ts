import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { type BuildOptions, buildWorker, PROJECT_ROOT } from '../src/local/build/build-worker.ts'

/** The Worker without dashboard assets, after gzip. */
/** DESIGN says 140 kB; the last 70 are what people are told, outcomes, stages with limits, the limits of the plan, the Controller's questions about documents (of closed flags, named shares and commands that open others, too), ways to a canary (by off, by spellings of its host, by required flags) and what takes a flag's place, changes in words, open tabs, metrics with their ledger, judge and networks, the networks of copies, names made plain, the weeks before a flag, what keeps a document from costing more than it is long, the keys that a place has, and answers to uploads that no origin reads. */
const MOST_WHOLE_BYTES = 223_000
/** 62 kB is what it should be, and was until importers' names, copies of requests, spellings of URLs, what outlives a kill in browsers, open tabs, what edits leave of a holdback, texts in KV that wait for a person, and metrics came in. */
const MOST_REQUEST_PATH_BYTES = 83_400
/** How many inputs of a bundle to list when it has become too large. */
const NAMED_INPUTS = 12

test('the whole Worker stays within its budget of 223 kB, compressed', async () => {
  const { gzippedBytes, inputs } = await bundleOf({})
  expect(gzippedBytes, largest(inputs)).toBeLessThanOrEqual(MOST_WHOLE_BYTES)
  // A bundle that lost its content would pass the line above.
  expect(inputs.some((input) => input.file.endsWith('src/core/decision/decide.ts'))).toBe(true)
})

test('the request path alone stays within its budget of 83.4 kB, compressed', async () => {
  const { gzippedBytes, inputs } = await bundleOf({ entry: join(PROJECT_ROOT, 'src/gate/gate.ts') })
  expect(gzippedBytes, largest(inputs)).toBeLessThanOrEqual(MOST_REQUEST_PATH_BYTES)
  const files = inputs.map(({ file }) => file)
  expect(files.some((file) => file.endsWith('src/gate/gate.ts'))).toBe(true)
  expect(files.filter((file) => /src\/(?:api|durable)\//.test(file))).toEqual([])
})

test('the Worker carries neither the descriptions of its schemas nor those of its API', async () => {
  const { inputs } = await bundleOf({})
  const texts = /schema\/descriptions\.ts|contract\/(?:summaries|responses)|openapi\.json/
  expect(inputs.filter(({ file }) => texts.test(file))).toEqual([])
})

async function bundleOf(options: Pick<BuildOptions, 'entry'>) {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bundle-'))
  try {
    const outfile = join(folder, 'worker.js')
    const { inputs } = await buildWorker({ outfile, ...options })
    return { inputs, gzippedBytes: gzipSync(await readFile(outfile), { level: 9 }).length }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The largest packages and source files, one a line, in bytes before compression. */
function largest(inputs: readonly { file: string; bytes: number }[]): string {
  const sums = new Map<string, number>()
  for (const { file, bytes } of inputs) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? file
    sums.set(name, (sums.get(name) ?? 0) + bytes)
  }
  const ordered = [...sums].sort(([, a], [, b]) => b - a).slice(0, NAMED_INPUTS)
  return `largest inputs:\n${ordered.map(([name, bytes]) => `${bytes} ${name}`).join('\n')}\n`
}
