import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildDashboard } from '../src/local/build/build-dashboard.ts'

const MOST_GZIPPED_BYTES = 150_000

test('the dashboard stays within its budget of 150 kB in all, compressed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-dashboard-'))
  try {
    const { gzippedBytes } = await buildDashboard({ outdir: folder })
    expect(gzippedBytes).toBeLessThanOrEqual(MOST_GZIPPED_BYTES)
    // A bundle that lost its content would pass the line above.
    const files = await readdir(folder)
    expect(files.filter((name) => /^app-\w+\.(js|css)$/.test(name))).toHaveLength(2)
    expect(files).toContain('licences.txt')
    expect(files.some((name) => /^chart-\w+\.js$/.test(name))).toBe(true)
  } finally {
    await rm(folder, { recursive: true })
  }
})
