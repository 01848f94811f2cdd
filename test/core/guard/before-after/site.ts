/** A site without noise, block by block: a day's shape, quieter weekends, and what a test does to it. */

import type {
  BeforeAfterState,
  BeforeAfterTick,
} from '../../../../src/core/guard/before-after/before-after.ts'
import type { Verdict } from '../../../../src/core/guard/index.ts'
import {
  DEFAULT_GUARD_SETTINGS,
  type GuardSettings,
  judgeBeforeAfter,
} from '../../../../src/core/guard/index.ts'

export const SETTINGS: GuardSettings = {
  ...DEFAULT_GUARD_SETTINGS,
  traffic: { ...DEFAULT_GUARD_SETTINGS.traffic, maxDropPercent: 30 },
}
export const VERDICT = {
  kind: 'collecting',
  lacks: 'requests',
  alert: null,
  sentence: 'no canary requests to judge',
  evidence: { wealth: 1 },
} as unknown as Verdict

/** A Monday. */
export const START_MS = Date.UTC(2026, 0, 5)
export const BLOCKS_OF_DAY = 288
const BLOCK_MS = 300_000

/** Journeys of a block of the site, at 1,000 an hour on average. */
export function usual(block: number): number {
  const weekday = Math.floor(block / BLOCKS_OF_DAY) % 7
  const ofDay = 1 + 0.8 * Math.sin((2 * Math.PI * (block - 108)) / BLOCKS_OF_DAY)
  return (1_000 / 12) * ofDay * (weekday >= 5 ? 0.6 : 1)
}

export type Past = Pick<Site, 'state' | 'block'>

export class Site {
  state: BeforeAfterState | undefined
  verdict: Verdict = VERDICT
  block: number
  settings = SETTINGS
  isOn = true

  constructor(past: Past = { state: undefined, block: 0 }) {
    this.state = past.state
    this.block = past.block
  }

  /** The clock and the journeys of so many blocks; ends early with a verdict that acts. The blocks that passed. */
  pass(
    blocks: number,
    factor: (block: number) => number = () => 1,
    part: Partial<BeforeAfterTick> = {},
  ): number {
    for (let passed = 0; passed < blocks; passed++) {
      const journeys = Math.round(usual(this.block) * factor(this.block))
      const requests = Math.round(3 * usual(this.block))
      this.tick({ requests, journeys, served: this.isOn ? requests : 0, ...part })
      this.block++
      if (this.verdict.kind === 'failing') return passed + 1
    }
    return blocks
  }

  tick(part: Partial<BeforeAfterTick> = {}): void {
    Object.assign(this, this.#judge(VERDICT, part))
  }

  /** What a look with another verdict of the guard's other tests would say. */
  judged(verdict: Verdict): Verdict {
    return this.#judge(verdict, {}).verdict
  }

  #judge(verdict: Verdict, part: Partial<BeforeAfterTick>) {
    const atMs = START_MS + this.block * BLOCK_MS + 60_000
    const nothing = { requests: 0, journeys: 0, served: 0 }
    const tick = { atMs, offsetMs: 0, generation: 1, isOpen: true, ...nothing, ...part }
    return judgeBeforeAfter(this.settings, this.state, tick, verdict)
  }
}

/** A site of so many days, with the flag on or off. */
export function siteOf(days: number, isOn: boolean, factor?: (block: number) => number): Site {
  const site = new Site()
  site.isOn = isOn
  site.pass(days * BLOCKS_OF_DAY, factor)
  return site
}
