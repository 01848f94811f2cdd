/** One gate to a data folder, also of two that start at once, and whatever became of the one before. */

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { DataInUse, holdDataDir } from '../../../src/local/data-lock.ts'
import type { LocalGate } from '../../../src/local/local-gate.ts'
import { folder } from '../gate/transcript.ts'

const NOTE = 'sluice-gate.json'
/** No process has it. */
const GONE = 2 ** 30
const gateAt = (url: string, runtimePid: number | undefined) =>
  ({ url, runtimePid: () => runtimePid, onRestart: () => undefined }) as unknown as LocalGate
const leave = (dir: string, holder: object) => writeFile(join(dir, NOTE), JSON.stringify(holder))

it('of gates that start at once one gets the folder, and the others hear which process has it', async () => {
  const dir = await folder()
  const starts = await Promise.allSettled(Array.from({ length: 5 }, () => holdDataDir(dir, 0)))
  expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  for (const start of starts)
    if (start.status === 'rejected')
      expect([start.reason instanceof DataInUse, String(start.reason)]).toEqual([
        true,
        expect.stringContaining(`another gate (process ${process.pid}) is starting with its state in ${dir}`),
      ])
  expect((await readdir(dir)).filter((name) => name.startsWith(NOTE))).toEqual([NOTE])
})

it('a folder is free again once its gate has ended, or could not start', async () => {
  const dir = await folder()
  const hold = await holdDataDir(dir, 0)
  await hold.release()
  await expect(holdDataDir(dir, 0)).resolves.toBeDefined()
})

it('a gate that works keeps its folder, also while it is too busy to answer', async () => {
  const dir = await folder()
  const server = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const hold = await holdDataDir(dir, 0)
  await hold.started(gateAt(url, process.pid))
  await expect(holdDataDir(dir, 0)).rejects.toThrow(
    `the gate on ${url} (process ${process.pid}) keeps its state`,
  )
  await new Promise((resolve) => server.close(resolve))
  await expect(holdDataDir(dir, 0)).rejects.toThrow(DataInUse)
})

it.each<[string, object]>([
  ['was killed while it started', { pid: GONE, startedAtMs: Date.now() }],
  ['began to start long ago, with a process id that is another’s now', { pid: process.pid, startedAtMs: 0 }],
  [
    'was killed, and its runtime too',
    { pid: GONE, startedAtMs: 0, url: 'http://127.0.0.1:1', runtimePid: GONE },
  ],
  ['of an earlier release was killed', { pid: GONE, url: 'http://127.0.0.1:1' }],
])('the folder of a gate that %s is taken over', async (_, holder) => {
  const dir = await folder()
  await leave(dir, holder)
  await holdDataDir(dir, 0)
  expect(JSON.parse(await readFile(join(dir, NOTE), 'utf8'))).toMatchObject({ pid: process.pid })
})

it('a note that can not be read holds nothing', async () => {
  const dir = await folder()
  await writeFile(join(dir, NOTE), '{"pid":')
  await expect(holdDataDir(dir, 0)).resolves.toBeDefined()
})
