/** The workerd process behind a gate, as the system sees it. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { eventually } from './eventually.ts'

const run = promisify(execFile)

/** Process id of the workerd that listens for the gate at this URL; undefined while there is none. */
export async function workerdOf(gateUrl: string): Promise<number | undefined> {
  const { host } = new URL(gateUrl)
  const { stdout } = await run('ps', ['-A', '-ww', '-o', 'pid=,args='], { maxBuffer: 1e8 })
  const line = stdout
    .split('\n')
    .find((each) => each.includes('workerd') && each.includes(`--socket-addr=entry=${host}`))
  return line === undefined ? undefined : Number.parseInt(line.trim(), 10)
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
