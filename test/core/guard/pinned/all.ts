/** Runs of the guard whose every step is pinned by `test/vectors/guard/runs.json`. */
import { CROWD_RUNS } from './crowd-runs.ts'
import type { PinnedRun } from './pinned.ts'
import { RUNS } from './runs.ts'

export const PINNED_RUNS: readonly PinnedRun[] = [...RUNS, ...CROWD_RUNS]
