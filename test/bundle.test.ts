import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { buildWorker } from '../src/local/build/build-worker.ts'

/** DESIGN's budget for the Worker without dashboard assets. */
const MOST_GZIPPED_BYTES = 120_000
/** The whole bundle has this many inputs worth naming when it has become too large. */
const NAMED_INPUTS = 12

test('the Worker stays within its budget of 120 kB, compressed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bundle-'))
  try {
    const outfile = join(folder, 'worker.js')
    const { inputs } = await buildWorker({ outfile })
    const gzippedBytes = gzipSync(await readFile(outfile), { level: 9 }).length
    expect(gzippedBytes, largest(inputs)).toBeLessThanOrEqual(MOST_GZIPPED_BYTES)
    // A bundle that lost its content would pass the line above.
    expect(inputs.some((input) => input.file.endsWith('src/core/decision/decide.ts'))).toBe(true)
  } finally {
    await rm(folder, { recursive: true })
  }
})

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
