/**
 * One gate to a data folder: a second one would put its own origins into the shared document and take them away when
 * it ends. The folder holds the process id and URL of the gate that works there; a gate that died without tidying up
 * no longer answers, and its note is overwritten.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { endOrphan } from './orphan.ts'

type Holder = { pid: number; url: string }

const ANSWER_TIMEOUT_MS = 1_000
/** A gate that was just asked to end needs a moment; whoever restarts one need not wait for it. */
const PATIENCE_MS = 3_000
const LOOK_EVERY_MS = 100

/** Throws when another gate works in the folder, and goes on doing so. Ends what is left of one that was killed. */
export async function refuseSharing(dataDir: string): Promise<void> {
  const untilMs = Date.now() + PATIENCE_MS
  for (;;) {
    const holder = await readHolder(noteIn(dataDir))
    if (holder === undefined) return
    if (!isRunning(holder.pid)) return await endOrphan(holder.url)
    if (!(await answers(holder.url))) return
    if (Date.now() > untilMs) throw new Error(sharingRefused(holder, dataDir))
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

function sharingRefused(holder: Holder, dataDir: string): string {
  return (
    `Cannot start: the gate on ${holder.url} (process ${holder.pid}) keeps its state in ${dataDir}. ` +
    'Stop it, or choose another folder: npm start -- --port 0 --data DIR'
  )
}

/** Says in the folder that a gate works here; gives what takes that back. */
export async function holdDataDir(dataDir: string, url: string): Promise<() => Promise<void>> {
  const note = noteIn(dataDir)
  await mkdir(dataDir, { recursive: true })
  await writeFile(note, JSON.stringify({ pid: process.pid, url } satisfies Holder))
  return () => rm(note, { force: true })
}

function noteIn(dataDir: string): string {
  return join(dataDir, 'sluice-gate.json')
}

async function readHolder(note: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(note, 'utf8')) as Holder
  } catch {
    // None, or one that was being written when its gate died.
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

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/__sluice/health`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })
    return response.ok
  } catch {
    return false
  }
}
