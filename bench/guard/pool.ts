/** Runs scenarios on all cores. Results don't depend on how many there are: each run has its own seed. */

import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { RunResult, Scenario } from './model/scenario.ts'
import type { Job, JobResult } from './worker.ts'

export type Task = { scenario: Scenario; runs: number }

/** Pieces per scenario: small enough for the cores to end together. */
const PIECES = 24

/** Results by the scenario's name. `onProgress` is told the share (0–1) of the work that is done. */
export async function runAll(
  tasks: readonly Task[],
  seed: string,
  onProgress: (done: number) => void,
): Promise<Map<string, RunResult[]>> {
  const jobs = tasks.flatMap((task) => jobsOf(task, seed)).map((job, id) => ({ ...job, id }))
  // The long ones first, so that no core is left with one at the end.
  const queue = jobs.toSorted((a, b) => weight(b) - weight(a))
  const total = queue.reduce((sum, job) => sum + weight(job), 0)
  const results = new Map<number, RunResult[]>()
  let done = 0
  const workers = Array.from({ length: Math.min(availableParallelism(), queue.length) }, () =>
    work(queue, (job, result) => {
      results.set(job.id, result.results)
      done += weight(job)
      onProgress(done / total)
    }),
  )
  await Promise.all(workers)
  const byName = new Map<string, RunResult[]>(tasks.map((task) => [task.scenario.name, []]))
  for (const job of jobs) byName.get(job.scenario.name)?.push(...(results.get(job.id) ?? []))
  return byName
}

function jobsOf({ scenario, runs }: Task, seed: string): Omit<Job, 'id'>[] {
  const size = Math.ceil(runs / PIECES)
  const jobs: Omit<Job, 'id'>[] = []
  for (let from = 0; from < runs; from += size)
    jobs.push({ seed, scenario, from, to: Math.min(runs, from + size) })
  return jobs
}

/** A guess of the time that a job takes; only the order and the progress depend on it. */
function weight({ scenario, from, to }: Omit<Job, 'id'>): number {
  const long = scenario.canaryRate > scenario.controlRate ? 0.2 : 1
  return (to - from) * scenario.seconds * long
}

/** One worker thread, until the queue is empty. */
function work(queue: Job[], onResult: (job: Job, result: JobResult) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url))
    let current: Job | undefined
    const next = () => {
      current = queue.shift()
      if (current !== undefined) return worker.postMessage(current)
      worker.terminate().then(() => resolve(), reject)
    }
    worker.on('error', reject)
    worker.on('message', (result: JobResult) => {
      if (current !== undefined) onResult(current, result)
      next()
    })
    next()
  })
}
