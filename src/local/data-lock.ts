/**
 * One gate to a data folder: a second one would put its own origins into the shared document. The folder holds a note
 * with the gate's process, its runtime's process and its URL. A gate that is ended by force (`kill -9`) leaves its note
 * and its runtime, which keeps the port and the state: the next gate in the folder ends it.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LocalGate } from './local-gate.ts'

type Holder = { pid: number; runtimePid: number | undefined; url: string }

const ANSWER_TIMEOUT_MS = 1_000
/** A gate that was just told to end needs a moment; a restart waits for it. */
const PATIENCE_MS = 3_000
const LOOK_EVERY_MS = 100

/** Throws when another gate keeps working in the folder. Ends the runtime of one that was killed. */
export async function refuseSharing(dataDir: string): Promise<void> {
  const untilMs = Date.now() + PATIENCE_MS
  for (;;) {
    const holder = await readHolder(noteIn(dataDir))
    if (holder === undefined || !(await answers(holder.url))) return
    if (!isRunning(holder.pid)) return endRuntime(holder)
    if (Date.now() > untilMs) throw new DataInUse(sharingRefused(holder, dataDir))
    await sleep(LOOK_EVERY_MS)
  }
}

/** Another gate works in the folder. */
export class DataInUse extends Error {}

function sharingRefused(holder: Holder, dataDir: string): string {
  return (
    `Cannot start: the gate on ${holder.url} (process ${holder.pid}) keeps its state in ${dataDir}. ` +
    'Stop it, or choose another folder and port: --data DIR --port 0'
  )
}

/** Notes in the folder that a gate works there; returns what takes the note back. */
export async function holdDataDir(dataDir: string, gate: LocalGate): Promise<() => Promise<void>> {
  const note = noteIn(dataDir)
  const write = async () => {
    const holder: Holder = { pid: process.pid, runtimePid: gate.runtimePid(), url: gate.url }
    await writeFile(note, JSON.stringify(holder))
  }
  await mkdir(dataDir, { recursive: true })
  await write()
  gate.onRestart(() => void write())
  return () => rm(note, { force: true })
}

function noteIn(dataDir: string): string {
  return join(dataDir, 'sluice-gate.json')
}

async function readHolder(note: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(note, 'utf8')) as Holder
  } catch {
    // No note, or one whose gate died while writing it.
    return undefined
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** The runtime still answers, so its process id has not been given to another process. */
function endRuntime({ runtimePid }: Holder): void {
  if (runtimePid !== undefined && isRunning(runtimePid)) process.kill(runtimePid, 'SIGKILL')
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/__sluice/health`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })
    return response.ok
  } catch {
    return false
  }
}
