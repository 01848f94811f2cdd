/** A worker thread: runs parts of scenarios, each run with its own seed. */

import { parentPort } from 'node:worker_threads'
import { seeded } from '../../test-kit/simulation/random.ts'
import { type RunResult, runScenario, type Scenario } from './model/scenario.ts'

/** Runs `from` to before `to` of a scenario. */
export type Job = { id: number; seed: string; scenario: Scenario; from: number; to: number }
export type JobResult = { id: number; results: RunResult[] }

parentPort?.on('message', ({ id, seed, scenario, from, to }: Job) => {
  const results: RunResult[] = []
  for (let run = from; run < to; run++)
    results.push(runScenario(scenario, seeded(`${seed} ${scenario.name}`, run)))
  parentPort?.postMessage({ id, results } satisfies JobResult)
})
