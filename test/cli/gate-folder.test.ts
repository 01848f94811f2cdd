import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'smol-toml'
import { expect, test } from 'vitest'
import { writeGateFiles } from '../../src/cli/document/gate-folder.ts'
import { initFiles } from '../../src/cli/document/init-files.ts'

test('a separate folder has what its wrangler.toml names: the Worker, and the dashboard', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-folder-'))
  try {
    const wishes = { name: 'mine', old: 'https://a.test', new: 'https://b.test', flag: 'f', owner: undefined }
    const files = await initFiles({ ...wishes, countries: [] }, 'id-of-mine')
    const config = parse(files['wrangler.toml'] ?? '') as {
      main: string
      assets: { directory: string }
      build?: object
    }
    // The folder has no scripts that could be run.
    expect(config.build).toBeUndefined()
    await writeGateFiles(folder, files['gate.json'] ?? '')
    expect(await readdir(join(folder, config.main, '..'))).toContain('worker.js')
    expect(await readdir(join(folder, config.assets.directory))).toContain('index.html')
  } finally {
    await rm(folder, { recursive: true })
  }
})
