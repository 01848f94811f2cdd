/** The address that a gate on this machine listens on: loopback alone, unless `--host` names another. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { startRun } from '../../../src/local/run.ts'

/** Loopback as well, but only what listens on all addresses answers there. */
const OTHER_LOOPBACK = '127.0.0.2'

async function run(host: string | undefined) {
  const data = await mkdtemp(join(tmpdir(), 'sluice-host-'))
  onTestFinished(() => rm(data, { recursive: true, force: true }))
  const started = await startRun({
    ...{ port: 0, data, log: () => {}, env: {} },
    // No demo origin starts in the place of these.
    origins: { old: 'http://127.0.0.1:9', new: 'http://127.0.0.1:9' },
    ...(host !== undefined && { host }),
  })
  onTestFinished(() => started.close())
  const statusAt = async (hostname: string) => {
    const { port } = new URL(started.url)
    const asked = fetch(`http://${hostname}:${port}/__sluice/health`).then((response) => response.status)
    return await asked.catch(() => 'unreachable')
  }
  return { url: started.url, statusAt }
}

it('is loopback alone by default', { timeout: 60_000 }, async () => {
  const { url, statusAt } = await run(undefined)
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect([await statusAt('127.0.0.1'), await statusAt(OTHER_LOOPBACK)]).toEqual([200, 'unreachable'])
})

it('is every address with --host 0.0.0.0, and this machine is told of loopback', {
  timeout: 60_000,
}, async () => {
  const { url, statusAt } = await run('0.0.0.0')
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect([await statusAt('127.0.0.1'), await statusAt(OTHER_LOOPBACK)]).toEqual([200, 200])
})
