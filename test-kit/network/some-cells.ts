import { type Cell, countOutcome, emptyCell } from '../../src/core/counters/cell.ts'

/** What an isolate counts in an interval: so many flags with two arms, and durations of a few hundred requests. */
export function cellsOf(flags: number): Cell[] {
  return Array.from({ length: 2 * flags }, (_, index) => {
    const arm = index % 2 === 0 ? ('canary' as const) : ('control' as const)
    const key = {
      flag: `flag-${index >> 1}`,
      variant: arm === 'canary' ? 'on' : 'off',
      generation: 1,
      stage: 0,
    }
    const cell = emptyCell({ ...key, arm })
    const placement = { arm, position: 1 }
    const decision = { ...key, value: null, reason: 'SPLIT' as const, rule: undefined, placement }
    for (let request = 0; request < 20; request++) {
      const latencyMs = 20 * 1.2 ** request
      const what = { failure: undefined, latencyMs, journey: false, rescued: false }
      countOutcome(cell, { decision, ...what })
    }
    return cell
  })
}
