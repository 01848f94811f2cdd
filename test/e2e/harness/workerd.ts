/** The workerd process behind a gate, as the system sees it. */
import { execFile } from 'node:child_process'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { eventually } from './eventually.ts'

const run = promisify(execFile)

/** Process id of the workerd that listens for the gate at this URL; undefined while there is none. */
export async function workerdOf(gateUrl: string): Promise<number | undefined> {
  const { port } = new URL(gateUrl)
  const { stdout } = await run('ps', ['-A', '-ww', '-o', 'pid=,args='], { maxBuffer: 1e8 })
  const lines = stdout.split('\n').filter((line) => /workerd\S* serve/.test(line))
  const runtimes = lines.map((line) => Number.parseInt(line.trim(), 10))
  const listeners = process.platform === 'linux' ? await inodesOf(port) : await pidsAt(port)
  for (const pid of runtimes)
    if (listeners.has(`${pid}`) || (await sockets(pid)).some((socket) => listeners.has(socket))) return pid
  return undefined
}

/** Sockets that listen on a port, as Linux names them. */
async function inodesOf(port: string): Promise<Set<string>> {
  const rows = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/))
  const end = `:${Number(port).toString(16).toUpperCase().padStart(4, '0')}`
  const listening = rows.filter(([, local = '', , state]) => local.endsWith(end) && state === '0A')
  return new Set(listening.map((row) => `socket:[${row[9]}]`))
}

/** Processes that listen on a port, elsewhere. */
async function pidsAt(port: string): Promise<Set<string>> {
  const found = await run('lsof', ['-t', `-iTCP:${port}`, '-sTCP:LISTEN']).catch(() => ({ stdout: '' }))
  return new Set(found.stdout.split('\n').filter((line) => line !== ''))
}

/** What a process has open, as Linux names it; nothing of one that has ended. */
async function sockets(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`
  const files = await readdir(folder).catch(() => [])
  return await Promise.all(files.map((file) => readlink(join(folder, file)).catch(() => '')))
}

/** Kills workerd as a crash does, and waits until another one answers in its place. */
export async function crash(gateUrl: string): Promise<void> {
  const victim = await workerdOf(gateUrl)
  if (victim === undefined) throw new Error(`Cannot crash the gate on ${gateUrl}: no workerd listens there`)
  process.kill(victim, 'SIGKILL')
  await eventually('workerd has been started again', async () => {
    const successor = await workerdOf(gateUrl)
    if (successor === undefined || successor === victim) return false
    const health = await fetch(`${gateUrl}/__sluice/health`)
    return health.ok
  })
}

/** Memory that a process holds, in bytes. */
export async function residentBytes(pid: number): Promise<number> {
  const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)])
  return Number(stdout.trim()) * 1_024
}
