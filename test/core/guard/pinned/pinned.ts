/** What of a run of the guard is pinned: its verdicts, and each part of its state. */
import { murmur3 } from '../../../../src/core/flags/murmur3.ts'
import type { GuardOptions, GuardSettings, GuardState, GuardTick } from '../../../../src/core/guard/index.ts'
import { reportOf, resolveGuardSettings, stepGuard } from '../../../../src/core/guard/index.ts'
import type { Random } from '../../../../test-kit/simulation/random.ts'
import { seeded } from '../../../../test-kit/simulation/random.ts'
import { start } from '../support.ts'

export type PinnedRun = {
  name: string
  options: GuardOptions
  percentage: number
  /** What the stage adds. */
  stage?: Partial<GuardSettings>
  /** Looks after which verdict and state are compared. */
  looks: readonly number[]
  make: (random: Random, look: number) => GuardTick
}

/** Six digits: the last ones may differ between versions of an engine's Math.log. */
export const rounded = (_key: string, value: unknown) =>
  typeof value === 'number' ? Number(value.toPrecision(6)) : value

export const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value, rounded))

export const hashed = (value: unknown) => murmur3(JSON.stringify(value, rounded), 0).toString(36)

/** Each part of the state as a hash: a failing test names the part. */
export function partsOf(state: GuardState): Record<string, string> {
  return Object.fromEntries(Object.entries(state).map(([part, value]) => [part, hashed(value)]))
}

/** What a run has to show after its looks. */
export function pinned({ name, options, stage, percentage, looks, make }: PinnedRun): unknown[] {
  const settings = { ...resolveGuardSettings(options), ...stage }
  const random = seeded(name, 1)
  const seen: unknown[] = []
  let state = start(percentage)
  for (let look = 1; look <= Math.max(...looks); look++) {
    const step = stepGuard(settings, state, make(random, look))
    state = step.state
    if (looks.includes(look)) seen.push(plain({ look, ...reportOf(step.verdict), parts: partsOf(state) }))
  }
  return seen
}
