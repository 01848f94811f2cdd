/** CPU time and memory of another process, from Linux's /proc. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const TICKS_PER_SECOND = process.platform === 'linux' ? Number(execFileSync('getconf', ['CLK_TCK'])) : 100

/** User and system time that a process has used since its start, ms. Throws where there is no /proc. */
export function cpuTimeMs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name of the program may contain blanks; what is counted comes after it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND
}

const IDLE_SHARE = 0.1
const SAMPLE_MS = 250
/** The Controller begins to read a document a second after the first flush. */
const IDLE_SAMPLES = 8
const LONGEST_WAIT_MS = 20_000

/** Waits until processes have nothing left to do: a large document is still being read after the first answers. */
export async function untilIdle(pids: readonly number[]): Promise<void> {
  const usedMs = () => pids.reduce((sum, pid) => sum + cpuTimeMs(pid), 0)
  const deadlineMs = performance.now() + LONGEST_WAIT_MS
  let idle = 0
  for (let beforeMs = usedMs(); performance.now() < deadlineMs; beforeMs = usedMs()) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))
    idle = usedMs() - beforeMs < IDLE_SHARE * SAMPLE_MS ? idle + 1 : 0
    if (idle === IDLE_SAMPLES) return
  }
}

/** Memory of a process that is in RAM now, bytes. */
export function residentBytes(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
  return pages * 4096
}
