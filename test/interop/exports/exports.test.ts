/** Rich exports of each system: imported within a second, with nothing listed, and all visitors keep what they have. */
import { describe, expect, it, vi } from 'vitest'
import { measure, SYSTEMS } from './measure.ts'
import { EXPORTS, FLAGS } from './population.ts'

describe.each(SYSTEMS)('$name', (system) => {
  it.each(EXPORTS)('export %i', async (number) => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const { differences, flags, listed, importMs, kept, decisions, seen } = await measure(system, number, 40)
    expect(differences.slice(0, 3)).toEqual([])
    expect([flags, listed, kept]).toEqual([FLAGS, 0, decisions])
    expect(importMs).toBeLessThan(1_000)
    // An export that gives everyone the same would prove nothing.
    expect(seen).toBeGreaterThan(FLAGS * 1.2)
  })
})
