/**
 * One gate to a data folder: a second one would put its own origins into the shared document. The folder holds a note
 * with the gate's process, its runtime's process and its URL. A gate that is ended by force (`kill -9`) leaves its note
 * and its runtime, which keeps the port and the state: the next gate in the folder ends it.
 */
import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LocalGate } from './local-gate.ts'

type Holder = {
  pid: number
  /** When it began to start; a gate without a URL is still starting. */
  startedAtMs: number
} & ({ url?: never; runtimePid?: never } | { url: string; runtimePid: number | undefined })

const ANSWER_TIMEOUT_MS = 1_000
/** A gate that was just told to end needs a moment; a restart waits for it. */
const PATIENCE_MS = 3_000
const LOOK_EVERY_MS = 100
/** A gate that takes longer to start was ended, and its process id may be another's by now. */
const LONGEST_START_MS = 120_000

export type DataHold = {
  /** The gate has started: notes where it is. */
  started(gate: LocalGate): Promise<void>
  release(): Promise<void>
}

/**
 * Holds the folder for a gate that is about to start, so that of two that start at once one is refused. Ends the runtime
 * of a gate that was killed.
 *
 * @throws DataInUse when another gate keeps working in the folder
 */
export async function holdDataDir(dataDir: string, patienceMs = PATIENCE_MS): Promise<DataHold> {
  const note = noteIn(dataDir)
  const own = { pid: process.pid, startedAtMs: Date.now() }
  await mkdir(dataDir, { recursive: true })
  const untilMs = Date.now() + patienceMs
  while (!(await isTaken(note, own))) {
    const holder = await readHolder(note)
    if (holder === undefined || !(await isAtWork(holder))) await rm(note, { force: true })
    else if (Date.now() > untilMs) throw new DataInUse(sharingRefused(holder, dataDir))
    else await sleep(LOOK_EVERY_MS)
  }
  return {
    started: async (gate) => {
      const write = async () => {
        const holder: Holder = { ...own, runtimePid: gate.runtimePid(), url: gate.url }
        await writeFile(note, JSON.stringify(holder))
      }
      await write()
      gate.onRestart(() => void write())
    },
    release: () => rm(note, { force: true }),
  }
}

/** Another gate works in the folder. */
export class DataInUse extends Error {}

function sharingRefused({ url, pid }: Holder, dataDir: string): string {
  const who =
    url === undefined
      ? `another gate (process ${pid}) is starting with`
      : `the gate on ${url} (process ${pid}) keeps`
  return `Cannot start: ${who} its state in ${dataDir}. Stop it, or choose another folder and port: --data DIR --port 0`
}

/** Leaves the note where there is none; whole, so that none is ever read in part. */
async function isTaken(note: string, holder: Holder): Promise<boolean> {
  const draft = `${note}.${holder.pid}.${randomUUID()}`
  await writeFile(draft, JSON.stringify(holder))
  try {
    await link(draft, note)
    return true
  } catch (error) {
    if (isThere(error)) return false
    // A file system without links.
    return await writeFile(note, JSON.stringify(holder), { flag: 'wx' }).then(
      () => true,
      (failure: unknown) => {
        if (isThere(failure)) return false
        throw failure
      },
    )
  } finally {
    await rm(draft, { force: true })
  }
}

const isThere = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'EEXIST'

/** Whether a gate still works, or starts; the runtime of one that is gone is ended. */
async function isAtWork(holder: Holder): Promise<boolean> {
  const { pid, url, runtimePid, startedAtMs } = holder
  if (url === undefined) return isRunning(pid) && Date.now() - startedAtMs < LONGEST_START_MS
  if (await answers(url)) {
    if (isRunning(pid)) return true
    endRuntime(holder)
    return false
  }
  // A gate that is busy answers late.
  return isRunning(pid) && runtimePid !== undefined && isRunning(runtimePid)
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
