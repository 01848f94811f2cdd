/** The package of this repository, as npm packs it. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { inject } from 'vitest'
import { PROJECT_ROOT } from '../../../src/local/build/project-root.ts'
import { eventually } from './eventually.ts'

const LOCK = join(
  tmpdir(),
  `sluice-pack-${createHash('sha256').update(PROJECT_ROOT).digest('hex').slice(0, 16)}`,
)
const PATIENCE_MS = 200_000

/** The path of the tarball, which is built and packed once in a run. One at a time: a build empties dist first. */
export async function packed(): Promise<string> {
  const folder = dirname(inject('built').worker)
  const tarballs = async () => (await readdir(folder)).filter((name) => name.endsWith('.tgz'))
  await eventually('no one else packs', takeLock, { deadlineMs: PATIENCE_MS, everyMs: 200 })
  try {
    const args = ['pack', '--silent', '--pack-destination', folder]
    if ((await tarballs()).length === 0) await promisify(execFile)('npm', args, { cwd: PROJECT_ROOT })
    return join(folder, (await tarballs())[0] ?? '')
  } finally {
    await rm(LOCK)
  }
}

async function takeLock(): Promise<boolean> {
  try {
    await writeFile(LOCK, String(process.pid), { flag: 'wx' })
    return true
  } catch {
    const holder = Number(await readFile(LOCK, 'utf8').catch(() => 'gone'))
    // A test that was killed has left its lock behind.
    if (holder > 0 && !isAlive(holder)) await rm(LOCK, { force: true })
    return false
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
