/**
 * Who runs on which processor. Left to the kernel, what is measured and what loads it wander between the processors
 * and disturb each other: each on its own, a second's CPU time varies half as much.
 */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

const PROCESSORS = availableParallelism()

/** Keeps processes, with all their threads, on the first processor, where no other process of the benchmark runs. */
export function isolate(pids: readonly number[]): void {
  for (const pid of pids) keepOn('0', pid)
}

/** Keeps this process, and whatever it starts from now on, off the first processor. */
export function stepAside(): void {
  keepOn(`1-${PROCESSORS - 1}`, process.pid)
}

/** Where there is no `taskset`, or one processor only, all stay where they are. */
function keepOn(processors: string, pid: number): void {
  if (PROCESSORS > 1) spawnSync('taskset', ['-acp', processors, `${pid}`])
}
