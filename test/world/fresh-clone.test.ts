/** A fresh clone of the repository, with any Node that the machine has. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'
import { eventually } from '../e2e/harness/eventually.ts'

const run = promisify(execFile)
/** Nothing of this project's own node_modules, and nothing that npm told the test. */
const env = Object.fromEntries(
  Object.entries(process.env)
    .filter(([name]) => !/^(npm_|NODE|VITEST|VITE|TEST$|ADMIN_TOKEN|SIGNING_KEY)/i.test(name))
    .map(([name, value]) => [name, name === 'PATH' ? pathOfMachine(value ?? '') : value]),
)

function pathOfMachine(path: string): string {
  const own = (folder: string) => folder.includes(join('node_modules', '.bin'))
  return path
    .split(delimiter)
    .filter((folder) => !own(folder))
    .join(delimiter)
}

// One story: the last test looks at what the others left.
describe('a fresh clone', { shuffle: false }, () => {
  let folder: string
  let gate: ChildProcess | undefined
  let output = ''

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-clone-'))
    await run('git', ['clone', '--quiet', PROJECT_ROOT, folder])
  })
  afterAll(async () => {
    gate?.kill('SIGTERM')
    if (gate !== undefined && gate.exitCode === null) await new Promise((done) => gate?.once('close', done))
    await rm(folder, { recursive: true, force: true })
  })

  it('serves a page of an origin after npm install and npm start', async () => {
    await run('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder, env, maxBuffer: 1e8 })
    gate = spawn('npm', ['start', '--', '--port', '0'], { cwd: folder, env, stdio: 'pipe' })
    for (const stream of [gate.stdout, gate.stderr]) {
      stream?.on('data', (chunk) => {
        output += chunk
      })
    }
    const url = await eventually(
      'it is ready',
      () => {
        if (gate?.exitCode !== null) throw new Error(output)
        return /^sluice ready on (\S+)$/m.exec(output)?.[1]
      },
      { deadlineMs: 120_000 },
    )
    const page = await fetch(url)
    expect(page.status).toBe(200)
    expect(await page.text()).toMatch(/This is the (old|new) shop/)
  }, 600_000)

  it('is as it was in the repository: nothing that is tracked has changed', async () => {
    expect((await run('git', ['status', '--porcelain'], { cwd: folder })).stdout).toBe('')
  })
})
