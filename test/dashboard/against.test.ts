import { describe, expect, it } from 'vitest'
import { wayOf } from '../../src/dashboard/components/against.tsx'

describe('a figure of the canary against that of control', () => {
  it.each([
    [0.02, 0.01, '↑'],
    [0.01, 0.02, '↓'],
    [106, 100, '↑'],
    [104, 100, undefined],
    [95, 100, undefined],
    [94, 100, '↓'],
    [0, 0, undefined],
    [0.001, 0, '↑'],
    [null, 1, undefined],
    [1, null, undefined],
  ])('%s against %s: %s', (canary, control, arrow) => {
    expect(wayOf(canary, control)?.arrow).toBe(arrow)
  })
})
