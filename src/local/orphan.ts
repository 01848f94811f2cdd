/**
 * A gate that is ended by force (`kill -9`) leaves its runtime behind: a process that nobody steers any more, with the
 * port and the state of the folder in its hands. Whoever takes over the folder ends it first.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

type Process = { pid: number; parent: number; command: string }

/** Ends the runtime that answered on `url`, if the gate that started it is gone. Does nothing where `ps` is missing. */
export async function endOrphan(url: string): Promise<void> {
  const { hostname, port } = new URL(url)
  const processes = await listProcesses()
  const alive = new Map(processes.map((each) => [each.pid, each]))
  for (const { pid, parent, command } of processes) {
    const isRuntime = /\bworkerd\b/.test(command) && command.includes(`entry=${hostname}:${port} `)
    // A runtime that belongs to a gate has that for a parent: Node, or whatever runs it.
    if (isRuntime && !/\bnode\b|\bsluice\b/.test(alive.get(parent)?.command ?? '')) end(pid)
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself meanwhile.
  }
}

async function listProcesses(): Promise<Process[]> {
  const ps = promisify(execFile)('ps', ['-e', '-ww', '-o', 'pid=,ppid=,args='], { maxBuffer: 1e8 })
  const { stdout } = await ps.catch(() => ({ stdout: '' }))
  return [...stdout.matchAll(/^\s*(\d+)\s+(\d+)\s+(.*)$/gm)].map(([, pid, parent, command = '']) => ({
    pid: Number(pid),
    parent: Number(parent),
    command: `${command} `,
  }))
}
